"""Names plain answers by a canonical key: equal ones share it.

Everything here runs inside the worker, in linear time. What is not plain is left to `solver.judging.judge`.
"""

import hashlib
import json
import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from solver.text.values.amounts import MAX_PLAIN_CHARS, amount_of, congruent_of, undressed, value_beside_unit
from solver.text.values.compounds import Compound, compound_of
from solver.text.values.dates import date_of
from solver.text.values.latex import plain_form, plain_signs, strip_wrappers
from solver.text.values.lookalikes import is_lookalike
from solver.text.values.signs import sign_alone
from solver.text.values.text_shapes import (
    plain_bound,
    plain_growth,
    plain_ion,
    plain_lines,
    plain_logic,
    plain_name,
    plain_ordinal,
    plain_sequence,
    plain_subject,
)

MAX_KEY_CHARS = 200
_MAX_JSON_CHARS = 20_000
_MAX_BASE = 36
_MAX_HEX = 16
# Between a unit and a name; no unit has it.
_AND_NAME = " ‖ "
_SURROGATE = re.compile("[\ud800-\udfff]")
_CHOICE = re.compile(r"(?i:option |choice )?[(\[]?([a-hA-H])(?:[)\].:]|\)\.)?")
_PERCENT = re.compile(r"(.*?) ?(?:%|percent|pct\.?|per cent)", re.IGNORECASE | re.DOTALL)
_EMPTY = frozenset(
    {
        "∅",
        "\\emptyset",
        "\\varnothing",
        "ø",
        "{}",
        "\\{\\}",
        "no solution",
        "no solutions",
        "there is no solution",
        "empty set",
    }
    | {
        "there are no solutions",
        "the empty set",
        "no solution exists",
        "no solutions exist",
        "the equation has no solution",
    }
    | {"there's no solution", "has no solution", "no such solution"}
)
# The set whose member is the empty set is not empty.
_HOLDS_NOTHING = re.compile(r"\\?\{ ?(?:∅|\\emptyset|\\varnothing|\{\}|\\\{\\\}) ?\\?\}")
_ALL_REALS = frozenset(
    {"all real numbers", "all reals", "\\mathbb{r}", "ℝ", "the real numbers", "x \\in \\mathbb{r}", "x∈ℝ"}
    | {"(-∞,∞)", "(-∞, ∞)", "(-\\infty,\\infty)", "(-\\infty, \\infty)", "(-∞,+∞)", "(-∞, +∞)"}
)
_NO_REALS = frozenset(
    {"no real solution", "no real solutions", "there is no real solution", "there are no real solutions"}
)
_INFINITY = frozenset({"∞", "\\infty", "infinity", "+∞", "+\\infty", "positive infinity"})
_UNDEFINED = frozenset({"dne", "does not exist", "the limit does not exist", "limit does not exist"})
_REASONED = re.compile(
    r"(yes|no|true|false)\b[.!]?(?:,? (?:because|since)\b.*|[.!])?", re.IGNORECASE | re.DOTALL
)
_BASED = re.compile(
    r"\(?(?:\\(?:text|mathrm)\{)?([0-9a-zA-Z]+)\}?\)?(?: ?_ ?\{? ?(?:\\text\{)?([0-9]{1,2})\}{0,2}"
    r"| ?\(?(?:in )?base[- ]([0-9]{1,2})\)?)"
)
_PREFIXED = re.compile(r"0([xXbBoO])([0-9a-fA-F]+)")
_PREFIX_BASES = {"x": 16, "b": 2, "o": 8}
_GENOTYPE = re.compile(r"(?:([A-Za-z])(?i:\1))+")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*[.,;:!?]*")
_COMMON_CAPITALS = frozenset("yes no true false none all both the and of".split())  # noqa: SIM905
_BRACED_WORDS = re.compile(r"\$?(?:\\left)?\\?\{([^\W\d_][^{}\\:;\"0-9]*,[^{}\\:;\"0-9]*[^\W\d_] ?)\\?\}\$?")
_COMMAND_WORD = re.compile(r"\\(?:text|mathrm) ?\{ ?([^\W\d_]{1,12}\.?) ?\}")
# `n!` is a factorial, `Yes!` is none.
_ENDED = re.compile(r"[^\W_]\.$|[^\W_]{2}!$")
_QUOTES = "\"'“”‘’«»„"


@lru_cache(maxsize=4_096)  # votes repeat each other
def quick_key(answer: str) -> str | None:
    """Return the canonical key of a plain answer, or None where the pool has to decide.

    Plain are whole numbers, decimals and fractions (`num:1/2`), percentages (`pct:50`), numbers with a unit
    (`num:5 cm`) or a name (`num:5 x=`), one letter from A to H (`choice:B`), dates, numerals of another base and other
    look-alikes of arithmetic, in their usual LaTeX and Markdown wrappings.
    """
    if len(answer) > MAX_PLAIN_CHARS:
        return None
    plain = undressed(plain_form(answer))
    letter = _CHOICE.fullmatch(plain)
    if letter:
        return f"choice:{letter[1].upper()}"
    return _word_key(answer, plain) or _textual_key(answer, plain) or _number_key(answer, plain)


