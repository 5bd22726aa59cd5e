"""Finds the final answer in a model's reply and names plain answers by a canonical key.

Everything here runs inside the worker, on text that a model or a stranger wrote: each function takes time
linear in its input and computes nothing larger than its input. What is not plain is left to `solver.judging.judge`.
"""

import hashlib
import re
from fractions import Fraction
from functools import lru_cache

from solver.text.latex import plain_form, strip_wrappers

MAX_PLAIN_CHARS = 4_000
"""Longer answers are never plain; also keeps every number below the digits that Python converts (4,300)."""

MAX_KEY_CHARS = 200
_MAX_BOXES = 20
_MAX_ANSWER_CHARS = 20_000
_EMPHASIS = " \t\r*_`"

_THINK_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ANSWER_LINE = re.compile(r"(?:the )?(?:final )?answer(?: is)?[ *_`]{0,6}(?:[:\uff1a](.*)|$)", re.IGNORECASE)
_FENCES = ("```", "$$", "\\[")

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_PLAIN_NUMBER = re.compile(rf"([+-]?) ?({_NUMBER})")
_SPACED = re.compile(r"[+-]?[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?")
_QUOTIENT = re.compile(rf"([+-]?) ?({_NUMBER}) ?/ ?([+-]?)({_NUMBER})")
_MIXED = re.compile(r"([+-]?) ?([0-9]+) ([0-9]+) ?/ ?([0-9]+)")
_ASSIGNED = re.compile(r"[a-zA-Z] ?= ?(?=[+\-0-9.])")
_CONGRUENT = re.compile(r"(?:[a-zA-Z] ?≡ ?)?([0-9]+) ?\(? ?mod(?:ulo)? ?([0-9]+) ?\)?")
_UNIT = re.compile(rf"([+-]?{_NUMBER}) ?((?=[a-zA-Zµμ°Ω])[a-zA-Zµμ°Ω/^0-9 ]{{1,20}})")
_SHORT_UNITS = frozenset("mgshLNJWKVCF°")
_CHOICE = re.compile(r"(?:option |choice )?[(\[]?([a-hA-H])(?:[)\].:]|\)\.)?")


def clean_text(text: str) -> str:
    """Return `text` with NUL and unpaired surrogates replaced by U+FFFD, so that Postgres can store it."""
    return _SURROGATE.sub("\ufffd", text.replace("\0", "\ufffd"))


def extract_answer(text: str) -> str | None:
    r"""Return the final answer of a reply: the last `\boxed{…}`, else the last `Answer:` line, else None.

    Thinking between `<think>` tags never counts; thinking that was cut short means that there is no answer.
    """
    said = _without_thinking(text)
    if said is None:
        return None
    return _last_box(said) or _last_answer_line(said)


def said_aloud(text: str) -> str:
    """Return a reply without its thinking; empty where the thinking was cut short."""
    return _without_thinking(clean_text(text)) or ""


@lru_cache(maxsize=4_096)  # votes repeat each other
def quick_key(answer: str) -> str | None:
    """Return the canonical key of a plain answer, or None where the pool has to decide.

    Plain are whole numbers, decimals and fractions (`num:1/2`), percentages (`pct:50`), numbers with a unit
    (`num:5 cm`) and one letter from A to H (`choice:B`), in their usual LaTeX and Markdown wrappings.
    """
    if len(answer) > MAX_PLAIN_CHARS:
        return None
    plain = plain_form(answer)
    letter = _CHOICE.fullmatch(plain)
    if letter:
        return f"choice:{letter[1].upper()}"
    plain = _unassigned(plain)
    share = percent_of(plain)
    if share is not None:
        return bounded_key("pct", str(share))
    value = number_of(plain)
    if value is not None:
        return bounded_key("num", str(value))
    return _congruent_key(plain) or _unit_key(plain)


def plain_number(answer: str) -> Fraction | None:
    """Return the exact value of an answer that is plainly a number, its unit dropped, else None."""
    key = quick_key(answer)
    if key is None or not key.startswith("num:"):
        return None
    plain = _unassigned(plain_form(answer))
    amount = _CONGRUENT.fullmatch(plain) or _UNIT.fullmatch(plain)
    return number_of(amount[1] if amount else plain)


def percent_of(answer: str) -> Fraction | None:
    """Return the 50 of `50%` or `50 percent`, else None."""
    plain = plain_form(answer) if len(answer) <= MAX_PLAIN_CHARS else ""
    share = plain.removesuffix(" percent").removesuffix("%").rstrip()
    return number_of(share) if share != plain else None


