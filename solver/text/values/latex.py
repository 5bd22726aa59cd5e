"""Takes the wrappings off a short answer: Markdown, math delimiters, text commands, spacing.

Plain string work in linear time; nothing is computed. Shared by the keys and by the arithmetic checker.
"""

import re
import unicodedata

_PAIRS = (
    ("$$", "$$"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("**", "**"),
    ("*", "*"),
    ("`", "`"),
    ("{", "}"),
    ("“", "”"),
    ("«", "»"),
    ("‘", "’"),
    ("„", "“"),
    ('"', '"'),
    ("「", "」"),
    ("『", "』"),
    ("_", "_"),
)
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
    "ce",
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
    "\u2212": "-", "\u2013": "-", "\u2044": "/", "\u2215": "/", "\\%": "%",
    "\\$": "$", "{,}": ",", "\\equiv": "≡", "\\bmod": "mod", "\\mod": "mod",
    "\\colon": ":", "\\cup": "∪", "\\cap": "∩",
}  # fmt: skip
_NOT_EQUAL = re.compile(r"\\neq?(?![a-z])|(?<= )!=(?= )")
_RAISED_ENDING = re.compile(
    r"(?<=[0-9])\^ ?\{? ?(?:\\(?:text|mathrm|textrm) ?\{ ?)?(st|nd|rd|th) ?\}{0,2}(?![A-Za-z])"
)
# `<b>a</b>` may be what was asked for.
_STRESSED_NUMBER = re.compile(r"<(b|strong|i|em|u)>([-+$€£]?[0-9][^<>]{0,40})</\1>")
_ROOT = re.compile(r"([∛∜])(\d{1,40}|[A-Za-z]|\([^()]{1,100}\))")
_FENCED_LINE = re.compile(r"```[\w+-]{0,20}\n([^\n`]{1,400})\n```")
# `$\$10$`
_MONEY = re.compile(r"^\$(\\\$ ?[0-9][0-9.,]{0,30})\$$")
# One line of an environment for several.
_ALIGNED = re.compile(
    r"\\begin\{((?:aligned|align|gathered|gather|equation)\*?)\}((?:[^\\]|\\(?![\\e])){1,400})\\end\{\1\}"
)
_MAX_LAYERS = 8
_MAX_SIGNED_CHARS = 20_000

_VULGAR = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
_VULGAR_SIGN = re.compile("([0-9]?) ?([" + "".join(_VULGAR) + "])")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x2212: "-", 0xFE63: "-"}
_WIDE |= {0x2126: "Ω", 0x066B: ".", 0x066C: ","}
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_RAISED_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
_LOWERED_RUN = re.compile("([A-Za-z)]?)([₀₁₂₃₄₅₆₇₈₉₊₋]+)")
_FORMULA_WITH_WORDS = re.compile(
    r"(?:\$([^$\s](?:[^$]{0,200}[^$\s])?)\$|\\\(([^()\\]{0,200}(?:\\(?![()])[^()\\]{0,200}){0,20})\\\))"
    r" ([A-Za-z][^$\\]{0,40})"
)
# `$x = 1$ or $x = 2$`: nothing but formulas and what joins them.
_FORMULAS = re.compile(r"\$[^$]{1,400}\$(?:(?:,? (?:and|or) |[,;] ?)\$[^$]{1,400}\$){1,40}\.?")
_MATH_LETTERS = re.compile("[\U0001d400-\U0001d7ff]")


def plain_signs(text: str) -> str:
    """Return a text whose full-width digits, fractions of one sign, raised and lowered digits are as people type them."""
    if text.isascii() or len(text) > _MAX_SIGNED_CHARS:
        return text
    plain = _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text.translate(_WIDE))
    plain = _VULGAR_SIGN.sub(
        lambda found: f"{found[1]} {_VULGAR[found[2]]}" if found[1] else _VULGAR[found[2]], plain
    )
    plain = _ROOT.sub(_root, plain)
    plain = _RAISED_RUN.sub(lambda found: "^" + _group(found[0].translate(_RAISED)), plain)
    plain = _LOWERED_RUN.sub(lambda found: _lowered(found[1], found[2].translate(_LOWERED)), plain)
    return _MATH_LETTERS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), plain)


