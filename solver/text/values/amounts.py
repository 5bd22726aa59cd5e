r"""Reads a short answer as an amount: its value or formula, its unit, and the name it is given (`x` of `x = 3`).

Dressing is taken off first: “≈”, “The answer is”, “(since 6 times 7)”, “, altogether”. Nothing is converted, and
nothing is computed that is larger than the answer. What is no plain amount keeps its text as `body`.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from solver.text.values.decoration import without_decoration
from solver.text.values.latex import degrees, plain_form, strip_wrappers
from solver.text.values.lookalikes import is_lookalike
from solver.text.values.number_words import fraction_of, multiplier_of, value_in_words
from solver.text.values.units import CURRENCIES, canonical_unit

MAX_PLAIN_CHARS = 4_000
"""Longer answers are never plain; also keeps every number below the digits that Python converts (4,300)."""

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_PLAIN_NUMBER = re.compile(rf"([+-]?) ?({_NUMBER})")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:(?: [0-9]{3})+|(?:['’_][0-9]{3})+)(?:\.[0-9]+)?")
# `1.234,5`: three decimals might be the next number of a list.
_POINTS_AND_COMMA = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,(?:[0-9]{1,2}|[0-9]{4,})")
# Only beside a unit: `1,5` alone may be two numbers.
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]{1,30},(?:[0-9]{1,2}|[0-9]{4,20})")
_QUOTIENT = re.compile(rf"([+-]?) ?({_NUMBER}) ?/ ?([+-]?)({_NUMBER})")
_MIXED = re.compile(r"([+-]?) ?([0-9]+) (?:and )?([0-9]+) ?/ ?([0-9]+)")
_REPEATING = re.compile(
    r"([+-]?)([0-9]{0,40})\.([0-9]{0,40})(?:\\(?:overline|bar|dot) ?\{ ?([0-9]{1,40}) ?\}|\\(?:overline|bar|dot) ?([0-9])"
    r"|\(([0-9]{1,40})\)|([0-9])[\u0305\u0304\u0307])"
)
_GOES_ON = re.compile(r"([+-]?)([0-9]{0,40})\.([0-9]{0,40}?)([0-9])\4{2,40}(?:\.\.\.|…|\\l?dots)")
_AND_PART = re.compile(r"([+-]?[0-9]{1,40}) and ((?:a |an |[a-z]+[ -])?[a-z]+)", re.IGNORECASE)
_TIMES_WORD = re.compile(rf"([+-]? ?{_NUMBER}) ?([^\W\d_]{{1,12}})\.?", re.IGNORECASE)
_MINUS_WORD = re.compile(r"^(?:minus|negative) (?=[0-9.])", re.IGNORECASE)
_CONGRUENT = re.compile(r"(?:[a-zA-Z] ?≡ ?)?([0-9]+) ?\(? ?mod(?:ulo)? ?([0-9]+) ?\)?")

_LEAD = re.compile(
    r"(?:(?:so|thus|therefore|hence),? )?(?:(?:the|my) )?(?:(?:final|correct|exact|total"
    r"|numerical) )?(?:answer|result|value)"
    r"(?: is|:| =| equals)[: ]+(?=\S)|i (?:think|believe|guess|get|got|find|found)(?: that)?"
    r" (?:it is |it[’']s |it equals )?(?=[-+$0-9\\])|(?:it is|it[’']s) (?=[-+$0-9\\])|(?:exactly|only) (?=[-+$0-9\\.])"
    r"|(?:a |the |in )?(?:sum )?total(?: of|:| is)? (?=[-+$0-9\\.])|(?:in )?the year (?=[0-9]{3,4}\b)"
    r"|in (?=[12][0-9]{3}$)"
    r"|(?:so|thus|therefore|hence),? (?:it is |it[’']s |we (?:get|have|find) )?(?=[-+$0-9\\.])"
    r"|we (?:get|have|find) (?=[-+$0-9\\.])|a\.?d\.? (?=[0-9]{1,4}$)",
    re.IGNORECASE,
)
_STRESSED = re.compile(r"^(?!__[A-Za-z_]\w*__)(\*\*|__|`)([^*_`\n]{1,200})\1(?=[ ,.;:]|$)")
_ABOUT = re.compile(
    r"(?:≈|\\approx|\\simeq|≃|≅|\\cong|~|∼|\\sim|(?:about|approximately|approx\.?|around|roughly"
    r"|circa|ca\.|nearly|almost)(?= ))"
    r" ?(?=[-+$0-9\\.a-z(])|(?:maybe|perhaps|probably|possibly|most likely) (?=[-+$0-9\\.])",
    re.IGNORECASE,
)
_REASON = (
    r"(?:since|because|as|which|that|so|given|where|assuming|after|rounded|approximately|approx|using|by|i\.e|e\.g|see"
    r"|from|for|due|when|if)"
)
_TAIL_BRACKET = re.compile(
    rf" ?[(\[](?:(?:{_REASON}|confidence|confident|with (?:high |low )?confidence|not|about|roughly|around|nearly"
    r"|i (?:think|believe|guess|am)|i['’]m|maybe|probably|perhaps)\b"
    r"|≈|~|\\approx)"
    r"[^()]{0,300}(?:\([^()]{0,100}\)[^()]{0,100})?[)\]]\.?$"
    r"| ?[(\[][0-9]{1,9} (?:out )?of (?:the )?[0-9]{1,9}[)\]]\.?$"
    r"| ?\((?:an?|the) (?!(?:half|third|quarter|dozen|hundred|thousand|[a-z]?illion))[^()0-9]{1,60}\)\.?$"
    r"|(?<=[0-9A-Za-z%)]) \[[0-9]{1,3}\]$|\[\^[^\]\s]{1,20}\]$",
    re.IGNORECASE,
)
_SAID_AGAIN = re.compile(r"^(-?[0-9][0-9,./]{0,20}%?) ?\((?:= ?|or )?([^()\n]{1,60})\)$")
_TAIL_WORDS = re.compile(
    rf"(?:,| [-–—]|;)? (?:because|since|as|(?:or )?equivalently)\b.*$"
    rf"|[;,.] (?:see|not)\b.*$|,? (?:and|but) not\b.*$|, (?:but|though|although)\b.*$"
    rf"| [-–—] (?:the|this|that|which|see)\b.*$"
    rf"|, ?(?:{_REASON}|altogether|total|totally|overall|all|in"
    rf"|exactly|precisely|to)\b"
    r".*$| [(]?(?:altogether|in total|in all|overall|all together|all in all)[)]?[.!]?$",
    re.IGNORECASE | re.DOTALL,
)
_NAME = re.compile(
    r"((?:[A-Za-zα-ωΑ-Ω]|\\[a-z]{2,8})(?:_\{?[A-Za-z0-9]{1,8}\}?|')?(?: ?\([^()<>]{1,30}\))?"
    r"|[A-Za-z]{2,3} ?\([^()<>]{1,30}\)|\\?(?:P|Pr|mathbb\{P\}) ?\([^()]{1,40}\)"
    r"|[A-Za-z][a-z]{2,20}(?: [A-Za-z]{2,20}){0,3})"
    r" ?(?:=|\\approx|≈|:=) ?(?=[^=])"
)
# `x^2 + C, where C is a constant`; “where n is odd” says something else.
_WHERE = re.compile(
    r"(?<=[\w)}])\$?, where \$?[A-Za-z\\]{1,10}\$? is (?:the|an? (?:arbitrary |real )?constant)\b[^\n0-9=<>]{0,100}$"
)
_NAMED_LAST = re.compile(r"([-+]?[0-9][0-9.,/]{0,40}) ?= ?([A-Za-z])")
_SPOKEN = re.compile(
    r"(?:the )?(?:value of )?((?:[a-z]{1,20} ){1,4})(?:is|are|equals) (?=[-+$0-9\\.])", re.IGNORECASE
)
_CURRENCY = re.compile(r"(-?) ?((?:US|C|A|NZ|HK|S)?\\?\$|[€£¥₹₩₽]) ?(?=[-+.0-9\\(])")
_CODE_CURRENCY = re.compile(r"(USD|EUR|GBP|JPY|INR|CHF|CNY) ?(?=[-+.0-9])")
_UNIT_END = re.compile(
    r"^(.*?[0-9)\]}.π°])( ?)((?:[^\W\d_]|[°%$€£¥₹¢µΩ])(?:[^\W\d_]|[°/^·*. {}123$€£¥₹¢-]){0,40})$", re.DOTALL
)
_TEXT_UNIT = re.compile(
    r"^(.*\S)( ?)\\(?:text|mathrm|textrm|mbox|operatorname) ?\{ ?([^{}]{1,40}) ?\}(\^ ?\{? ?[23] ?\}?)?$",
    re.DOTALL,
)
_DECADE = re.compile(r"[12][0-9]{2}0")
_BRACED_POWER = re.compile(r"\^ ?\{ ?(-?[1-3]) ?\}(?![0-9])")
_TRIGONOMETRY = re.compile(r"\\?(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_BELOW = re.compile(r"/ ?\(([^\W\d_]{1,6})[ ·⋅*]{1,3}([^\W\d_]{1,6})\)$")
_BRACKET_UNIT = re.compile(r"^(.*[0-9]) ?\(([A-Za-z]{2,20}(?: [A-Za-z]{2,20})?)\)$")
_TEXT = re.compile(r"\\(?:text|mathrm|textrm|mbox|operatorname) ?\{ ?([^{}]{0,40}) ?\}")


_MAX_WORDS_CHARS = 80


class Amount(NamedTuple):
    """A formula or number in `body`, its `value` where it is a plain number; `unit` and `name` may be empty."""

    body: str
    value: Fraction | None = None
    unit: str = ""
    name: str = ""


@lru_cache(maxsize=2_048)  # votes repeat each other, and keys, checkers and judge read the same answer
def amount_of(answer: str) -> Amount:
    """Return an answer as an amount; where it is none, its `body` is the answer without wrappings."""
    if len(answer) > MAX_PLAIN_CHARS:
        return Amount(answer)
    found = _read(undressed(plain_form(answer)))
    # Inside a longer formula a fraction keeps its brackets.
    return (
        found
        if found.value is not None
        else _read(undressed(degrees(strip_wrappers(answer)), simplify=strip_wrappers))
    )


def _read(plain: str) -> Amount:
    name, rest = _named(plain)
    found = _with_unit(rest) or Amount(rest, value_of(rest))
    if found.value is None and not found.unit and name and is_lookalike(rest):
        return Amount(plain)
    return found._replace(name=name)


def undressed(plain: str, *, simplify: Callable[[str], str] = plain_form) -> str:
    """Return a plain answer without the words around it that add nothing; what is left is taken through `simplify`."""
    plain = without_decoration(plain)
    plain = _WHERE.sub("", plain) if "=" in plain or "^" in plain else plain
    for _ in range(3):
        before = plain
        plain = _STRESSED.sub(r"\2", plain, count=1)
        plain = _LEAD.sub("", plain, count=1) if _LEAD.match(plain) else plain
        plain = _ABOUT.sub("", plain, count=1) if _ABOUT.match(plain) else plain
        if re.match(r"= ?[^=]+$", plain):
            plain = plain[1:].lstrip()
        if plain[:1].isdigit() or plain[:1] in "-+$€£.(\\":
            plain = _TAIL_WORDS.sub("", _TAIL_BRACKET.sub("", _said_once(plain)))
            plain = plain.removesuffix(" or so").rstrip(" ,;" if plain.endswith("..") else " ,;.?") or before
        plain = simplify(plain)
        if plain == before:
            break
    one = re.fullmatch(r"(?:\\\{|\[) ?([^{},]+?) ?(?:\\\}|\])", plain)
    return one[1].strip() if one and number_of(one[1].strip()) is not None else plain


def _said_once(plain: str) -> str:
    """Return `100` of `100 (one hundred)`, `1/2` of `1/2 (50%)`."""
    again = _SAID_AGAIN.match(plain)
    if again is None:
        return plain
    first, second = (_share_or_value(text) for text in (again[1], again[2]))
    return again[1] if first is not None and first == second else plain


def _share_or_value(text: str) -> Fraction | None:
    """Return a number in digits or words; a percentage as a part of one."""
    plain = text.strip().removesuffix("%").removesuffix(" percent").rstrip()
    value = number_of(plain)
    value = value_in_words(plain) if value is None else value
    return value / 100 if value is not None and plain != text.strip() else value


def number_of(plain: str) -> Fraction | None:
    """Return the exact value of a bare number such as `-1,000.5`, `1/2`, `1 1/2` or `0.(3)`, else None."""
    if len(plain) > MAX_PLAIN_CHARS:
        return None
    plain = _MINUS_WORD.sub("-", plain, count=1)
    if _GROUPED.fullmatch(plain):
        plain = re.sub("[ '’_]", "", plain)
    if _POINTS_AND_COMMA.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    if found := _PLAIN_NUMBER.fullmatch(plain):
        return _signed(found[1], _unsigned(found[2]))
    if found := _QUOTIENT.fullmatch(plain):
        below = _signed(found[3], _unsigned(found[4]))
        return _signed(found[1], _unsigned(found[2])) / below if below else None
    if found := _MIXED.fullmatch(plain):
        below = _unsigned(found[4])
        return _signed(found[1], _unsigned(found[2]) + _unsigned(found[3]) / below) if below else None
    if found := _GOES_ON.fullmatch(plain):
        # `0.333…`; what else goes on is not known.
        return _signed(found[1], _repeating(found[2], found[3], found[4]))
    if found := _REPEATING.fullmatch(plain):
        return _signed(found[1], _repeating(found[2], found[3], found[4] or found[5] or found[6] or found[7]))
    return None


def congruent_of(plain: str) -> tuple[int, int] | None:
    """Return the 5 and 13 of `5 (mod 13)`; a residue that was not reduced is another answer: nothing is computed."""
    found = _CONGRUENT.fullmatch(plain)
    return (int(found[1]), int(found[2])) if found and int(found[1]) < int(found[2]) else None


def value_of(text: str) -> Fraction | None:
    """Return the value of a number in digits, in words, or in both (`1.5 million`, `7 and a half`)."""
    value = number_of(text)
    if value is not None:
        return value
    if found := _AND_PART.fullmatch(text):
        part = fraction_of(found[2])
        whole = Fraction(found[1])
        return None if part is None else whole - part if whole < 0 or found[1][0] == "-" else whole + part
    if found := _TIMES_WORD.fullmatch(text):
        factor, amount = multiplier_of(found[2]), number_of(found[1].replace(" ", ""))
        return amount * factor if factor and amount is not None else None
    return value_in_words(text)


def value_beside_unit(text: str) -> Fraction | None:
    """Return the value of a number that has a unit: there a comma before one, two or four digits is a decimal one."""
    return value_of(text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text)


def _with_unit(text: str) -> Amount | None:
    """Return an amount with a unit: behind it, or a currency before it."""
    if found := _CURRENCY.match(text) or _CODE_CURRENCY.match(text):
        symbol = (found[2] if found.re is _CURRENCY else found[1]).replace("\\", "")
        sign = found[1] if found.re is _CURRENCY else ""
        unit = canonical_unit(CURRENCIES.get(symbol) or _country(symbol), spaced=True)
        rest = sign + text[found.end() :]
        inner = _behind(rest)
        if inner is not None and inner.unit not in {"", unit}:
            return None
        amount = inner or Amount(rest, value_beside_unit(rest))
        return Amount(amount.body, amount.value, unit or "") if unit else None
    return _behind(text)


def _country(symbol: str) -> str:
    """Return the name of a dollar that says whose it is."""
    return "dollar" if symbol in {"US$", "USD"} else symbol.casefold().replace("$", "-dollar")


def _behind(text: str) -> Amount | None:
    if bracketed := _BRACKET_UNIT.match(text):
        text = f"{bracketed[1]} {bracketed[2]}"
    text = _BELOW.sub(r"/\1/\2", text)
    text = _BRACED_POWER.sub(r"^\1", text.replace("\\Omega", "Ω"))
    found = _TEXT_UNIT.match(text) or _UNIT_END.match(_TEXT.sub(r"\1", text))
    if found is None:
        return _words_with_unit(text)
    body, words = (
        found[1].strip(),
        found[3].strip() + (found[4] or "" if found.re is _TEXT_UNIT else "").replace(" ", ""),
    )
    head, _, tail = words.partition(" ")
    factor = multiplier_of(head) if tail else None
    if factor:
        words = re.sub(r"^(?:of |de |d['’])", "", tail)
    if not found[2] and (words in {"st", "nd", "rd", "th"} or (words == "s" and _DECADE.fullmatch(body))):
        return None
    # Chinese, Japanese and Korean set no space before what they count.
    spaced = bool(found[2]) or found.re is _TEXT_UNIT or bool(factor) or words[:1] >= "\u3040"
    unit = canonical_unit(words, spaced=spaced)
    if unit == "deg" and _TRIGONOMETRY.search(body):
        # The sine of so many degrees.
        return None
    if unit is None or value_in_words(words.strip("()")) is not None:
        return None
    value = value_beside_unit(body)
    if factor:
        return Amount(f"{body} {head}", value * factor, unit) if value is not None else None
    # Without a number before it a letter is a variable: `2\sqrt{3} m`, but not `x m`.
    return Amount(body, value, unit)


def _words_with_unit(text: str) -> Amount | None:
    """Return `eight people` or `twenty-four hours` as an amount; what begins with a capital is a name (`Two Face`)."""
    head, _, last = text[:_MAX_WORDS_CHARS].rpartition(" ")
    if not head or not last.islower() or len(text) > _MAX_WORDS_CHARS:
        return None
    value, unit = value_in_words(head), canonical_unit(last, spaced=True)
    return Amount(head, value, unit) if value is not None and unit else None


def _named(plain: str) -> tuple[str, str]:
    r"""Return `x` and `3` of `x = 3`, `f(2)` and `7` of `f(2) = 7`, else no name and the whole."""
    found = _NAME.match(plain)
    if found and found[1].count("{") != found[1].count("}"):
        # The sign of `\sum_{k=1}`.
        return "", plain
    if found and (again := _NAME.match(plain, found.end())):
        # `y = f(3) = 14`
        plain = found[0] + plain[again.end() :]
    if found and not re.search(r"[=<>≤≥]|\\[lg]eq?\b|,|;|\n", plain[found.end() :]):
        return " ".join(found[1].split()), _ABOUT.sub("", plain[found.end() :].strip(), count=1)
    if swapped := _NAMED_LAST.fullmatch(plain):
        return swapped[2], swapped[1]
    spoken = _SPOKEN.match(plain)
    if spoken and not re.search(r"[=<>]", plain):
        said = spoken[1].strip()
        return said if len(said) == 1 else said.casefold(), plain[spoken.end() :].strip()
    return "", plain


def _repeating(whole: str, fixed: str, period: str) -> Fraction:
    scale = 10 ** len(fixed)
    start = Fraction(int(whole or "0") * scale + int(fixed or "0"), scale)
    return start + Fraction(int(period), (10 ** len(period) - 1) * scale)


def _unsigned(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").removesuffix("."))


def _signed(sign: str, value: Fraction) -> Fraction:
    return -value if sign == "-" else value