def number_of(plain: str) -> Fraction | None:
    """Return the exact value of a bare number such as `-1,000.5`, `1/2` or `1 1/2`, else None."""
    if len(plain) > MAX_PLAIN_CHARS:
        return None
    if _SPACED.fullmatch(plain):
        plain = plain.replace(" ", "")
    if found := _PLAIN_NUMBER.fullmatch(plain):
        return _signed(found[1], _unsigned(found[2]))
    if found := _QUOTIENT.fullmatch(plain):
        below = _signed(found[3], _unsigned(found[4]))
        return _signed(found[1], _unsigned(found[2])) / below if below else None
    if found := _MIXED.fullmatch(plain):
        below = _unsigned(found[4])
        return _signed(found[1], _unsigned(found[2]) + _unsigned(found[3]) / below) if below else None
    return None


def text_key(answer: str) -> str:
    """Return the key of an answer as a text: case, white space and wrappings do not count."""
    plain = strip_wrappers(answer) if len(answer) <= MAX_PLAIN_CHARS else answer
    return bounded_key("text", " ".join(clean_text(plain).casefold().split()))


def bounded_key(prefix: str, body: str) -> str:
    """Return `prefix:body`; a body over 200 characters is cut and told apart by its SHA-256."""
    if len(body) <= MAX_KEY_CHARS:
        return f"{prefix}:{body}"
    digest = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:32]
    return f"{prefix}:{body[:150]}…#{digest}"


def _without_thinking(text: str) -> str | None:
    """Return the text after and between thoughts, or None if the last thought was never closed."""
    kept: list[str] = []
    start, thinking = 0, False
    for tag in _THINK_TAG.finditer(text):
        closes = bool(tag[1])
        if thinking and closes:
            start, thinking = tag.end(), False
        elif closes:
            # Some chat templates open the thought in the prompt: all before its end is thought.
            kept, start = [], tag.end()
        elif not thinking:
            kept.append(text[start : tag.start()])
            thinking = True
    return None if thinking else "\n".join([*kept, text[start:]])


def _last_box(text: str) -> str | None:
    end = len(text)
    for _ in range(_MAX_BOXES):
        at = text.rfind("\\boxed", 0, end)
        if at < 0:
            return None
        content = _braced(text, at + len("\\boxed"))
        if content and content.strip():
            return content.strip()
        end = at
    return None


def _braced(text: str, at: int) -> str | None:
    """Return what stands between the balanced braces that open at `at`, or None."""
    window = text[at : at + _MAX_ANSWER_CHARS]
    opened = len(window) - len(window.lstrip())
    if not window.startswith("{", opened):
        return None
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", window[opened:], re.DOTALL):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0 and brace[0] == "}":
            return window[opened + 1 : opened + brace.start()]
    return None


def _last_answer_line(text: str) -> str | None:
    lines = text.splitlines()
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index].lstrip(" \t#*_`>-•")
        found = _ANSWER_LINE.match(line) if line[:3].casefold() in {"ans", "fin", "the"} else None
        if found is None:
            continue
        value = (found[1] or "").strip(_EMPHASIS) or _next_value(lines, index + 1)
        if value and len(value) <= _MAX_ANSWER_CHARS:
            return value
    return None


def _next_value(lines: list[str], start: int) -> str | None:
    for line in lines[start : start + 5]:
        value = line.strip()
        if value and not value.startswith(_FENCES[0]) and value not in _FENCES:
            return value.strip(_EMPHASIS) or None
    return None


def _unassigned(plain: str) -> str:
    """Return `3` of `x = 3`."""
    assigned = _ASSIGNED.match(plain)
    return plain[assigned.end() :] if assigned else plain


def _unsigned(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").removesuffix("."))


def _signed(sign: str, value: Fraction) -> Fraction:
    return -value if sign == "-" else value


def _congruent_key(plain: str) -> str | None:
    found = _CONGRUENT.fullmatch(plain)
    # A residue that was not reduced is another answer: nothing is computed for the model.
    if found and int(found[1]) < int(found[2]):
        return bounded_key("num", str(int(found[1])))
    return None


def _unit_key(plain: str) -> str | None:
    found = _UNIT.fullmatch(plain)
    value = number_of(found[1]) if found else None
    if found is None or value is None:
        return None
    unit = found[2].strip()
    # `2x` and `5 n` are formulas, not amounts.
    if len(unit) == 1 and unit not in _SHORT_UNITS:
        return None
    if re.search(r"[0-9^]", unit.removesuffix("^2").removesuffix("^3")):
        return None
    return bounded_key("num", str(value) if unit == "°" else f"{value} {unit}")
