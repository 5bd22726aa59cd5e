"""An answer that says its question again: “The capital of France is Paris” means “Paris” where that was asked."""

import re

_ARTICLE = r"(?:the|a|an) "
_SENTENCE = re.compile(
    rf"(?:{_ARTICLE})?(?P<said>[^\n.!?]{{3,200}}?) (?P<verb>is|are|was|were)"
    r" (?P<rest>(?:[^\n.!?]|\.(?=\S)){1,120}?)[.!]?",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_NO_VALUE = frozenset({"not", "no", "never", "neither", "unknown", "unclear"})
_MOST_QUESTION_CHARS = 2_000
_MOST_WORDS = 8


def without_question(answer: str, question: str) -> str:
    """Return what an answer of one sentence adds to its question, or the answer as it is.

    The question must end with “what is …” (or who, where, which) and the answer begin with those very words, so that
    they cannot be what was asked for: “Paris is larger” is no part of “Which is larger, Paris or London?”.
    """
    found = _SENTENCE.fullmatch(answer.strip()) if len(answer) <= 400 else None
    if found is None or len(question) > _MOST_QUESTION_CHARS:
        return answer
    said = " ".join(map(re.escape, found["said"].split()))
    asked = re.search(
        rf"\b(?:what|who|where|which)(?: (?:is|are|was|were)|['’]s) (?:{_ARTICLE})?{said}\s*(?:[?.!]|$)",
        " ".join(question.split()),
        re.IGNORECASE,
    )
    rest = [word.casefold() for word in _WORD.findall(found["rest"])]
    is_value = 0 < len(rest) <= _MOST_WORDS and rest[0] not in _NO_VALUE
    return found["rest"].strip() if asked and is_value else answer
