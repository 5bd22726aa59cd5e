"""Takes the wrappings off a short answer: Markdown, math delimiters, text commands, spacing.

Plain string work in linear time; nothing is computed. Shared by the keys and by the arithmetic checker.
"""

import re

_PAIRS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"), ("`", "`"), ("{", "}"))
_TEXT_COMMANDS = (
    "boxed",
    "text",
    "textbf",
    "textrm",
    "textit",
    "mathrm",
    "mathbf",
    "mathit",
    "mathsf",
    "mbox",
    "fbox",
)
_WHOLE_COMMAND = re.compile(r"\\(?:" + "|".join(_TEXT_COMMANDS) + r")\s*\{([^{}]*)\}")
_SPACING = re.compile(
    r"(?<!\\)\\[,;:!> ]|\\q?quad\b|\\displaystyle\b|\\limits\b|\\left\b|\\right\b|[~\u00a0\u2009\u202f]"
)
_DEGREE = re.compile(r"\^ ?\{? ?\\circ ?\}?|\\degree\b")
_FRACTION = re.compile(r"\\[dtc]?frac ?\{ ?(-?[0-9.,]+) ?\} ?\{ ?(-?[0-9.,]+) ?\}")
_SHORT_FRACTION = re.compile(r"\\[dtc]?frac ?([0-9])([0-9])")
_MIXED_FRACTION = re.compile(r"([0-9]) ?\\[dtc]?frac")
_PMOD = re.compile(r"\\pmod ?\{?([0-9]+)\}?")
_SYMBOLS = {
    "\u2212": "-", "\u2013": "-", "\uff0d": "-", "\u2044": "/", "\u2215": "/", "\\%": "%",
    "\\$": "$", "{,}": ",", "\\equiv": "≡", "\\bmod": "mod", "\\mod": "mod",
}  # fmt: skip
_MAX_LAYERS = 8


def strip_wrappers(answer: str) -> str:
    """Return the answer without layers that do not change its meaning; white space becomes single spaces."""
    plain = _SPACING.sub(" ", answer)
    for symbol, plainer in _SYMBOLS.items():
        plain = plain.replace(symbol, plainer)
    for _ in range(_MAX_LAYERS):
        before = plain
        plain = _WHOLE_COMMAND.sub(r"\1", _peel(plain.strip()))
        if plain == before:
            break
    return _peel(" ".join(plain.split()))


def plain_form(answer: str) -> str:
    """Return the answer without wrappers, simple fractions, residues and degrees as people type them.

    Only good for telling whether the whole is one number: inside a longer formula `a/b` would lack its
    brackets.
    """
    plain = _DEGREE.sub("°", _PMOD.sub(r"(mod \1)", strip_wrappers(answer)))
    plain = _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", plain)
    plain = _FRACTION.sub(r"\1/\2", _MIXED_FRACTION.sub(r"\1 \\frac", plain))
    return " ".join(plain.split())


def _peel(plain: str) -> str:
    """Take off one layer of paired delimiters, a currency sign and the full stop of a sentence."""
    for opening, closing in _PAIRS:
        inner = plain[len(opening) : len(plain) - len(closing)]
        if (
            len(plain) > len(opening) + len(closing)
            and plain.startswith(opening)
            and plain.endswith(closing)
            and opening not in inner
            and closing not in inner
        ):
            return inner.strip()
    if plain.endswith(".") and not plain.endswith(".."):
        return plain[:-1].rstrip()
    return plain[1:].lstrip() if plain[:1] in {"$", "€", "£"} and "$" not in plain[1:] else plain


_FUNCTIONS = frozenset(
    {"sqrt", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"}
    | {"log", "exp", "and"}
)
_FOREIGN = re.compile(r"[^0-9A-Za-z\\{}()\[\]+\-*/^_=<>≤≥≠.,!|&%°√π∞∪∩∈±×·⋅÷²³θαβ\s]")
_WORD = re.compile(r"\\?[A-Za-z]{3,}")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z]{1,10}\}")
_MATH_SIGN = re.compile(r"[0-9\\+*/^=<>√π∞]")


def looks_like_math(answer: str) -> bool:
    """Tell whether an answer may be a formula: it has signs or digits, no prose, nothing foreign."""
    plain = _ENVIRONMENT.sub("\\\\", strip_wrappers(answer))
    if _FOREIGN.search(plain) or not _MATH_SIGN.search(plain):
        return False
    return all(word[0] == "\\" or word.casefold() in _FUNCTIONS for word in _WORD.findall(plain))