def plain_number(answer: str) -> Fraction | None:
    """Return the exact value of an answer that is plainly a number, its unit dropped, else None."""
    if len(answer) > MAX_PLAIN_CHARS:
        return None
    plain = undressed(plain_form(answer))
    if percent_of(answer) is not None or _textual_key(answer, plain):
        return None
    residue = congruent_of(plain)
    return amount_of(answer).value if residue is None else Fraction(residue[0])


def percent_of(answer: str) -> Fraction | None:
    """Return the 50 of `50%` or `50 percent`, else None."""
    plain = undressed(plain_form(answer)) if len(answer) <= MAX_PLAIN_CHARS else ""
    plain = re.sub(r"^[a-zA-Z] ?= ?", "", plain)
    share = _PERCENT.fullmatch(plain)
    return value_beside_unit(share[1].rstrip()) if share else None


def compound_in(answer: str) -> Compound | None:
    """Return an answer that is an amount of several units, `3 ft 6 in`, else None."""
    if len(answer) > MAX_PLAIN_CHARS:
        return None
    plain = undressed(plain_form(_COMMAND_WORD.sub(r" \1 ", answer)).replace("$", ""))
    return compound_of(re.sub(r"^[A-Za-z] ?= ?", "", plain))


def numeral_of(answer: str) -> tuple[str, int] | None:
    """Return digits and base of a numeral that says its base: `2516_7`, `0x1F`, `101 (base 2)`. Else None."""
    plain = plain_signs(strip_wrappers(answer)) if len(answer) <= MAX_PLAIN_CHARS else ""
    if found := _PREFIXED.fullmatch(plain):
        return found[2].casefold().lstrip("0") or "0", _PREFIX_BASES[found[1].casefold()]
    found = _BASED.fullmatch(plain)
    base = int(found[2] or found[3]) if found else 0
    digits = found[1].casefold() if found else ""
    fits = 2 <= base <= _MAX_BASE and all(int(digit, _MAX_BASE) < base for digit in digits)
    # `x_2` is a variable.
    is_hex = base == _MAX_HEX and len(digits) > 1
    return (digits, base) if fits and (is_hex or any(map(str.isdigit, digits))) else None


def is_no_number(answer: str) -> bool:
    """Tell whether an answer is known to be something else than a number: a date, a score, a code, nothing."""
    if len(answer) > MAX_PLAIN_CHARS:
        return False
    plain = undressed(plain_form(answer))
    return _word_key(answer, plain) is not None or _textual_key(answer, plain) is not None


def split_key(key: str) -> tuple[str, str, str]:
    r"""Return a key's body without unit and name, the unit, and the name: `num:5 cm` → `num:5`, `cm`, ``."""
    if key.startswith("num:"):
        body, _, words = key.partition(" ")
    elif key.startswith("math:") and " \\text{ " in key:
        body, _, words = key.partition(" \\text{ ")
        words = words.removesuffix(" }")
    else:
        return key, "", ""
    if not words.endswith("="):
        return body, words, ""
    unit, both, name = words[:-1].partition(_AND_NAME)
    return (body, unit, name) if both else (body, "", unit)


def joined_key(key: str, unit: str, name: str) -> str:
    """Return a key of `num:` or `math:` with its unit and its name."""
    words = f"{unit}{_AND_NAME if unit else ''}{name}=" if name else unit
    if not words:
        return key
    return f"{key} {words}" if key.startswith("num:") else f"{key} \\text{{ {words} }}"


def text_key(answer: str) -> str:
    """Return the key of an answer as a text: wrappings and the case of ordinary words do not count, that of codes does.

    Of several lines nothing is changed but what they end with: in code, spaces and capitals have a meaning.
    """
    if len(answer) > MAX_PLAIN_CHARS:
        return bounded_key("text", " ".join(_clean(answer).split()))
    structured = _json_key(answer)
    if structured:
        return structured
    if members := _set_of_words(answer.strip()):
        return members
    if "\n" in answer.strip():
        return bounded_key("text", plain_lines(_clean(answer).strip("\n")))
    plain = strip_wrappers(undressed(strip_wrappers(_clean(answer)))).strip()
    for _ in range(2):
        if len(plain) > 2 and plain[0] in _QUOTES and plain[-1] in _QUOTES:
            plain = plain[1:-1].strip()
        if _ENDED.search(plain) and plain.count(".") <= 1:
            plain = plain[:-1]
    plain = plain_logic(plain_bound(plain_ordinal(plain_subject(plain))))
    words = plain_sequence(plain_ion(plain_name(plain))).split()
    # “A” may be a letter: A minor; `a ≥ b`.
    if len(words) > 1 and words[0] in {"the", "The", "THE", "an", "An", "AN", "a"} and words[1][:1].isalnum():
        words = words[1:]
    shouted = (
        len(words) > 1
        and any(len(word.strip(",.;")) > 1 for word in words)
        and plain.isupper()
        and plain.isascii()
        and all(_LETTERS.fullmatch(word) for word in words)
    )
    return bounded_key("text", " ".join(word.casefold() if shouted else _folded(word) for word in words))


