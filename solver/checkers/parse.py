"""Reads checkers that people typed: the fields of the web form and the terminal's `--check`."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from solver.checkers.recognise import recognise_checker

MAX_NUMBERS = 20
MAX_OPTIONS = 20
MAX_OPTION_CHARS = 40
MAX_MAGNITUDE = 10**9
MAX_FIELD_CHARS = 1_000

Checker = dict[str, Any]

_WHOLE = re.compile(r"[+-]?[0-9]{1,10}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")
_FORMS = (
    "arithmetic, arithmetic:3,7,12,25=58, number:3.14, number:3.14±0.01, choice:A,B,C, choice:A,B,C=B or none"
)


class CheckerError(ValueError):
    """A checker that can't be used; the message says what was wrong, what is expected and what to do."""


def parse_checker(kind: str, *, problem: str, fields: Mapping[str, str]) -> Checker | None:
    """Return the checker of a filled-in form, None for no checker. Raises CheckerError.

    Fields: `numbers` and `target` (both empty: read from the problem), `expected` and `tolerance`,
    `options` and `choice_expected`.
    """
    given = {name: _field(fields, name) for name in _FIELDS}
    if kind in {"", "none"}:
        return None
    if kind == "arithmetic":
        if not given["numbers"] and not given["target"]:
            return _from_problem(problem)
        return _arithmetic(given["numbers"], given["target"])
    if kind == "number":
        return _number(given["expected"], given["tolerance"])
    if kind == "choice":
        return _choice(given["options"], given["choice_expected"])
    raise CheckerError(f"Unknown checker “{kind[:40]}”. Choose none, arithmetic, number or choice.")


def parse_checker_option(text: str, *, problem: str) -> Checker | None:
    """Return the checker that `--check` names, None for `none`. Raises CheckerError."""
    kind, _, rest = text.strip().partition(":")
    rest = rest.strip()
    if len(rest) > MAX_FIELD_CHARS:
        raise CheckerError(f"The checker is longer than {MAX_FIELD_CHARS:,} characters. Use a shorter one.")
    kind = kind.strip().casefold()
    if kind == "none" and not rest:
        return None
    if kind == "arithmetic":
        numbers, _, target = rest.rpartition("=")
        return _arithmetic(numbers, target) if rest else _from_problem(problem)
    if kind == "number":
        expected, _, tolerance = rest.replace("+-", "±").replace(",", "±").partition("±")
        return _number(expected, tolerance)
    if kind == "choice":
        options, _, expected = rest.partition("=")
        return _choice(options, expected)
    raise CheckerError(f"Unknown checker “{text.strip()[:40]}”. Use {_FORMS}.")


_FIELDS = ("numbers", "target", "expected", "tolerance", "options", "choice_expected")


def _field(fields: Mapping[str, str], name: str) -> str:
    value = str(fields.get(name) or "").strip()
    if len(value) > MAX_FIELD_CHARS:
        shown = name.replace("_", " ")
        raise CheckerError(
            f"The checker's {shown}: longer than {MAX_FIELD_CHARS:,} characters. Enter a shorter text."
        )
    return value


def _from_problem(problem: str) -> Checker:
    found = recognise_checker(problem)
    if found is None:
        raise CheckerError(
            "The problem is not recognised as a number puzzle. Enter the numbers and the target, "
            "or write the problem as “Use 3, 7, 12, 25 to make 58.”"
        )
    return found


def _arithmetic(numbers: str, target: str) -> Checker:
    parts = [part for part in re.split(r"[,;\s]+", numbers.strip()) if part]
    if not 1 <= len(parts) <= MAX_NUMBERS:
        raise CheckerError(
            f"The puzzle has {len(parts)} numbers. Enter 1 to {MAX_NUMBERS}, such as 3, 7, 12, 25."
        )
    return {
        "kind": "arithmetic",
        "numbers": [_whole(part, "number") for part in parts],
        "target": _whole(target, "target"),
    }


def _whole(text: str, name: str) -> int:
    plain = text.strip().replace("−", "-")
    if not _WHOLE.fullmatch(plain) or abs(int(plain)) > MAX_MAGNITUDE:
        shown = f"“{plain[:20]}” is not a {name}" if plain else f"the {name} is empty"
        raise CheckerError(
            f"Arithmetic checker: {shown}. Enter a whole number of at most {MAX_MAGNITUDE:,}, such as 58."
        )
    return int(plain)


def _number(expected: str, tolerance: str) -> Checker:
    wanted = _decimal(expected, "expected value")
    slack = _decimal(tolerance, "tolerance") if tolerance.strip() else "0"
    if Decimal(slack) < 0:
        raise CheckerError(
            f"Number checker: the tolerance {slack} is negative. Enter 0 or more, such as 0.01."
        )
    return {"kind": "number", "expected": wanted, "tolerance": slack}


def _decimal(text: str, name: str) -> str:
    plain = text.strip().replace("−", "-")
    if not _DECIMAL.fullmatch(plain):
        shown = f"“{plain[:20]}” is not a number" if plain else f"the {name} is empty"
        raise CheckerError(f"Number checker: {shown}. Enter the {name} as a plain decimal, such as 3.14.")
    return f"{Decimal(plain):f}"


def _choice(options: str, expected: str) -> Checker:
    names: Sequence[str] = [option.strip() for option in re.split(r"[,;\n]", options) if option.strip()]
    folded = {name.casefold(): name for name in names}
    if not 2 <= len(names) <= MAX_OPTIONS or len(folded) < len(names):
        raise CheckerError(f"Choice checker: enter 2 to {MAX_OPTIONS} different options, such as A, B, C.")
    if any(len(name) > MAX_OPTION_CHARS for name in names):
        raise CheckerError(
            f"Choice checker: an option is longer than {MAX_OPTION_CHARS} characters. Use its letter."
        )
    checker: Checker = {"kind": "choice", "options": list(names)}
    if expected.strip():
        if expected.strip().casefold() not in folded:
            raise CheckerError(
                f"Choice checker: “{expected.strip()[:20]}” is not one of {', '.join(names)}. Choose one."
            )
        checker["expected"] = folded[expected.strip().casefold()]
    return checker
