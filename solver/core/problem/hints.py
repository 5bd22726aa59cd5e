"""Hints: what the person who asked adds while the job runs. A hint is told as a note, so every execution knows it.

Each prompt that is made after the telling carries all hints; what was under way keeps the prompt that it began with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from solver.core.problem.statement import Problem, fenced
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
    """Return a step whose last words of the person carry the hints, so that prompts go on sharing what they begin with.

    What tools brought comes after those words and is nobody's instruction: a hint that stood there would be none.
    """
    asked = [number for number, message in enumerate(step.messages) if message.role == "user"]
    if not hints or not asked:
        return step
    messages = list(step.messages)
    last = messages[asked[-1]]
    messages[asked[-1]] = replace(last, content=_followed_by(last.content, hints))
    return replace(step, messages=tuple(messages))


def with_hints(problem: Problem, hints: Sequence[Hint]) -> Problem:
    """Return a problem whose prompt is as long as that of a step that carries the hints."""
    return replace(problem, text=_followed_by(problem.text, hints)) if hints else problem


def _followed_by(text: str, hints: Sequence[Hint]) -> str:
    return "\n\n".join([text, _LEAD, *(fenced("hint", hint.text) for hint in hints)])


def hints_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Hint, ...]:
    """Return the hints that a job keeps."""
    return tuple(
        Hint(number, each["text"], each["starts_afresh"]) for number, each in enumerate(stored, start=1)
    )
