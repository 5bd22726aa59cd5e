"""`symbolic`: the answer is a formula, a set, an interval or an equation that means the same as the expected one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.core.checker import ChildTools
from solver.core.verdict import Verdict
from solver.text.keys import quick_key, text_key

_MAX_CHARS = 500


@dataclass(frozen=True, slots=True)
class Symbolic(BaseChecker):
    r"""Compares in a child of the judge, as votes are compared: `(x+1)^2` is `x^2+2x+1`."""

    kind: ClassVar[str] = "symbolic"
    title: ClassVar[str] = "Against a formula"
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field("symbolic_expected", "Expected formula", "x^2 + 2x + 1", max_chars=_MAX_CHARS),
    )
    form_hint: ClassVar[str] = (
        "Formulas, sets, intervals, points, matrices and equations, in LaTeX or as typed."
    )
    terminal_examples: ClassVar[tuple[str, ...]] = ("symbolic:(x+1)^2", "symbolic:[3, \\infty)")

    expected: str

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the formula. Raises CheckerError."""
        expected = given.get("symbolic_expected", "").strip()
        if not expected or len(expected) > _MAX_CHARS:
            raise CheckerError(
                f"Formula checker: enter the expected formula, at most {_MAX_CHARS} characters, such as x^2 + 1."
            )
        return cls(expected)

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read the formula."""
        return {"symbolic_expected": text}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"symbolic_expected": self.expected}

    @property
    def needs_child(self) -> bool:
        """Formulas are compared in a child."""
        return True

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return "The answer is a formula."

    def check(self, answer: str, /) -> Verdict:
        """Say yes to the same text or plain value; all else is compared in a child."""
        one, other = quick_key(answer), quick_key(self.expected)
        if (one is not None and one == other) or text_key(answer) == text_key(self.expected):
            return self.verdict(f"The answer equals {self.expected}.", passed=True)
        return self.undecided("The answer could not be compared with the expected formula.")

    def check_in_child(self, answer: str, tools: ChildTools, /) -> Verdict:
        """Compare the meanings; what can't be read is undecided."""
        same = tools.same(answer, self.expected)
        if same is None:
            return self.check(answer)
        return self.verdict(
            f"The answer {'equals' if same else 'does not equal'} {self.expected}.", passed=same
        )

    def describe(self) -> str:
        """Return what is checked, in words."""
        return f"equals {self.expected}"
