"""What the picture of a search is drawn from: the steps of a journal, without their texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from solver.core.steps import StepKind


class Role(StrEnum):
    """What a step does in the search; a draft is an attempt at a text, of which no two are equal."""

    TRY = "try"
    DRAFT = "draft"
    REVISION = "revision"
    MERGE = "merge"
    WRITE_UP = "write-up"
    SETUP = "setup"
    TURN = "turn"
    CHECK = "check"
    COMPARISON = "comparison"
    TOOL = "tool"

    @property
    def proposes(self) -> bool:
        """Whether it has a place of its own, from which others descend."""
        return self not in _JUDGE


_JUDGE = frozenset({Role.CHECK, Role.COMPARISON, Role.TOOL})


class State(StrEnum):
    """How far a step is."""

    OPEN = "open"
    OK = "ok"
    FAILED = "failed"


ROLES = {
    StepKind.SAMPLE: Role.TRY,
    StepKind.PROGRAM: Role.TRY,
    StepKind.REVISE: Role.REVISION,
    StepKind.AGGREGATE: Role.MERGE,
    StepKind.WRITE_UP: Role.WRITE_UP,
    StepKind.PLAN: Role.SETUP,
    StepKind.QUESTION: Role.SETUP,
    StepKind.TESTS: Role.SETUP,
    StepKind.GRADE: Role.CHECK,
    StepKind.RUBRIC: Role.CHECK,
    StepKind.COMPARE: Role.COMPARISON,
    StepKind.GROUP: Role.COMPARISON,
    StepKind.TURN: Role.TURN,
    StepKind.TOOL: Role.TOOL,
    StepKind.RUN: Role.TOOL,
    StepKind.OUTPUT: Role.TOOL,
}
"""The role of each kind of step; a note has none, and is not drawn."""


class Mark(NamedTuple):
    """One step. Equal answers have the same `group`; it is empty where there is no answer, or none to compare.

    `passed` is the verdict of the checker on an answer, or of a judge in a check. `better` is the place of the parent
    that a comparison found the better one. `is_part` says that it is about a part of the problem.
    """

    id: UUID
    key: str
    role: Role
    parents: tuple[str, ...] = ()
    name: str = ""
    state: State = State.OK
    group: str = ""
    answer: str = ""
    passed: bool | None = None
    better: int | None = None
    charged_nano: int = 0
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Tone:
    """How verdicts look: a word for the class, and one for people."""

    style: str
    words: str


RIGHT = Tone("right", "passed")
WRONG = Tone("wrong", "failed")
AGREES = Tone("agrees", "the shown answer")
PLAIN = Tone("plain", "not checked")
MUTE = Tone("mute", "no answer")
BROKEN = Tone("broken", "call failed")
OPEN = Tone("open", "running")


def tone_of(marks: Iterable[Mark], *, agrees: bool, is_mute: bool) -> Tone:
    """Return how steps look together: right where one is, else what most of them are."""
    marks = list(marks)
    if any(mark.passed for mark in marks):
        return RIGHT
    if all(mark.state is State.OPEN for mark in marks):
        return OPEN
    if all(mark.state is State.FAILED for mark in marks):
        return BROKEN
    if 2 * sum(mark.passed is False for mark in marks) > len(marks):
        return WRONG
    if agrees:
        return AGREES
    return MUTE if is_mute else PLAIN
