r"""Rewrites formulas as people type them (`sqrt(2)/2`, `x**2`, `2√3`, `sin 30°`) as LaTeX that latex2sympy reads."""

import re

_NAMES = [
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "sqrt", "sin", "cos", "tan", "cot", "sec", "csc"),
    *("ln", "log", "exp", "pi", "theta", "alpha", "beta", "infty", "infinity"),
]
_NAME = re.compile(r"(?<![A-Za-z\\])(" + "|".join(_NAMES) + r")(?![A-Za-z])")
_SIGNS = {
    "**": "^", "√": "\\sqrt", "π": "\\pi ", "∞": "\\infty ", "×": "\\cdot ", "·": "\\cdot ",
    "⋅": "\\cdot ", "÷": "/", "≤": "\\le ", "≥": "\\ge ", "<=": "\\le ", ">=": "\\ge ",
    "≠": "\\ne ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "±": "\\pm ", "²": "^2", "³": "^3",
    "θ": "\\theta ", "α": "\\alpha ", "β": "\\beta ", "\\leq": "\\le", "\\geq": "\\ge", "ℝ": "\\mathbb{R}",
    "*": "\\cdot ",
    "\\leqslant": "\\le", "\\geqslant": "\\ge", "\\langle": "(", "\\rangle": ")", "\\lbrace": "\\{",
    "\\rbrace": "\\}", "\\neq": "\\ne",
}  # fmt: skip
_DECIMAL = re.compile(r"(?<![0-9.])([0-9]*)\.([0-9]+)(?![0-9.])")
_ROWS = re.compile(r"\s*\[\s*\[[^\[\]]+\](?:\s*,\s*\[[^\[\]]+\])*\s*\]\s*")
_DEGREES = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(?:°|\^ *\{? *\\circ *\}?)")
_TRIGONOMETRY = re.compile(r"\\?(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
# To sympy they would be the imaginary unit and Euler's number; here they are a current, an identity, an energy.
_CAPITALS = re.compile(r"(\\[A-Za-z]+(?: *\{[A-Za-z]+\})?)|([IE])")
_LETTER_FOR = {"I": "\\iota ", "E": "\\Xi "}
_COMMAND_END = r"(?![a-z])"


def with_rows(text: str) -> str:
    """Return a matrix that is written as a list of rows, `[[1, 2], [3, 4]]`, as LaTeX has it."""
    rows = [row.split(",") for row in re.findall(r"\[([^\[\]]+)\]", text)] if _ROWS.fullmatch(text) else []
    if len({len(row) for row in rows}) != 1:
        return text
    return "\\begin{pmatrix}" + " \\\\ ".join(" & ".join(row) for row in rows) + "\\end{pmatrix}"


def as_latex(text: str) -> str:
    """Rewrite what people and models type (`sqrt(2)/2`, `x**2`, `2√3`, `1e-3`) as LaTeX."""
    text = f" {text} "
    if _TRIGONOMETRY.search(text):
        text = _DEGREES.sub(r"(\1\\cdot\\frac{\\pi}{180})", text)
    for written, meant in _SIGNS.items():
        # `\le` is no part of `\left`.
        text = (
            re.sub(re.escape(written) + _COMMAND_END, meant.replace("\\", "\\\\"), text)
            if written[0] == "\\"
            else text.replace(written, meant)
        )
    text = re.sub(r"(?<=[0-9])[eE]([+-]?[0-9]{1,3})(?![0-9])", r"\\cdot 10^{\1}", text)
    text = _CAPITALS.sub(lambda found: found[1] or _LETTER_FOR[found[2]], text)
    text = re.sub(r"(?<=[0-9]) ?[xX] ?(?=10 ?\^)", r"\\cdot ", text)
    # `1/2 x` is half of x; without the space it stays as it is read by everybody else.
    text = re.sub(r"(?<![\w.)}/^])([0-9]{1,9})/([0-9]{1,9}) (?=[A-Za-z(\\])", r"\\frac{\1}{\2} ", text)
    text = re.sub(r"\^ ?([+-]?[0-9]+(?:\.[0-9]+)?)", r"^{\1}", text)
    text = re.sub(r"\s*(\\\\|&)\s*", r"\1", text)
    text = _DECIMAL.sub(_as_fraction, text)
    text = _NAME.sub(r"\\\1 ", text).replace("\\infinity", "\\infty")
    text = re.sub(r"\\sqrt *([0-9]+)", r"\\sqrt{\1}", text)
    text = re.sub(r"\\log *_ *(?:e(?![a-z])|\{ ?e ?\})", r"\\ln ", text)
    text = re.sub(r"(\\log *_) *([0-9]+)", r"\1{\2}", text)
    text = re.sub(r"\\[dt]?binom *([0-9]) *([0-9])", r"\\binom{\1}{\2}", text)
    text = re.sub(r"\\[dtc]?frac *(\\[a-z]+|[0-9]) *(\\[a-z]+|[0-9])", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\exp *(?=\()", "e^", text)
    return _bracketed_arguments(text).strip()


def _as_fraction(decimal: re.Match[str]) -> str:
    """Return a decimal as an exact fraction; sympy would round it to 15 digits."""
    return f"(\\frac{{{int(decimal[1] + decimal[2])}}}{{1{'0' * len(decimal[2])}}})"


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
