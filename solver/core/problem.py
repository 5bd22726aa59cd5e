"""A problem as the engine sees it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver.core.steps import Message

_SYSTEM = (
    "You solve one problem. Work step by step and check your result. "
    "End with a line of the form “Answer: …” that holds the final answer alone."
)
_EXPRESSION = "The answer is an arithmetic expression that uses every given number exactly once."
_NUMBER = "The answer is a number."
_TAG = re.compile(r"<( ?/? ?(?:problem|candidate|part) ?)>", re.IGNORECASE)


def fenced(tag: str, text: str) -> str:
    """Return a text between tags that it cannot close: what looks like one of a prompt's tags loses its brackets."""
    return f"<{tag}>\n{without_tags(text)}\n</{tag}>"


def without_tags(text: str) -> str:
    """Return a text whose `<problem>`, `<candidate>` and `<part>` tags stand in other brackets."""
    return _TAG.sub(r"‹\1›", text)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be solved.

    `kind` is the problem kind of the priors; `checker` is described in solver/checkers/exact.py.
    """

    text: str
    kind: str = "open"
    checker: Mapping[str, Any] | None = None

    @property
    def is_checkable(self) -> bool:
        """Whether the checker can tell a right answer from a wrong one."""
        return self.checker is not None and (self.checker["kind"] != "choice" or "expected" in self.checker)

    def messages(self) -> tuple[Message, ...]:
        """Return the messages that ask a model for one try; the problem stands between <problem> tags."""
        return (
            Message("system", _SYSTEM),
            Message("user", f"{self._hint()}{fenced('problem', self.text)}"),
        )

    def _hint(self) -> str:
        match self.checker:
            case {"kind": "arithmetic"}:
                return f"{_EXPRESSION}\n\n"
            case {"kind": "number"}:
                return f"{_NUMBER}\n\n"
            case {"kind": "choice", "options": options}:
                return f"The answer is one of: {', '.join(options)}.\n\n"
        return ""
