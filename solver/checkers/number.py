"""`number`: the answer equals an expected number, exactly or within a tolerance."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.checkers.recognise import ProblemKind, is_modular, modular_kind
from solver.core.checker import ChildTools
from solver.core.verdict import Verdict
from solver.text.keys import compound_in, is_no_number, numeral_of, percent_of, plain_number
from solver.text.values.amounts import amount_of
from solver.text.values.compounds import Compound
from solver.text.values.units import canonical_unit

_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]{1,30},(?:[0-9]{1,2}|[0-9]{4,20})")
_DOTS = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,9}")
_UNCLEAR = re.compile(r"\$?[-+]?[0-9][0-9.,]*(?: ?(?:[kKMB]|bn|mn|tn)| ?(?:BCE?|B\.C\.(?:E\.)?)|st|nd|rd|th)")
_MAX_NUMERAL_CHARS = 200
_TEN = 10
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")


@dataclass(frozen=True, slots=True)
class Number(BaseChecker):
    """Compares exactly; `expected` and `tolerance` (perhaps in percent of it) are plain decimals.

    A formula is undecided until it has a value.
    """

    kind: ClassVar[str] = "number"
    title: ClassVar[str] = "Against a number"
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field("expected", "Expected number", "3.14", max_chars=200),
        Field("tolerance", "Tolerance", "0.01 or 2%", max_chars=60),
        Field("unit", "Unit, if it matters", "km", max_chars=40),
    )
    form_hint: ClassVar[str] = "The job ends as soon as an answer comes this close."
    terminal_examples: ClassVar[tuple[str, ...]] = ("number:3.14", "number:3.14±0.01", "number:42±2% km")

    expected: str
    tolerance: str = "0"
    unit: str = ""

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the expected value and the tolerance. Raises CheckerError."""
        expected = _decimal(given.get("expected", ""), "expected value")
        typed = given.get("tolerance", "").strip()
        percent = "%" if typed.endswith("%") else ""
        tolerance = _decimal(typed.removesuffix("%"), "tolerance") + percent if typed else "0"
        if Decimal(tolerance.removesuffix("%")) < 0:
            raise CheckerError(
                f"Number checker: the tolerance {tolerance} is negative. Enter 0 or more, such as 0.01."
            )
        unit = " ".join(given.get("unit", "").split())
        if unit and canonical_unit(unit, spaced=True) is None:
            raise CheckerError(
                f"Number checker: “{unit[:20]}” is not a unit. Enter one such as km, or leave it empty."
            )
        return cls(expected, tolerance, unit)

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read `3.14`, `3.14±0.01`, `3.14+-0.01`, `3.14,0.01` or, with a unit, `3.14±2% km`."""
        numbers, _, unit = text.strip().partition(" ") if " " in text.strip() else (text, "", "")
        expected, _, tolerance = numbers.replace("+-", "±").replace(",", "±").partition("±")
        return {"expected": expected, "tolerance": tolerance, "unit": unit}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"expected": self.expected, "tolerance": self.tolerance, "unit": self.unit}

    def problem_kind(self, text: str, /) -> ProblemKind:
        """A number, or a remainder where the problem speaks of one."""
        return modular_kind(text) if is_modular(text) else "number"

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return f"The answer is a number in {self.unit}." if self.unit else "The answer is a number."

    @property
    def reads_values(self) -> bool:
        """A value decides where it needs no unit."""
        return not self.unit

    def check(self, answer: str, /) -> Verdict:
        """Compare a number; “50%” answers both “what part” (0.5) and “how many percent” (50).

        Undecided is what is not plainly a number: a formula until it has been worked out, a sentence for good.
        """
        if compound := compound_in(answer):
            return self._check_compound(compound)
        based = numeral_of(answer)
        if based is not None:
            return self._check_numeral(*based)
        share = percent_of(answer)
        if share is not None:
            as_part, as_percent = self.check_value(share / 100), self.check_value(share)
            return as_part if as_part.passed else as_percent
        value = plain_number(answer)
        if value is None and _DECIMAL_COMMA.fullmatch(answer.strip()[:60]):
            value = Fraction(answer.strip().replace(",", "."))
        if value is not None:
            return self._check_amount(value, amount_of(answer).unit)
        if _DOTS.fullmatch(answer.strip()[:60]):
            # Thousands, or the version of something.
            passed = self.check_value(Fraction(answer.strip().replace(".", ""))).passed
            return self.undecided("The answer can be read in two ways.") if passed else self.check_value(None)
        if _UNCLEAR.fullmatch(answer.strip()[:60]):
            return self.undecided("The answer can be read in two ways.")
        if is_no_number(answer):
            return self.check_value(None)
        return self.undecided("The answer is not plainly a number.")

    @property
    def needs_child(self) -> bool:
        """Units are converted in a child."""
        return bool(self.unit)

    def check_in_child(self, answer: str, tools: ChildTools, /) -> Verdict:
        """Convert an amount to the expected unit, or work its formula out."""
        amount = amount_of(answer)
        if not amount.unit or amount.unit == canonical_unit(self.unit, spaced=True):
            if tools.same(amount.body, self.expected):
                return self.check_value(Fraction(self.expected))
            return self.undecided("The answer is not plainly a number.")
        try:
            value = None if amount.value is None else tools.converted(amount.value, amount.unit, self.unit)
        except ValueError:
            return self.verdict(f"The answer is not an amount of {self.unit}.", passed=False)
        return (
            self.undecided(f"It is not known what the answer is in {self.unit}.")
            if value is None
            else self.check_value(value)
        )

    def check_value(self, value: Fraction | None, /) -> Verdict:
        """Compare an exact value."""
        if value is None:
            return self.verdict("The answer is not a number.", passed=False)
        expected = Fraction(self.expected)
        passed = abs(value - expected) <= self._margin(expected)
        within = f" within {self.tolerance}" if self._margin(expected) else ""
        return self.verdict(
            f"The answer is {'' if passed else 'not '}{self._wanted()}{within}.", passed=passed
        )

    def describe(self) -> str:
        """Return what is checked, in words."""
        within = self._margin(Fraction(1))
        return f"equals {self._wanted()}" + (f", give or take {self.tolerance}" if within else "")

    def _wanted(self) -> str:
        return f"{self.expected} {self.unit}" if self.unit else self.expected

    def _margin(self, expected: Fraction) -> Fraction:
        """Return how far an answer may be away: so much, or so many percent of what is expected."""
        tolerance = self.tolerance or "0"
        if tolerance.endswith("%"):
            return abs(expected) * Fraction(tolerance[:-1]) / 100
        return Fraction(tolerance)

    def _check_amount(self, value: Fraction, unit: str) -> Verdict:
        """Compare a value that may have a unit: one of another name may be the same amount, which is not known here."""
        if not self.unit or not unit or unit == canonical_unit(self.unit, spaced=True):
            return self.check_value(value)
        return self.undecided(f"The answer is in another unit than {self.unit}.")

    def _check_compound(self, compound: Compound) -> Verdict:
        """Compare `3 ft 6 in` as inches; without a unit of that measure nobody knows what was wanted."""
        value = compound.in_unit(canonical_unit(self.unit, spaced=True) or "") if self.unit else None
        if value is None:
            return self.undecided(f"It is not known which unit of {compound} is meant.")
        return self.check_value(value)

    def _check_numeral(self, digits: str, base: int) -> Verdict:
        """Refuse a numeral of another base; where its value is the expected one, the question decides what is meant."""
        try:
            value = Fraction(int(digits, base)) if len(digits) <= _MAX_NUMERAL_CHARS else None
        except ValueError:
            value = None
        if value is not None and (base == _TEN or self.check_value(value).passed):
            said = self.check_value(value)
            return said if base == _TEN else self.undecided(f"The answer is written in base {base}.")
        return self.check_value(None)


def _decimal(text: str, name: str) -> str:
    plain = text.strip().replace("−", "-")
    if not _DECIMAL.fullmatch(plain):
        shown = f"“{plain[:20]}” is not a number" if plain else f"the {name} is empty"
        raise CheckerError(f"Number checker: {shown}. Enter the {name} as a plain decimal, such as 3.14.")
    return f"{Decimal(plain):f}"
