"""Reads amounts of two or more units of one measure: `3 ft 6 in`, `1 hour and 30 minutes`, `2 lb 3 oz`, `2h15m`."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from solver.text.values.units import canonical_unit

_MAX_CHARS = 80
_MAX_PARTS = 4
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)[ -]?([^\W\d_]{1,12})\.?(?:,? and |, | |(?=[0-9])|$)")
# From the largest to the smallest, each with how many of the smallest it has; what has no fixed size has None.
_MEASURES: tuple[dict[str, int | None], ...] = (
    {"yr": None, "mo": None, "wk": 604_800, "d": 86_400, "h": 3_600, "min": 60, "s": 1},
    {"mi": 63_360, "yd": 36, "ft": 12, "in": 1},
    {"km": 100_000, "m": 100, "cm": 1},
    {"st": 224, "lb": 16, "oz": 1},
    {"t": 1_000_000, "kg": 1_000, "g": 1},
    {"gal": 8, "qt": 2, "pt": 1},
    {"dollar": 100, "cent": 1},
    {"euro": 100, "cent": 1},
)
_ALSO = {"pound": "lb", "m": "min"}
"""What a name stands for beside units of another measure: pounds and ounces, hours and m."""


class Compound(NamedTuple):
    """The parts of an amount, from the largest unit to the smallest, and the measure that they belong to."""

    parts: tuple[tuple[Fraction, str], ...]
    measure: dict[str, int | None]

    def in_unit(self, unit: str) -> Fraction | None:
        """Return the whole in one unit of its measure (by its canonical name), or None where that has no fixed size."""
        sizes = [self.measure[name] for _, name in self.parts]
        size = self.measure.get(unit)
        if size is None or None in sizes:
            return None
        return (
            sum(
                (value * (each or 0) for (value, _), each in zip(self.parts, sizes, strict=True)), Fraction(0)
            )
            / size
        )

    def __str__(self) -> str:
        """Return the parts with one name for each unit."""
        return " ".join(f"{value} {unit}" for value, unit in self.parts)


def compound_of(plain: str) -> Compound | None:
    """Return an amount of several units, the largest first, or None: it is something else."""
    if len(plain) > _MAX_CHARS or not plain[:1].isdigit():
        return None
    found: list[tuple[Fraction, str]] = []
    at = 0
    while at < len(plain):
        part = _PART.match(plain, at)
        if part is None or len(found) == _MAX_PARTS:
            return None
        found.append((Fraction(part[1]), part[2]))
        at = part.end()
    # Only the last part may have decimals: `1.5 h 20 min` is nothing that anybody says.
    if len(found) < 2 or any(value.denominator > 1 for value, _ in found[:-1]):
        return None
    for measure in _MEASURES:
        names = _names([word for _, word in found], measure)
        if names:
            return Compound(
                tuple((value, name) for (value, _), name in zip(found, names, strict=True)), measure
            )
    return None


def _names(words: Sequence[str], measure: dict[str, int | None]) -> list[str]:
    """Return the units of a measure that words name, each smaller than the one before; none where they don't."""
    order = list(measure)
    names: list[str] = []
    for word in words:
        unit = canonical_unit(word, spaced=True) or ""
        name = unit if unit in measure else _ALSO.get(unit, "")
        if name not in measure or (names and order.index(name) <= order.index(names[-1])):
            return []
        names.append(name)
    return names
