r"""What an answer of mathematics means: a value, a set, a point, a region, an equation, a matrix.

RUNS ONLY IN A CHILD PROCESS of the judge, like all that imports sympy. The brackets and commas of the whole are read
here, because `(1,2)` is a point or an interval and `[1,2]` a list or another interval; formulas inside are read by
latex2sympy.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sympy
from latex2sympy2_extended import NormalizationConfig, latex2sympy
from latex2sympy2_extended.latex2sympy2 import ConversionConfig

from solver.judging.typed_formula import as_latex, with_rows

_NORMAL = NormalizationConfig(
    basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all", equations=False
)
# `R` and `r` are two radii.
_CONVERSION = ConversionConfig(lowercase_symbols=False)
_TRUTH = (type(sympy.true), type(sympy.false))
# Says nothing of the answer: the process ends, and the answer stays unread.
TOO_MUCH = (MemoryError, RecursionError)
_RELATION = re.compile(r"\\[lg]e(?![a-z])|\\ne(?![a-z])|[<>]")
_ASSIGNED = re.compile(r" *([A-Za-z]|\\[a-z]+)(?:_\{?([A-Za-z0-9]+)\}?)? *= *([^=]+)")
# `x \in {1, 2}` says what `{1, 2}` says.
_MEMBER = re.compile(r"^[A-Za-z] *(?:\\in(?![a-z])|∈) *(?=\\?\{)")
_MAX_PARTS = 400
_POINT_NAME = re.compile(r"^ *\( ?[a-z](?: ?, ?[a-z])+ ?\) ?= ?(?=\()")
# What latex2sympy takes for something else: `12 345` for a product, `1,00` for two numbers, `f'` for `f`, a transposed
# matrix for the matrix, `gcd(a,b)` for 1, `5!!` for (5!)!, an angle for a product of its letters, an inverse function
# for a quotient, `2^3^2` for 64.
_MISREAD = re.compile(
    r"[0-9] +[0-9]|[0-9],0[0-9]|'|!!|°|\\circ(?![a-z])|\\(?:angle|measuredangle|triangle|star|prime|dagger)(?![a-z])"
    r"|\^ *\{? *(?:T(?![A-Za-z_])|\\top|\\intercal|\\ast)|\\(?:gcd|lcm)[^A-Za-z]*[A-Za-z]"
    r"|\^ *(?:[0-9A-Za-z]|\{[^{}]*\}) *\^|\^ *\{ *\( *[0-9a-z] *\) *\}"
    r"|(?<![A-Za-z\\])[fghFGHT] *\^ *\{? *-?[0-9n] *\}? *\("
)
_TIMES = re.compile(r"×|\\times(?![a-z])")
# Of sets and of vectors.
_NO_PRODUCT = re.compile(r"(?<![A-Za-z\\])[A-Z] *(?:×|\\times(?![a-z])) *[A-Z](?![A-Za-z])")
# Matrices do not commute.
_INVERSE = re.compile(r"[A-Z] *\^ *\{? *-1")
_VECTOR = re.compile(r"\\(?:vec|hat|mathbf|boldsymbol|overrightarrow)(?![a-z])")


class Meaning(NamedTuple):
    """`kind` names what it is; `parts` are its formulas or members, `names` the variables, where they are said.

    Kinds: value, set, point (round brackets, so of two parts perhaps an interval), list (square ones, likewise), tuple,
    assignments, region, equation, matrix.
    """

    kind: str
    parts: tuple[Any, ...]
    names: tuple[str, ...] = ()


def read(text: str) -> Meaning | None:
    """Return what a text means that has neither unit nor name, or None where it can't be read as mathematics."""
    source = as_latex(with_rows(_POINT_NAME.sub("", text, count=1)))
    if _MISREAD.search(source) or _NO_PRODUCT.search(text) or (_VECTOR.search(text) and _TIMES.search(text)):
        return None
    letters = set(re.findall(r"[A-Z]", re.sub(r"\\[A-Za-z]+", "", source)))
    if len(letters) > 1 and _INVERSE.search(source):
        return None
    try:
        return _meaning(source)
    except TOO_MUCH:
        raise
    except Exception:  # noqa: BLE001  # parser and sympy raise anything on what they can't handle
        return None


@lru_cache(maxsize=512)
def read_again(text: str) -> Meaning | None:
    """Return the meaning of a known key's text; it is asked for again with each answer of its job."""
    return read(text)


