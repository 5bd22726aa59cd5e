r"""Decides what is the same in mathematics: `\frac{x+1}{2}` and `(x+1)/2`, `x ≥ 3` and `[3, ∞)`.

RUNS ONLY IN A CHILD PROCESS of the judge: any of these functions may take for ever or all memory on a hostile
text, and the process is then killed. sympy is imported here and in meaning.py, and nowhere else.

Numbers that turn out rational get the key of plain numbers (`num:1/2`); everything else `math:` and its
LaTeX or source, which meaning.py can read again. Rational numbers are compared exactly. Two formulas are the same if
they agree to 60 digits, relative to their size, at three rational points, some of them negative (a random identity
test after Schwartz, 1980, and Zippel, 1979, with fixed points). In doubt two answers are different.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import sympy

from solver.judging.meaning import TOO_MUCH, Meaning, read, read_again
from solver.text.keys import MAX_KEY_CHARS, bounded_key, joined_key, quick_key, split_key
from solver.text.values.amounts import amount_of
from solver.text.values.latex import looks_like_math
from solver.text.values.lookalikes import is_lookalike

_I = sympy.Symbol("i")
_DIGITS = 80
_AGREE = sympy.Float("1e-60", _DIGITS)
_POINTS = ((7, 5), (-13, 10), (29, 17))
_MAX_SIMPLIFIED_OPS = 60
_MAX_EXPANDED_POWER = 30
_MAX_SYMBOL_CHARS = 2
_MAX_VALUE_CHARS = 300


class Form(NamedTuple):
    """An answer of mathematics: its key, its value as a decimal text if it is a real number, and what it means."""

    key: str
    value: str | None
    meaning: Meaning
    unit: str = ""
    name: str = ""


def form_of(answer: str) -> Form | None:
    """Return what an answer means, or None if it can't be read as mathematics."""
    amount = amount_of(_on_one_line(answer))
    meaning = None if is_lookalike(amount.body) else read(amount.body)
    if meaning is None:
        return None
    try:
        if meaning.kind == "value":
            meaning = Meaning("value", (_simplest(meaning.parts[0]),))
        key = joined_key(_key(meaning, amount.body), amount.unit, amount.name)
        return Form(key, _value(meaning), meaning, amount.unit, amount.name)
    except TOO_MUCH:
        raise
    except Exception:  # noqa: BLE001  # sympy raises anything on what it can't handle
        return None


def matching_key(form: Form, known: Sequence[str]) -> str | None:
    """Return the first known key that means the same as the answer, or None."""
    if form.key in known:
        return form.key
    for key in known:
        body, unit, name = split_key(key)
        if not fit(form.unit, unit) or not (fit(form.name, name) or _may_be_curves(form)) or "…#" in body:
            continue
        kind, _, text = body.partition(":")
        other = read_again(text) if kind in {"num", "math"} else None
        if other is not None and same(form.meaning, other, names=(form.name, name)):
            return key
    return None


class Mathematics:
    """What checkers ask of formulas, in a child."""

    def same(self, one: str, other: str, /) -> bool | None:
        """Return whether two texts mean the same; None: one of them can't be read as mathematics."""
        keys = [quick_key(text) for text in (one, other)]
        if keys[0] is not None and keys[0] == keys[1]:
            return True
        bodies = [amount_of(text).body for text in (one, other)]
        # `a-b` is a formula where the other is one; `R-S` alone may be anything.
        if not all(
            looks_like_math(f"{body}=" if "-" in body else body) or len(body) <= _MAX_SYMBOL_CHARS
            for body in bodies
        ):
            return None
        forms = [form_of(text) for text in (one, other)]
        if forms[0] is None or forms[1] is None:
            return None
        first, second = forms[0], forms[1]
        if not fit(first.unit, second.unit):
            return False
        return same(first.meaning, second.meaning, names=(first.name, second.name))


def fit(one: str, other: str) -> bool:
    """Tell whether two units, or two names, may belong to one answer: they are the same, or one is not said."""
    return not one or not other or one == other


