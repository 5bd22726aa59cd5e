"""What a question follows up on: an earlier problem and the answer that it got, as context for models."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

MOST_PROBLEM_CHARS = 8_000
MOST_ANSWER_CHARS = 12_000
_TAG = re.compile(r"<([\s/]*earlier_(?:problem|answer)\b[^<>]*)>", re.IGNORECASE)
_LEAD = (
    "The question at the end follows up on an earlier problem. That problem and the answer that was given to it are "
    "context; the answer may be wrong."
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier problem and its answer, both bounded; `remark` is a sentence about the answer, or empty."""

    problem: str
    answer: str
    remark: str = ""

    @classmethod
    def of(cls, problem: str, answer: str, remark: str = "") -> Self:
        """Return what of an earlier job goes along: of a long text its beginning and its end."""
        return cls(_cut(problem, MOST_PROBLEM_CHARS), _cut(answer, MOST_ANSWER_CHARS), remark)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self | None:
        """Return what a job has kept; None where it follows up on nothing."""
        return cls(**{name: str(data.get(name, "")) for name in cls.__slots__}) if data else None

    def to_json(self) -> dict[str, str]:
        """Return what a job keeps."""
        return asdict(self)


def with_context(question: str, earlier: Earlier | None) -> str:
    """Return the text that models are asked: the question, after what it follows up on."""
    if earlier is None:
        return question
    return "\n\n".join(
        [
            _LEAD,
            _between("earlier_problem", earlier.problem),
            _between("earlier_answer", earlier.answer),
            *([earlier.remark] if earlier.remark else []),
            "The question to answer now:",
            _TAG.sub(r"‹\1›", question),
        ]
    )


def _between(tag: str, text: str) -> str:
    """Return a text between tags that it cannot close."""
    return f"<{tag}>\n{_TAG.sub(r'‹\1›', text.strip())}\n</{tag}>"


def _cut(text: str, most: int) -> str:
    """Return the beginning and the end of a text that is too long, and how much lies between them."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    tail = most - head
    return f"{text[:head].rstrip()}\n\n[{len(text) - most:,} characters are left out here]\n\n{text[-tail:].lstrip()}"
