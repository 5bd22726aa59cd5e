"""Converts between units with pint; only called in the judge's children."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import pint

from solver.text.values.units import canonical_unit

# pint's names where ours are others.
_NAMES = {
    "deg": "degree", "rad": "radian", "°c": "degC", "°f": "degF", "ω": "ohm", "Ω": "ohm", "k": "kelvin",
    "n": "newton", "j": "joule",
    "w": "watt", "v": "volt", "a": "ampere", "pa": "pascal", "hz": "hertz", "g": "gram", "s": "second",
    "m": "meter", "l": "liter",
    "d": "day", "h": "hour", "mo": "month", "yr": "year", "wk": "week", "in": "inch", "mph": "mile/hour",
    "ton": "metric_ton",
    "kn": "kilonewton", "kj": "kilojoule", "mj": "megajoule", "ev": "electron_volt", "kwh": "kilowatt_hour",
    "kw": "kilowatt",
    "kv": "kilovolt", "mv": "millivolt", "ma": "milliampere", "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz",
    "kpa": "kilopascal", "kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte", "f": "farad",
    "c": "coulomb",
    "st": "stone", "ly": "light_year", "nmi": "nautical_mile", "kΩ": "kiloohm", "t": "metric_ton", "cal": "calorie",
    "kcal": "kilocalorie",
}  # fmt: skip


def converted(value: Fraction, given: str, wanted: str) -> Fraction | None:
    """Return what an amount of one unit is in another, None where a unit is unknown.

    Raises ValueError where the two measure different things.
    """
    names = [_pint_name(canonical_unit(unit, spaced=True) or unit) for unit in (given, wanted)]
    try:
        registry = _registry()
        one, other = (registry.parse_units(name) for name in names)
        same_kind = one.dimensionality == other.dimensionality
        found = Fraction(registry.Quantity(value, one).to(other).magnitude) if same_kind else None
    except Exception:  # noqa: BLE001  # pint raises its own and others' errors on what it doesn't know
        return None
    if found is None:
        raise ValueError(f"{given} and {wanted} measure different things")
    return found


def _pint_name(unit: str) -> str:
    parts = [
        " * ".join(_power(factor) for factor in part.replace("*", " ").split()) for part in unit.split("/")
    ]
    return " / ".join(parts)


def _power(factor: str) -> str:
    name, _, power = factor.partition("^")
    return f"{_NAMES.get(name, name)}{'**' + power if power else ''}"


@lru_cache(maxsize=1)
def _registry() -> Any:
    return pint.UnitRegistry(non_int_type=Fraction)