def same(one: Meaning, other: Meaning, *, names: tuple[str, str] = ("", "")) -> bool:
    """Tell whether two answers are the same; in doubt they are not."""
    try:
        return _same(one, other, names)
    except TOO_MUCH:
        raise
    except Exception:  # noqa: BLE001  # a comparison that fails has not shown them equal
        return False


def _on_one_line(answer: str) -> str:
    """Return the lines of a list of equations as one, parted by semicolons."""
    lines = [line.strip(" \t$") for line in answer.strip().splitlines() if line.strip()]
    if len(lines) > 1 and "\\begin" not in answer and any(map(_is_row, lines[:-1])):
        # A table: side by side its rows would make one list.
        return ""
    if len(lines) < 2 or "\\begin" in answer or not all(re.search("[=<>≤≥]", line) for line in lines):
        return answer
    return "; ".join(line.rstrip(",;.") for line in lines)


def _is_row(line: str) -> bool:
    return "," in line and line[-1:] not in ",;+-*/=([{" and line.count("(") == line.count(")")


def _may_be_curves(form: Form) -> bool:
    return form.meaning.kind == "value" and bool(form.meaning.parts[0].free_symbols)


def _same(one: Meaning, other: Meaning, names: tuple[str, str]) -> bool:
    curves = _curve(one, names[0]), _curve(other, names[1])
    if curves[0] is not None and curves[1] is not None and fit(*names) is False:
        return _proportional(*curves)
    if "equation" in {one.kind, other.kind}:
        return curves[0] is not None and curves[1] is not None and _proportional(*curves)
    if not fit(*names):
        return False
    if one.kind == other.kind == "value":
        return bool(one.parts[0] == other.parts[0]) or _agree(one.parts[0], other.parts[0])
    if one.kind == other.kind == "set":
        return _same_members(one.parts, other.parts)
    if one.kind == other.kind == "matrix":
        matrices = one.parts[0], other.parts[0]
        return matrices[0].shape == matrices[1].shape and all(map(_agree, *matrices))
    if one.kind == other.kind == "relation":
        return _same_relation(one.parts[0], other.parts[0])
    if _same_in_order(one, other):
        return True
    if one.kind == other.kind == "region" and one.names and other.names and one.names != other.names:
        return False
    regions = _region(one), _region(other)
    return None not in regions and bool(regions[0] == regions[1])


def _same_in_order(one: Meaning, other: Meaning) -> bool:
    """Tell whether two points, or two lists, have the same parts in the same order."""
    if one.kind == other.kind == "assignments" and one.names != other.names:
        return False
    kinds = {one.kind, other.kind}
    if not (kinds <= {"point", "assignments"} or kinds == {"list"}) or len(one.parts) != len(other.parts):
        return False
    return all(map(_same_part, one.parts, other.parts))


def _same_part(one: Any, other: Any) -> bool:
    if isinstance(one, Meaning) and isinstance(other, Meaning):
        return _same(one, other, ("", ""))
    if isinstance(one, Meaning) or isinstance(other, Meaning):
        return False
    return bool(one == other) or _agree(one, other)