def bounded_key(prefix: str, body: str) -> str:
    """Return `prefix:body`; a body over 200 characters is cut and told apart by its SHA-256."""
    if len(body) <= MAX_KEY_CHARS:
        return f"{prefix}:{body}"
    digest = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:32]
    return f"{prefix}:{body[:150]}…#{digest}"


def _clean(text: str) -> str:
    plain = _SURROGATE.sub("\ufffd", text.replace("\0", "\ufffd"))
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain).replace("\u2019", "'")


def _folded(word: str) -> str:
    """Return a word in small letters, where its capitals say nothing: `Rome`, but not `AaBb`, `CO` or `R2D2`."""
    bare = word.rstrip(".,;:!?")
    if not _LETTERS.fullmatch(word) or _GENOTYPE.fullmatch(bare):
        return word
    is_usual = bare.islower() or (bare[:1].isupper() and bare[1:].islower() and len(bare) > 2)
    if is_usual or (bare.isupper() and len(bare) > 4) or bare.casefold() in _COMMON_CAPITALS or "-" in bare:
        return word.casefold()
    return word


def _word_key(answer: str, plain: str) -> str | None:
    """Return the key of what has a name and no value: nothing, infinity, yes and no with a reason."""
    folded = plain.casefold().rstrip(".!")
    if folded in _EMPTY and not _HOLDS_NOTHING.fullmatch(answer.strip(" $")):
        return "none:"
    if folded in _ALL_REALS:
        return "math:\\mathbb{R}"
    if folded in _NO_REALS:
        return "text:no real solution"
    if folded in _INFINITY:
        return "math:\\infty"
    if folded in {"negative infinity", "minus infinity"}:
        return "math:-\\infty"
    if folded in _UNDEFINED:
        return "text:does not exist"
    if len(plain) == 1 and (alone := sign_alone(plain)):
        return alone
    reasoned = _REASONED.fullmatch(plain)
    return f"text:{reasoned[1].casefold()}" if reasoned else None


def _textual_key(answer: str, plain: str) -> str | None:
    """Return the key of what only looks like arithmetic."""
    growth = plain_growth(plain)
    if growth:
        return bounded_key("text", growth)
    if compound := compound_in(answer):
        return f"text:{compound}"
    based = numeral_of(answer)
    if based:
        return f"base{based[1]}:{based[0][:MAX_KEY_CHARS]}"
    day = date_of(plain)
    if day:
        return day
    # A date, a number grouped by threes: these are read, and only what is left is a look-alike.
    amount = amount_of(answer)
    if amount.value is not None or "frac" in answer or not is_lookalike(plain):
        return None
    body = re.sub(r"(?<=[0-9]) ?([-:/–—]) ?(?=[0-9])", r"\1", plain.replace("–", "-").replace("—", "-"))
    if re.fullmatch(r"[A-Za-z0-9 _{}]+", body) and re.search(r"[A-Za-z]", body):
        body = re.sub(r"_ ?\{?([0-9]+)\}?", r"\1", body).replace("{", "").replace("}", "")
    return bounded_key("text", plain_ion(re.sub(r"_ ?\{? ?([0-9]+) ?\}?(?=.*\^)", r"\1", body)))


def _number_key(answer: str, plain: str) -> str | None:
    share = percent_of(answer)
    if share is not None:
        return bounded_key("pct", str(share))
    residue = congruent_of(plain)
    if residue is not None:
        # Like a unit: the bare number joins it, another modulus does not.
        return joined_key(bounded_key("num", str(residue[0])), f"mod {residue[1]}", "")
    amount = amount_of(answer)
    if amount.value is None:
        return None
    return joined_key(bounded_key("num", str(amount.value)), amount.unit, amount.name)


def _set_of_words(text: str) -> str | None:
    """Return the key of words in braces, whatever their order."""
    inside = _BRACED_WORDS.fullmatch(text)
    if inside is None:
        return None
    members = sorted({" ".join(map(_folded, each.split())) for each in inside[1].split(",")})
    return bounded_key("set", ", ".join(members))


def _plain_float(digits: str) -> int | list[str]:
    """Return a number of JSON so that equal ones are written alike, and none as a text: `1.0` is 1."""
    number = Decimal(digits).normalize()
    if number == number.to_integral_value() and abs(number.adjusted()) < MAX_KEY_CHARS:
        return int(number)
    return ["float", str(number)]


def _json_key(answer: str) -> str | None:
    """Return the key of a JSON object, or of an array that holds texts or objects, whatever its spaces and order."""
    text = answer.strip()
    if (
        text[:1] not in {"{", "["}
        or text[-1:] not in {"}", "]"}
        or len(text) > _MAX_JSON_CHARS
        or '"' not in text
    ):
        return None
    try:
        value = json.loads(text, parse_float=_plain_float)
        return bounded_key(
            "json", json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        )
    except (ValueError, RecursionError):
        return None