def _meaning(source: str) -> Meaning | None:
    source = _MEMBER.sub("", source.strip())
    parts, words = _split(source)
    if not parts or len(parts) > _MAX_PARTS:
        return None
    if len(parts) > 1:
        return _of_several(parts, words)
    bracketed = _bracketed(source)
    if bracketed is not None:
        return bracketed
    if "\\cup" in source or "\\in" in re.findall(r"\\[a-z]+", source):
        member = re.match(r" *([A-Za-z]) *\\in(?![a-z])", source)
        found = _formula(source[member.end() :] if member else source)
        names = (member[1],) if member else ()
        return Meaning("region", (found,), names) if isinstance(found, sympy.Set) else None
    if _RELATION.search(source):
        return _region(source)
    sides = _sides(source)
    return _equation(sides) if len(sides) > 1 else _single(source)


def _of_several(parts: Sequence[str], words: set[str]) -> Meaning | None:
    """Return what a list without brackets means: a set of values, the coordinates of a point, a union of regions."""
    assigned = [_ASSIGNED.fullmatch(part) for part in parts]
    if all(assigned):
        found = [(each[1] + (each[2] or ""), _value(each[3])) for each in assigned if each]
        names = [name for name, _ in found]
        if len(set(names)) == len(names):
            ordered = sorted(found, key=lambda each: each[0])
            return Meaning(
                "assignments", tuple(value for _, value in ordered), tuple(name for name, _ in ordered)
            )
        return _set([value for _, value in found]) if len(set(names)) == 1 else None
    if assigned[0] and not any("=" in part for part in parts[1:]):
        return _set([_value(assigned[0][3]), *map(_value, parts[1:])])
    if all(_RELATION.search(part) for part in parts):
        regions = [_region(part) for part in parts]
        sets = [region.parts[0] for region in regions if region]
        variables = {region.names for region in regions if region}
        if len(sets) < len(parts) or not all(isinstance(each, sympy.Set) for each in sets) or len(words) != 1:
            return None
        if len(variables) != 1 or words == {","}:
            return None
        return Meaning(
            "region", ((sympy.Union if words == {"or"} else sympy.Intersection)(*sets),), variables.pop()
        )
    return _set([_part(part) for part in parts])


def _set(members: Sequence[Any]) -> Meaning:
    return Meaning("set", tuple(members))


def _bracketed(source: str) -> Meaning | None:
    """Return what a text in one pair of brackets means."""
    for opening, closing, make in _BRACKETS:
        inside = source[len(opening) : len(source) - len(closing)]
        if source.startswith(opening) and source.endswith(closing) and _is_balanced(inside):
            return make(inside)
    return None


def _is_balanced(inside: str) -> bool:
    """Tell whether no bracket inside closes one outside; half-open intervals count one of each."""
    depth = 0
    for sign in inside:
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _braces(inside: str) -> Meaning | None:
    parts, _ = _split(inside)
    if "\\mid" in inside or "|" in inside or ":" in inside or not inside.strip():
        return None
    return _set(list({str(member): member for member in map(_part, parts)}.values()))


def _round(inside: str) -> Meaning | None:
    parts, words = _split(inside)
    if len(parts) < 2 or words - {","}:
        return None
    return Meaning("point", tuple(map(_part, parts)))


def _square(inside: str) -> Meaning | None:
    parts, words = _split(inside)
    return Meaning("list", tuple(map(_part, parts))) if inside.strip() and not words - {","} else None


def _half_open(*, left: bool) -> Callable[[str], Meaning | None]:
    def make(inside: str) -> Meaning | None:
        parts, _ = _split(inside)
        if len(parts) != 2:
            return None
        low, high = map(_value, parts)
        return Meaning("region", (sympy.Interval(low, high, left_open=left, right_open=not left),))

    return make


_BRACKETS: tuple[tuple[str, str, Callable[[str], Meaning | None]], ...] = (
    ("\\{", "\\}", _braces), ("{", "}", _braces), ("\\langle", "\\rangle", _round), ("(", ")", _round), ("[", "]",
    _square),
    ("(", "]", _half_open(left=True)), ("[", ")", _half_open(left=False)), ("]", "]", _half_open(left=True)),
    ("[", "[", _half_open(left=False)), ("]", "[", _round),
)  # fmt: skip


def _part(source: str) -> Any:
    """Return a member of a set, a list or a point: a formula, or a meaning of its own."""
    found = _meaning(source)
    if found is None:
        raise ValueError("a part that can't be read")
    return found.parts[0] if found.kind == "value" else found


