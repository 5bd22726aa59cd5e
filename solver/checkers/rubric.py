"""`rubric`: criteria with points, by which models of other families judge a text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.rubric import Criterion, points_in_words
from solver.core.verdict import Verdict
from solver.text.deliverables import deliverable_in

MOST_CRITERIA = 20
MAX_CRITERION_CHARS = 300
MOST_POINTS = 100
_LINE = re.compile(
    r"(?:[-*•][ \t]+)?([0-9.,]{1,8})[ \t]*(?:points?|pts?\.?)?[ \t]*[:\uff1a](.*)", re.IGNORECASE
)
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,2})?")
_EXAMPLE = "“3: Names the two main causes”"
_BEFORE_POINTS = re.compile(r"\|(?=[ \t]*[0-9.,]{1,8}[ \t]*:)")


@dataclass(frozen=True, slots=True)
class Rubric(BaseChecker):
    """Judges nothing itself: what a model says of a criterion is a call of the strategy, and proves nothing."""

    kind: ClassVar[str] = "rubric"
    title: ClassVar[str] = "A rubric: criteria with points"
    result: ClassVar[ResultKind | None] = ResultKind.TEXT
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "rubric",
            "Criteria, one per line",
            "3: Names the two main causes",
            is_long=True,
            max_chars=MOST_CRITERIA * (MAX_CRITERION_CHARS + 12),
        ),
    )
    form_hint: ClassVar[str] = (
        f"Points, a colon and the criterion, such as {_EXAMPLE}. For texts. Models judge each draft by every criterion, "
        "of another family than its writer’s where there is one; these calls are part of the budget."
    )
    terminal_examples: ClassVar[tuple[str, ...]] = (
        "rubric:3: Is correct",
        "rubric:3: Is correct | 2: Gives an example",
    )

    criteria: tuple[str, ...]
    """A line each: `3: Names the two main causes`."""

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the lines. Raises CheckerError."""
        lines = [" ".join(line.split()) for line in given.get("rubric", "").splitlines()]
        read = [_criterion(number, line) for number, line in enumerate(lines, start=1) if line]
        if not read:
            raise CheckerError(f"Rubric: there is no criterion. Write one per line, such as {_EXAMPLE}.")
        if len(read) > MOST_CRITERIA:
            raise CheckerError(
                f"Rubric: {len(read)} criteria are too many. Write at most {MOST_CRITERIA}; join some of them."
            )
        texts = [each.text.casefold() for each in read]
        if twice := next((each for each in texts if texts.count(each) > 1), ""):
            raise CheckerError(f"Rubric: the criterion “{twice[:60]}” is there twice. Leave one of them out.")
        return cls(tuple(f"{points_in_words(each.points)}: {each.text}" for each in read))

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read lines, or `3: Names the two main causes | 2: Gives an example`."""
        return {"rubric": _BEFORE_POINTS.sub("\n", text)}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"rubric": "\n".join(self.criteria)}

    @property
    def is_checkable(self) -> bool:
        """A judgement by a model proves nothing."""
        return False

    @property
    def rubric(self) -> tuple[Criterion, ...]:
        """The criteria with their points."""
        return tuple(_criterion(number, line) for number, line in enumerate(self.criteria, start=1))

    def hint(self) -> str:
        """Return what a model is told about the text that is wanted: no word of points, which it would write about."""
        first = sorted(self.rubric, key=lambda each: -each.points)
        criteria = "\n".join(f"- {each.text}" for each in first)
        return f"What the text should do, most important first:\n{criteria}\nIt should do all of this."

    def answer_in(self, reply: str, /) -> str | None:
        """Return the text of a reply, without its conclusion."""
        return deliverable_in(reply, ResultKind.TEXT).body

    def check(self, answer: str, /) -> Verdict:
        """Leave every text to the judges."""
        del answer
        return self.undecided("Models judge by the rubric.")

    def describe(self) -> str:
        """Return what is checked, in words."""
        criteria, points = self.rubric, points_in_words(sum(each.points for each in self.rubric))
        many = "criterion" if len(criteria) == 1 else "criteria"
        return (
            f"is judged by a rubric of {len(criteria)} {many} ({points} point{'' if points == '1' else 's'})"
        )


def _criterion(number: int, line: str) -> Criterion:
    """Read one line. Raises CheckerError."""
    found = _LINE.fullmatch(line)
    if not found:
        raise CheckerError(
            f"Rubric, line {number}: “{line[:60]}” does not begin with points. Write points, a colon and the criterion, "
            f"such as {_EXAMPLE}."
        )
    points, text = found[1].replace(",", "."), found[2].strip()
    if not _NUMBER.fullmatch(points) or not 0 < float(points) <= MOST_POINTS:
        raise CheckerError(
            f"Rubric, line {number}: “{found[1]}” cannot be the points. Use a number above 0 and up to {MOST_POINTS}, "
            "such as 3 or 2.5."
        )
    if not text or len(text) > MAX_CRITERION_CHARS:
        raise CheckerError(
            f"Rubric, line {number}: a criterion has 1 to {MAX_CRITERION_CHARS} characters, this one {len(text)}. "
            "Say in a sentence what the text should do."
        )
    return Criterion(float(points), text)