def _same_members(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Tell whether each member of one has its equal in the other, as often as it is written."""
    left = list(other)
    if len(one) != len(left):
        return False
    for member in one:
        at = next((at for at, each in enumerate(left) if _same_part(member, each)), None)
        if at is None:
            return False
        del left[at]
    return True


def _region(meaning: Meaning) -> Any:
    """Return the part of the real line that an answer means, or may mean; None: it can't mean one."""
    if meaning.kind == "region":
        return meaning.parts[0]
    if meaning.kind not in {"point", "list"} or len(meaning.parts) != 2:
        return None
    low, high = meaning.parts
    if (
        isinstance(low, Meaning)
        or isinstance(high, Meaning)
        or not (low.is_extended_real and high.is_extended_real)
    ):
        return None
    is_open = meaning.kind == "point"
    if not is_open and not (low.is_finite and high.is_finite):
        return None
    return sympy.Interval(low, high, left_open=is_open, right_open=is_open) if low < high else None


def _curve(meaning: Meaning, name: str) -> Any:
    """Return what is zero where an equation holds: `y - x/2` of the answer `x/2` that is named `y`."""
    if meaning.kind == "equation":
        return meaning.parts[0]
    if (
        meaning.kind == "value"
        and re.fullmatch(r"[A-Za-z]", name)
        and not meaning.parts[0].has(sympy.Symbol(name))
    ):
        return sympy.Symbol(name) - meaning.parts[0]
    return None


def _proportional(one: Any, other: Any) -> bool:
    """Tell whether two formulas are zero in the same places because one is a multiple of the other."""
    if one.free_symbols != other.free_symbols:
        return False
    above = [sympy.expand(sympy.fraction(sympy.together(each))[0]) for each in (one, other)]
    if 0 in above:
        return bool(above[0] == above[1])
    ratio = sympy.cancel(above[0] / above[1])
    return bool(ratio.is_number and ratio != 0)


def _same_relation(one: Any, other: Any) -> bool:
    """Tell whether two relations of several variables say the same: `x + y < 2` and `2 > x + y`."""
    one, other = one.canonical, other.canonical
    if type(one) is not type(other):
        other = other.reversed
    ratio = sympy.cancel((one.lhs - one.rhs) / (other.lhs - other.rhs))
    return type(one) is type(other) and bool(ratio.is_positive)


def _key(meaning: Meaning, source: str) -> str:
    formula = meaning.parts[0]
    if meaning.kind != "value":
        return bounded_key("math", " ".join(source.split()))
    if formula.is_Rational:
        return bounded_key("num", str(formula))
    body = " ".join(sympy.latex(formula).split())
    # A form that does not read back as itself could not be compared later: then the source stands for it.
    again = read(body) if len(body) <= MAX_KEY_CHARS else None
    if again is None or not same(again, meaning):
        body = " ".join(source.split())
    return bounded_key("math", body)


def _simplest(formula: Any) -> Any:
    """Return a form that equal formulas mostly share: cancelled if rational, else simplified if short."""
    powers = [power.exp for power in formula.atoms(sympy.Pow) if power.base.free_symbols]
    if any(not power.is_number or abs(power) > _MAX_EXPANDED_POWER for power in powers):
        return formula
    if formula.free_symbols and formula.is_rational_function(*formula.free_symbols):
        return sympy.cancel(sympy.together(formula))
    return sympy.simplify(formula) if sympy.count_ops(formula) <= _MAX_SIMPLIFIED_OPS else formula


def _value(meaning: Meaning) -> str | None:
    formula = meaning.parts[0]
    if meaning.kind != "value" or formula.free_symbols:
        return None
    if formula.is_Rational and len(str(formula)) <= _MAX_VALUE_CHARS:
        return str(formula)
    number = sympy.N(formula, 30)
    return str(number) if isinstance(number, sympy.Float) else None


def _has_imaginary_unit(one: Any, other: Any) -> bool:
    """Tell whether `i` is a number in two formulas: one of them does without it, or has it beside π in an exponent."""
    with_it = [each for each in (one, other) if _I in each.free_symbols]
    return len(with_it) == 1 or any(
        power.exp.has(_I) and power.exp.has(sympy.pi)
        for each in with_it
        for power in each.atoms(sympy.Pow, sympy.exp)
    )


def _agree(one: Any, other: Any) -> bool:
    if one.is_Rational and other.is_Rational:
        return bool(one == other)
    if _has_imaginary_unit(one, other):
        one, other = (each.subs(_I, sympy.I) for each in (one, other))
    symbols = sorted(one.free_symbols | other.free_symbols, key=str)
    if one.free_symbols != other.free_symbols:
        return False
    for above, below in _POINTS if symbols else _POINTS[:1]:
        # Different symbols stand at different points, or x·y² would agree with x²·y.
        point = {
            symbol: sympy.Rational(above + 3 * place, below + place) for place, symbol in enumerate(symbols)
        }
        first, second = (sympy.N(formula.subs(point), _DIGITS) for formula in (one, other))
        if not (first.is_number and second.is_number and first.is_finite and second.is_finite):
            return bool(sympy.simplify(one - other) == 0)
        if first == 0 or second == 0:
            # Only zero equals zero, and digits do not tell what is zero.
            return bool(sympy.simplify(one - other) == 0)
        if abs(first - second) > _AGREE * max(abs(first), abs(second)):
            return False
    return True