def _without_columns(environment: re.Match[str]) -> str:
    return environment[2].replace("&", "")


def _root(found: re.Match[str]) -> str:
    under = found[2][1:-1] if found[2][0] == "(" else found[2]
    return f"\\sqrt[{3 if found[1] == '∛' else 4}]{{{under}}}"


def _group(digits: str) -> str:
    return digits if len(digits) == 1 else f"{{{digits}}}"


def _lowered(before: str, digits: str) -> str:
    """Return `H2` of H₂ and `2516_8` of 2516₈."""
    return before + digits if before and before != ")" else f"{before}_{_group(digits)}"


def strip_wrappers(answer: str) -> str:
    """Return the answer without layers that do not change its meaning; white space becomes single spaces."""
    answer = _MONEY.sub(r"\1", answer.strip())
    if answer[:3] == "```" and (fenced := _FENCED_LINE.fullmatch(answer)):
        answer = fenced[1].strip()
    if answer[:1] == "<":
        answer = _STRESSED_NUMBER.sub(r"\2", answer)
    plain = _SPACING.sub(" ", _ALIGNED.sub(_without_columns, plain_signs(answer)))
    for symbol, plainer in _SYMBOLS.items():
        plain = plain.replace(symbol, plainer)
    plain = _RAISED_ENDING.sub(r"\1", _NOT_EQUAL.sub("≠", plain))
    if _FORMULAS.fullmatch(plain.strip()):
        plain = plain.replace("$", "")
    for _ in range(_MAX_LAYERS):
        before = plain
        plain = _WHOLE_COMMAND.sub(r"\1", _peel(plain.strip()))
        if plain == before:
            break
    return _peel(" ".join(plain.split()))


def degrees(text: str) -> str:
    r"""Return a text whose `^\circ` is °."""
    return _DEGREE.sub("°", text)


def plain_form(answer: str) -> str:
    """Return the answer without wrappers, simple fractions, residues and degrees as people type them.

    Only good for telling whether the whole is one number: inside a longer formula `a/b` would lack its
    brackets.
    """
    plain = degrees(_PMOD.sub(r"(mod \1)", strip_wrappers(answer)))
    plain = _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", plain)
    plain = _FRACTION.sub(r"\1/\2", _MIXED_FRACTION.sub(r"\1 \\frac", plain))
    return " ".join(plain.split())


def _peel(plain: str) -> str:
    """Take off one layer of paired delimiters and the full stop of a sentence."""
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
    if (plain.endswith(".") and not plain.endswith("..")) or plain[1:].endswith("。"):
        return plain[:-1].rstrip()
    formula = _FORMULA_WITH_WORDS.fullmatch(plain)
    return f"{formula[1] or formula[2]} {formula[3]}" if formula else plain


_FUNCTIONS = frozenset(
    {"sqrt", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"}
    | {"log", "exp", "and", "or"}
)
_FOREIGN = re.compile(r"[^0-9A-Za-z\\{}()\[\]+\-*/^_=<>≤≥≠.,!|&%°√π∞∪∩∈±×·⋅÷²³θαβ;'≈ℝ\s]")
_WORD = re.compile(r"\\?[A-Za-z]{3,}|(?<![A-Za-z\\])or(?![A-Za-z])")
# Two letters that are no product: `1 in 4`, `½ of 168`.
_PROSE = re.compile(r"(?<= )(?:in|of|is|to|by|at|on|as|if|an|no|it)(?= )")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z]{1,10}\}")
_MATH_SIGN = re.compile(
    r"[0-9\\+*/^=<>≤≥≠√π∞]|(?<![A-Za-z])(?:(?:arc|a)?(?:sin|cos|tan|cot|sec|csc)h?|ln|log|exp|sqrt) ?\("
    r"|(?<![A-Za-z])pi(?![A-Za-z])"
)


def looks_like_math(answer: str) -> bool:
    """Tell whether an answer may be a formula: it has signs or digits, no prose, nothing foreign."""
    plain = _ENVIRONMENT.sub("\\\\", strip_wrappers(answer))
    if _FOREIGN.search(plain) or _PROSE.search(plain) or not _MATH_SIGN.search(plain):
        return False
    return all(word[0] == "\\" or word.casefold() in _FUNCTIONS for word in _WORD.findall(plain))
