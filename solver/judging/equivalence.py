r"""Reads mathematics as sympy and decides what is the same: `\frac{x+1}{2}` and `(x+1)/2`.

RUNS ONLY IN A CHILD PROCESS of the judge: any of these functions may take for ever or all memory on a hostile
text, and the process is then killed. sympy and math-verify are imported here and nowhere else.

Numbers that turn out rational get the key of plain numbers (`num:1/2`); everything else `math:` and its
LaTeX, which this module can read again. Two formulas are the same if they agree to 25 digits at three
rational points, some of them negative (a random identity test after Schwartz, 1980, and Zippel, 1979, with
fixed points); sets, relations and matrices are compared by math-verify.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import sympy
from latex2sympy2_extended import NormalizationConfig, latex2sympy
from math_verify import verify

from solver.text.extract import MAX_KEY_CHARS, bounded_key
from solver.text.latex import strip_wrappers

_DIGITS = 40
_AGREE = sympy.Float("1e-25", _DIGITS)
_POINTS = ((7, 5), (-13, 10), (29, 17))
_MAX_SIMPLIFIED_OPS = 60
_MAX_EXPANDED_POWER = 30
_MAX_VALUE_CHARS = 300

_NORMAL = NormalizationConfig(
    basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all", equations=False
)
_NAMES = [
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "sqrt", "sin", "cos", "tan", "cot", "sec", "csc"),
    *("ln", "log", "exp", "pi", "theta", "alpha", "beta", "infty"),
]
_NAME = re.compile(r"(?<![A-Za-z\\])(" + "|".join(_NAMES) + r")(?![A-Za-z])")
_SIGNS = {
    "**": "^", "√": "\\sqrt", "π": "\\pi ", "∞": "\\infty ", "×": "\\cdot ", "·": "\\cdot ",
    "⋅": "\\cdot ", "÷": "/", "≤": "\\le ", "≥": "\\ge ", "<=": "\\le ", ">=": "\\ge ",
    "≠": "\\ne ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "±": "\\pm ", "²": "^2", "³": "^3",
    "θ": "\\theta ", "α": "\\alpha ", "β": "\\beta ", " and ": ", ", " or ": ", ",
}  # fmt: skip

_COLLECTIONS = (
    sympy.FiniteSet,
    sympy.Interval,
    sympy.Union,
    sympy.Tuple,
    sympy.core.relational.Relational,
    sympy.MatrixBase,
)
# Says nothing of the answer: the process ends, and the answer stays unread.
_TOO_MUCH = (MemoryError, RecursionError)
_TRUTH = (type(sympy.true), type(sympy.false))


class Form(NamedTuple):
    """An answer that was read: canonical key, value as a decimal text if it is a real number, formula."""

    key: str
    value: str | None
    formula: Any


def form_of(answer: str) -> Form | None:
    """Return what an answer means, or None if it can't be read as mathematics."""
    source = _as_latex(answer)
    # `12 345` would be read as a product.
    formula = None if re.search(r"[0-9] +[0-9]", source) else _read(source)
    if formula is None:
        return None
    try:
        if isinstance(formula, sympy.Expr):
            formula = _simplest(formula)
        return Form(_key(formula, source), _value(formula), formula)
    except _TOO_MUCH:
        raise
    except Exception:  # noqa: BLE001  # sympy raises anything on what it can't handle
        return None


def matching_key(form: Form, known: Sequence[str]) -> str | None:
    """Return the first known key that means the same as the answer, or None."""
    if form.key in known:
        return form.key
    for key in known:
        kind, _, body = key.partition(":")
        other = _read(body) if kind in {"num", "math"} and "…#" not in body else None
        if other is not None and _same(form.formula, other):
            return key
    return None


def _as_latex(answer: str) -> str:
    """Rewrite what people and models type (`sqrt(2)/2`, `x**2`, `2√3`, `1e-3`) as LaTeX."""
    text = f" {strip_wrappers(answer)} "
    for written, meant in _SIGNS.items():
        text = text.replace(written, meant)
    text = re.sub(r"(?<=[0-9])[eE]([+-]?[0-9]{1,3})(?![0-9])", r"\\cdot 10^{\1}", text)
    text = re.sub(r"\s*(\\\\|&)\s*", r"\1", text)
    text = _NAME.sub(r"\\\1 ", text)
    text = re.sub(r"\\sqrt *([0-9]+)", r"\\sqrt{\1}", text)
    text = re.sub(r"\\frac *(\\[a-z]+|[0-9]) *(\\[a-z]+|[0-9])", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\exp *(?=\()", "e^", text)
    return _bracketed_arguments(text).strip()


def _bracketed_arguments(text: str) -> str:
    r"""Turn the brackets of `\sqrt(…)` and `^(…)` into braces."""
    for opening in re.finditer(r"(?:\\sqrt *|\^ *)\(", text):
        depth = 0
        for at in range(opening.end() - 1, len(text)):
            depth += (text[at] == "(") - (text[at] == ")")
            if depth == 0:
                text = f"{text[: opening.end() - 1]}{{{text[opening.end() : at]}}}{text[at + 1 :]}"
                break
    return text


def _read(latex: str) -> Any:
    try:
        formula = latex2sympy(latex, normalization_config=_NORMAL)
        # Before anything is evaluated: `x ∈ [1, 2)` is read as an equation, which would be worked out as false.
        if _is_assignment(formula):
            formula = formula.rhs
        formula = formula.doit() if hasattr(formula, "doit") else formula
        if not isinstance(formula, sympy.Basic | sympy.MatrixBase) or isinstance(formula, _TRUTH):
            return None
        if isinstance(formula, sympy.Basic):
            floats = {number: sympy.Rational(str(number)) for number in formula.atoms(sympy.Float)}
            formula = formula.xreplace(floats)
    except _TOO_MUCH:
        raise
    except Exception:  # noqa: BLE001  # the parser raises plain Exception and more
        return None
    return formula


def _is_assignment(formula: Any) -> bool:
    """Tell whether a formula is `x = 3`: what stands right of the sign is the answer."""
    return (
        isinstance(formula, sympy.Equality)
        and isinstance(formula.lhs, sympy.Symbol)
        and not formula.rhs.has(formula.lhs)
    )


def _key(formula: Any, source: str) -> str:
    if isinstance(formula, sympy.Expr) and formula.is_Rational:
        return bounded_key("num", str(formula))
    body = " ".join(sympy.latex(formula).split())
    # A form that does not read back as itself could not be compared later: then the source stands for it.
    if len(body) > MAX_KEY_CHARS or not _same(_read(body), formula):
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


def _value(formula: Any) -> str | None:
    if not isinstance(formula, sympy.Expr) or formula.free_symbols:
        return None
    if formula.is_Rational and len(str(formula)) <= _MAX_VALUE_CHARS:
        return str(formula)
    number = sympy.N(formula, 30)
    return str(number) if isinstance(number, sympy.Float) else None


def _same(one: Any, other: Any) -> bool:
    try:
        if isinstance(one, sympy.Expr) and isinstance(other, sympy.Expr):
            return one == other or _agree(one, other)
        # math-verify takes the point (1, 2) and the set {1, 2} for the same.
        if not any(isinstance(one, kind) and isinstance(other, kind) for kind in _COLLECTIONS):
            return bool(one == other)
        return bool(one == other or verify(one, other, timeout_seconds=None))
    except Exception:  # noqa: BLE001  # a comparison that fails has not shown them equal
        return False


def _agree(one: Any, other: Any) -> bool:
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
        scale = max(sympy.Integer(1), abs(first), abs(second))
        if abs(first - second) > _AGREE * scale:
            return False
    return True
