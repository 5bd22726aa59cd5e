"""What a problem's text may be: checked once, in one place, for page, terminal and programs alike."""

import unicodedata

from jobs.core.errors import SubmitError
from solver.text.extract import clean_text

MAX_PROBLEM_CHARS = 100_000


def checked_problem(text: str) -> str:
    """Return the problem as it is stored. Raises SubmitError with what is wrong and what to do."""
    if not any(map(is_visible, text)):
        raise SubmitError(
            "The problem is empty. Enter the problem you want solved.", field="problem", code="empty"
        )
    if len(text) > MAX_PROBLEM_CHARS:
        raise SubmitError(
            f"The problem has {len(text):,} characters; the limit is {MAX_PROBLEM_CHARS:,}. Shorten it.",
            field="problem",
            code="too_long",
        )
    if "\x00" in text:
        raise SubmitError(
            "The problem contains NUL characters, which can't be stored. Remove them.",
            field="problem",
            code="nul",
        )
    if clean_text(text) != text:
        raise SubmitError(
            "The problem contains broken characters (unpaired surrogates). Paste it again as plain text.",
            field="problem",
            code="surrogate",
        )
    return text.strip()


def is_visible(character: str) -> bool:
    """Whether a character can be seen: no space, no control, and nothing that only forms others, as a joiner does."""
    return not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf"}
