"""What a problem's text may be: checked once, in one place, for page, terminal and programs alike."""

import unicodedata

from jobs.core.errors import SubmitError
from solver.text.extract import clean_text

MAX_PROBLEM_CHARS = 100_000
_MAX_TITLE_CHARS = 80
_JOINERS = "\u00ad\u200c\u200d\u200e\u200f"
"""What forms words and emoji without being seen itself: the soft hyphen, joiners, marks of direction."""


def checked_problem(text: str) -> str:
    """Return the problem as it is stored. Raises SubmitError with what is wrong and what to do."""
    if not any(map(_is_visible, text)):
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


def _is_visible(character: str) -> bool:
    """Whether a character can be seen: no space, no control, and nothing that only forms others, as a joiner does."""
    return not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf"}


def title_of(problem: str) -> str:
    """Return the first line of a problem, shortened: the title of the job in lists and emails."""
    lines = (line.strip(" #*") for line in problem.splitlines())
    first = next((line for line in lines if any(map(_is_visible, line))), "Problem")
    shown = "".join(c if c.isprintable() or c in _JOINERS else " " for c in first)
    first = " ".join(shown.split()) or "Problem"
    return first if len(first) <= _MAX_TITLE_CHARS else first[: _MAX_TITLE_CHARS - 1].rstrip() + "…"
