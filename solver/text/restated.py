"""An answer that says its question again: “The capital of France is Paris” means “Paris” where that was asked."""

import re

_SENTENCE = re.compile(
    r"(?P<said>[^\n.!?]{3,200}?) (?:is|are|was|were) (?P<rest>(?:[^\n.!?]|\.(?=\S)){1,120}?)[.!]?"
)
_ASKS = re.compile(
    r"\b(?:what|which|who|whom|whose|where|when|how (?:many|much|old|long|far))\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+")
_SMALL = frozenset({"a", "an", "the", "of", "in", "on", "at", "to", "it", "there"})
_NO_VALUE = frozenset({"not", "no", "never", "neither", "unknown", "unclear", "asked", "needed", "given"})
_MOST_QUESTION_CHARS = 2_000
_MOST_WORDS = 8


def without_question(answer: str, question: str) -> str:
    """Return what an answer of one sentence adds to the words of its question, or the answer as it is.

    All that stands before “is” must be words of the question, and what follows must not be.
    """
    found = _SENTENCE.fullmatch(answer.strip()) if len(answer) <= 400 else None
    if found is None or len(question) > _MOST_QUESTION_CHARS or not _ASKS.search(question):
        return answer
    asked = set(_words(question))
    said, rest = _words(found["said"]), _words(found["rest"])
    repeats = all(word in asked or word in _SMALL for word in said) and any(word in asked for word in said)
    adds = (
        0 < len(rest) <= _MOST_WORDS and rest[0] not in _NO_VALUE and any(word not in asked for word in rest)
    )
    return found["rest"].strip() if repeats and adds else answer


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
