"""A problem as the engine sees it."""

import re
from dataclasses import dataclass

from solver.core.checker import Checker
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.rubric import Criterion
from solver.core.request import Message, PictureRef

_SYSTEM = "You solve one problem. Work step by step and check your result."
_SYSTEM_OF_TEXT = (
    "You write what the problem asks for. Think it through first; be correct, complete and clear."
)
# What opens stands alone in its brackets, for a problem may compare: a <part and b> c.
_TAG = re.compile(
    r"<(\s*(?:/[\s/]*(?:problem|candidate|part|hint)\b[^<>]*|(?:problem|candidate|part|hint)[\s/]*))>",
    re.IGNORECASE,
)


def fenced(tag: str, text: str) -> str:
    """Return a text between tags that it cannot close: what looks like one of a prompt's tags loses its brackets."""
    return f"<{tag}>\n{without_tags(text)}\n</{tag}>"


def without_tags(text: str) -> str:
    """Return a text whose `<problem>`, `<candidate>`, `<part>` and `<hint>` tags stand in other brackets."""
    return _TAG.sub(r"‹\1›", text)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be solved. `kind` is the problem kind of the priors, `result` what should come back."""

    text: str
    kind: str = "open"
    checker: Checker | None = None
    result: ResultKind = ResultKind.ANSWER
    pictures: tuple[PictureRef, ...] = ()
    """What its files show; only models that see are asked then."""

    @property
    def is_checkable(self) -> bool:
        """Whether the checker can tell a right answer from a wrong one."""
        return self.checker is not None and self.checker.is_checkable

    @property
    def answer_count(self) -> int | None:
        """How many different answers there are, as far as the checker knows; None: any number."""
        return self.checker.answer_count if self.checker else None

    @property
    def rubric(self) -> tuple[Criterion, ...]:
        """By which criteria models are to judge what is written; none where the user gave none."""
        return self.checker.rubric if self.checker else ()

    def messages(self) -> tuple[Message, ...]:
        """Return the messages that ask a model for one try; the problem stands between <problem> tags."""
        hint = self.checker.hint() if self.checker else ""
        is_text = self.result is ResultKind.TEXT
        lead = f"{hint}\n\n" if hint else ""
        return (
            Message("system", f"{_SYSTEM_OF_TEXT if is_text else _SYSTEM} {self.result.instruction}"),
            Message("user", f"{lead}{fenced('problem', self.text)}", self.pictures),
        )
