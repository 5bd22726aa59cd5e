"""`number`: the answer equals an expected number, exactly or within a tolerance."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.checkers.recognise import ProblemKind, is_modular
from solver.core.verdict import Verdict
from solver.text.extract import percent_of, plain_number

_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")


@dataclass(frozen=True, slots=True)
class Number(BaseChecker):
    """Compares exactly; `expected` and `tolerance` are plain decimals. A formula is undecided until it has a value."""

    kind: ClassVar[str] = "number"
    title: ClassVar[str] = "Against a number"
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field("expected", "Expected number", "3.14", max_chars=200),
        Field("tolerance", "Tolerance", "0.01", max_chars=60),
    )
    form_hint: ClassVar[str] = "The job ends as soon as an answer comes this close."
    terminal_examples: ClassVar[tuple[str, ...]] = ("number:3.14", "number:3.14±0.01")
    reads_values: ClassVar[bool] = True

    expected: str
    tolerance: str = "0"

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the expected value and the tolerance. Raises CheckerError."""
        expected = _decimal(given.get("expected", ""), "expected value")
        tolerance = _decimal(given["tolerance"], "tolerance") if given.get("tolerance") else "0"
        if Decimal(tolerance) < 0:
            raise CheckerError(
                f"Number checker: the tolerance {tolerance} is negative. Enter 0 or more, such as 0.01."
            )
        return cls(expected, tolerance)

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read `3.14`, `3.14±0.01`, `3.14+-0.01` or `3.14,0.01`."""
        expected, _, tolerance = text.replace("+-", "±").replace(",", "±").partition("±")
        return {"expected": expected, "tolerance": tolerance}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"expected": self.expected, "tolerance": self.tolerance}

    def problem_kind(self, text: str, /) -> ProblemKind:
        """A number, or a remainder where the problem speaks of one."""
        return "modular" if is_modular(text) else "number"

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return "The answer is a number."

    def check(self, answer: str, /) -> Verdict:
        """Compare a plain number; “50%” answers both “what part” (0.5) and “how many percent” (50)."""
        value = plain_number(answer)
        if value is not None:
            return self.check_value(value)
        share = percent_of(answer)
        if share is None:
            return self.undecided("The answer is not a plain number.")
        as_part, as_percent = self.check_value(share / 100), self.check_value(share)
        return as_part if as_part.passed else as_percent

    def check_value(self, value: Fraction | None, /) -> Verdict:
        """Compare an exact value."""
        if value is None:
            return self.verdict("The answer is not a number.", passed=False)
        tolerance = Fraction(self.tolerance or "0")
        passed = abs(value - Fraction(self.expected)) <= tolerance
        within = f" within {self.tolerance}" if tolerance else ""
        return self.verdict(
            f"The answer is {'' if passed else 'not '}{self.expected}{within}.", passed=passed
        )

    def describe(self) -> str:
        """Return what is checked, in words."""
        return f"equals {self.expected}" + (
            f", give or take {self.tolerance}" if Fraction(self.tolerance or "0") else ""
        )


def _decimal(text: str, name: str) -> str:
    plain = text.strip().replace("−", "-")
    if not _DECIMAL.fullmatch(plain):
        shown = f"“{plain[:20]}” is not a number" if plain else f"the {name} is empty"
        raise CheckerError(f"Number checker: {shown}. Enter the {name} as a plain decimal, such as 3.14.")
    return f"{Decimal(plain):f}"
