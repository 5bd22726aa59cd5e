"""Reading the question that a model has about an unclear problem. Nothing here raises on what it wrote."""

import re
from typing import NamedTuple

from solver.core.problem.question import MAX_QUESTION_CHARS, MAX_SUGGESTION_CHARS, MAX_SUGGESTIONS
from solver.text.extract import clean_text, said_aloud

_LINE = re.compile(
    r"^[ \t>*_#-]{0,8}(question|suggestion)[ *_`]{0,4}(?:[0-9]{1,2})?[ *_`]{0,4}[:\uff1a]([^\n]{0,2000})",
    re.IGNORECASE | re.MULTILINE,
)
_NONE = frozenset({"", "none", "no", "no question", "nothing", "n/a"})


class FoundQuestion(NamedTuple):
    """A model's question and the answers that it suggests, each on one line."""

    text: str
    suggestions: tuple[str, ...]


def read_question(text: str) -> FoundQuestion | None:
    """Return the last question of a reply with the suggestions after it, cut to what a page shows, or None."""
    question, suggestions = "", list[str]()
    for name, rest in _LINE.findall(said_aloud(text)):
        said = " ".join(clean_text(rest).split()).strip('*_` “”"')
        if name.casefold() == "question":
            question, suggestions = said[:MAX_QUESTION_CHARS].strip(), []
        elif said and (short := said[:MAX_SUGGESTION_CHARS].strip()) not in suggestions:
            suggestions.append(short)
    if question.casefold().rstrip(".!") in _NONE:
        return None
    return FoundQuestion(question, tuple(suggestions[:MAX_SUGGESTIONS]))