def _region(source: str) -> Meaning | None:
    formula = _formula(source)
    if not isinstance(formula, sympy.logic.boolalg.Boolean) or isinstance(formula, _TRUTH):
        return None
    if len(formula.free_symbols) == 1:
        return Meaning("region", (formula.as_set(),), tuple(map(str, formula.free_symbols)))
    return Meaning("relation", (formula,)) if isinstance(formula, sympy.core.relational.Relational) else None


def _sides(source: str) -> list[str]:
    r"""Return the sides of an equation; the sign in `\sum_{k=1}^{3} k` makes none."""
    sides, depth = [""], 0
    for sign in source:
        depth += (sign == "{") - (sign == "}")
        if sign == "=" and depth <= 0:
            sides.append("")
        else:
            sides[-1] += sign
    return sides


def _equation(sides: Sequence[str]) -> Meaning | None:
    formulas = [_value(side) for side in sides]
    numeric = [not formula.free_symbols for formula in formulas]
    if all(numeric):
        # `6*7 = 42` says 42 where that is true.
        first = formulas[0]
        return (
            Meaning("value", (formulas[-1],))
            if all(sympy.simplify(first - each) == 0 for each in formulas)
            else None
        )
    if len(sides) == 2:
        return Meaning("equation", (formulas[0] - formulas[1],))
    return Meaning("value", (formulas[-1],)) if numeric[-1] and not any(numeric[:-1]) else None


def _single(source: str) -> Meaning | None:
    formula = _formula(source)
    if isinstance(formula, sympy.MatrixBase):
        return Meaning("matrix", (formula,))
    if isinstance(formula, sympy.FiniteSet):
        return _set(list(formula))
    if isinstance(formula, sympy.Set):
        return Meaning("region", (formula,))
    return Meaning("value", (formula,)) if isinstance(formula, sympy.Expr) else None


def _value(source: str) -> Any:
    formula = _formula(source)
    if not isinstance(formula, sympy.Expr):
        raise TypeError("no formula")
    return formula


def _formula(latex: str) -> Any:
    """Return latex2sympy's reading, its decimals exact. Raises TypeError for what is neither formula nor set."""
    formula = latex2sympy(latex, normalization_config=_NORMAL, conversion_config=_CONVERSION)
    if hasattr(formula, "atoms") and _is_unsaid(formula):
        raise TypeError("a derivative, or a limit of nobody knows what")
    formula = formula.doit() if hasattr(formula, "doit") else formula
    if not isinstance(formula, sympy.Basic | sympy.MatrixBase) or isinstance(formula, _TRUTH):
        raise TypeError("no formula")
    if formula.has(sympy.nan, sympy.zoo):
        raise TypeError("a division by zero")
    if isinstance(formula, sympy.Basic):
        floats = {number: sympy.Rational(str(number)) for number in formula.atoms(sympy.Float)}
        formula = formula.xreplace(floats)
    return formula


def _is_unsaid(formula: Any) -> bool:
    """Tell whether sympy would work out what only has a meaning for its author: `dy/dx` as 0, `lim f` as `f`."""
    bound = formula.atoms(sympy.Limit, sympy.Integral, sympy.Sum, sympy.Product)
    return bool(formula.atoms(sympy.Derivative)) or any(
        each.args[0].free_symbols and not each.args[0].free_symbols & _variables(each) for each in bound
    )


def _variables(bound: Any) -> set[Any]:
    return {bound.args[1]} if isinstance(bound, sympy.Limit) else set(bound.variables)


def _split(source: str) -> tuple[list[str], set[str]]:
    """Return the parts between commas, semicolons, `and` and `or` outside of brackets, and which of these there are."""
    parts, words, depth, start, at = [], set(), 0, 0, 0
    while at < len(source):
        sign = source[at]
        if sign == "\\" and source.startswith(("\\begin", "\\end"), at):
            depth += 1 if source.startswith("\\begin", at) else -1
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0:
            word = next((each for each in (",", ";", " and ", " or ") if source.startswith(each, at)), "")
            if word:
                parts.append(source[start:at])
                words.add(word.strip())
                at += len(word)
                start = at
                continue
        at += 1
    parts.append(source[start:])
    parts = [part.strip() for part in parts]
    if {",", ";"} <= words:
        # Lists in a list.
        return [], set()
    words = {word.replace(";", ",") for word in words}
    if len(parts) > 1 and "" in parts:
        # `1, 2, and 3`
        parts = [part for at, part in enumerate(parts) if part or at in {0, len(parts) - 1}]
        return ([], set()) if "" in parts else (parts, words - {"and"} | {","})
    return parts, words
