"""Hints: what the person who asked adds while the job runs. A hint is told as a note, so every execution knows it.

Each prompt that is made after the telling carries all hints; what was under way keeps the prompt that it began with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from solver.core.problem.statement import fenced
from solver.core.steps import Step, StepKind, StepResult

MAX_HINT_CHARS = 2_000
MAX_HINTS = 10
"""So many fit into a prompt besides the problem."""
_PREFIX = "hint/"
_LEAD = "Since then, the person who asked has added this. Heed it:"


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint, counted from 1. `starts_afresh`: what was tried before it counts no more."""

    number: int
    text: str
    starts_afresh: bool = False

    @property
    def key(self) -> str:
        """The key of the note that tells it."""
        return f"{_PREFIX}{self.number}"

    def step(self) -> Step:
        """Return the note that tells it."""
        purpose = "Hint: start afresh" if self.starts_afresh else "Hint"
        note = {"hint": self.text, "starts_afresh": self.starts_afresh}
        return Step(self.key, StepKind.NOTE, purpose, note=note)

    @classmethod
    def of(cls, result: StepResult) -> "Hint | None":
        """Return the hint that a result tells, or None: it is about something else."""
        number = result.key.removeprefix(_PREFIX)
        if result.kind is not StepKind.NOTE or not result.key.startswith(_PREFIX) or not number.isdecimal():
            return None
        note = result.note or {}
        return cls(int(number), str(note.get("hint") or ""), bool(note.get("starts_afresh")))


def heeding(step: Step, hints: Sequence[Hint]) -> Step:
    """Return a step whose prompt carries the hints at its end, so that prompts go on sharing what they begin with."""
    if not hints or not step.messages:
        return step
    said = "\n\n".join([_LEAD, *(fenced("hint", hint.text) for hint in hints)])
    *before, last = step.messages
    return replace(step, messages=(*before, replace(last, content=f"{last.content}\n\n{said}")))
