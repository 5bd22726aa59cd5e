"""What a problem's or a hint's text may be: checked in one place, for page, terminal and programs alike."""

import unicodedata

from jobs.core.errors import SubmitError
from solver.text.extract import clean_text

MAX_PROBLEM_CHARS = 100_000


def checked_problem(text: str) -> str:
    """Return the problem as it is stored. Raises SubmitError with what is wrong and what to do."""
    return checked_text(
        text,
        what="problem",
        field="problem",
        most_chars=MAX_PROBLEM_CHARS,
        if_empty="Enter the problem you want solved.",
    )


def checked_text(text: str, *, what: str, field: str, most_chars: int, if_empty: str) -> str:
    """Return a text that models are to read as it is stored. Raises SubmitError for the form's field.

    `what` it is called in sentences; `if_empty` says what to enter.
    """
    if not any(map(is_visible, text)):
        raise SubmitError(f"The {what} is empty. {if_empty}", field=field, code="empty")
    if len(text) > most_chars:
        raise SubmitError(
            f"The {what} has {len(text):,} characters; the limit is {most_chars:,}. Shorten it.",
            field=field,
            code="too_long",
        )
    if "\x00" in text:
        raise SubmitError(
            f"The {what} contains NUL characters, which can't be stored. Remove them.",
            field=field,
            code="nul",
        )
    if clean_text(text) != text:
        raise SubmitError(
            f"The {what} contains broken characters (unpaired surrogates). Paste it again as plain text.",
            field=field,
            code="surrogate",
        )
    return text.strip()


def is_visible(character: str) -> bool:
    """Whether a character can be seen: no space, no control, and nothing that only forms others, as a joiner does."""
    return not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf"}
