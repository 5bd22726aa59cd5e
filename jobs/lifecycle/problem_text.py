"""What a problem's text may be: checked once, in one place, for page, terminal and programs alike."""

from jobs.core.errors import SubmitError
from solver.text.extract import clean_text

MAX_PROBLEM_CHARS = 100_000
_MAX_TITLE_CHARS = 80


def checked_problem(text: str) -> str:
    """Return the problem as it is stored. Raises SubmitError with what is wrong and what to do."""
    if not text.strip():
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


def title_of(problem: str) -> str:
    """Return the first line of a problem, shortened: the title of the job in lists and emails."""
    first = next((line.strip(" #*") for line in problem.splitlines() if line.strip(" #*")), "Problem")
    first = " ".join("".join(c if c.isprintable() else " " for c in first).split()) or "Problem"
    return first if len(first) <= _MAX_TITLE_CHARS else first[: _MAX_TITLE_CHARS - 1].rstrip() + "…"
