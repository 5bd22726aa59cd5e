"""Citations in a text: `[3]` after a sentence names the third passage that was read. Linear; never raises.

So do `[1, 7]`, `[2–4]`, `[^3]` and `【3】`. A list of numbers may look the same: what follows a word of mathematics is
none, and a group of which something was not read is one only where no sentence would put a list.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

# What is no prose comes first, so that nothing in it is taken for a citation: code, formulas, and links.
_NO_PROSE = (
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?:.*\n)*?(?: {0,3}(?P=fence)[^\n]*$|\Z)",
    r"`[^`\n]+`",
    r"\$\$[^$]+\$\$",
    r"\$[^$\n]+\$",
    r"\\\[[^\n]{0,300}?\\\]",
    r"\\\([^\n]{0,300}?\\\)",
)
UNSPACED = "぀-ヿ一-鿿가-힣"
"""Letters of scripts that put no space before a citation: Japanese, Chinese, Korean. Part of a class of a pattern."""
_ENDS = r".,;!?)\]】\"”’*%“‘»›…。、，；！？）」』" + UNSPACED
_NUMBER = r"\^?[0-9]{1,4}"
BRACKETED = (
    rf"(?:\[(?P<members>{_NUMBER}(?:[ \u00a0]?[,;–-][ \u00a0]?{_NUMBER}){{0,9}})\]"
    r"|【(?P<lens>[0-9]{1,4})(?:†[^】\n]{0,99})?】)"
)
"""Part of a pattern: numbers in brackets, as they are written to cite."""
_CITED = (
    rf"(?P<space>[ \u00a0]?)(?:(?<=[\w{_ENDS}][ \u00a0])|(?<=[{_ENDS}])|(?=【))"
    rf"{BRACKETED}(?![(:]|\[[^0-9^])"
)
_PARTS = re.compile("|".join([*_NO_PROSE, _CITED]), re.MULTILINE)
_FOOTNOTE = re.compile(r"^ {0,3}\[\^[^\]\n]{1,40}\]:", re.MULTILINE)
_WORD_BEFORE = re.compile(r"([^\W\d_]{1,20})[*_ \u00a0]*\Z")
_MATHS = re.compile(
    r"(?:array|interval|list|vector|tuple|set|range|column|point|slice|subarray|polynomial|coordinate|coefficient|pair)s?"
    r"|matrix|sequence|row|index|indices|triple|equals|intervall|liste|matrix|vektor|bereich|menge|folge|punkt",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"is|are|was|were|be|becomes?|as|and|or|of|in|to|at|on|by|for|from|with|than|the|an?|this|that|gets?|got|gives?"
    r"|returns?|prints?|outputs?|yields?|obtains?|contains?|into|between|over|within|sort(?:ed)?|append|input|takes?"
    r"|values?|numbers?|results?|answers?|called|named|ist|sind|wird|ergibt|und|oder|von|bis|zu|mit|zwischen",
    re.IGNORECASE,
)
_PUTS_A_LIST = frozenset(":=∈+-×")
_SPACES = " \u00a0*_"
_WORD_CHARS = 30
_MOST_IN_RANGE = 20
_MOST_CHARS = 400_000


def cited(text: str, known: int | None = None) -> Iterator[int]:
    """Yield the numbers that a text cites, in its order; `known` is how many passages were read, if that is known."""
    has_notes = _has_notes(text)
    for part in _PARTS.finditer(text[:_MOST_CHARS]):
        yield from _numbers(part, known, has_notes=has_notes)


def invented(text: str, known: int) -> int:
    """Return how many citations of a text name none of the passages 1 to `known`; 0 where there are none to cite."""
    return sum(not 0 < number <= known for number in cited(text, known)) if known else 0


def without_invented(text: str, known: int) -> str:
    """Return a text without citations of passages that nobody read; as it is where there are none to cite."""
    has_notes = _has_notes(text)

    def kept(part: re.Match[str]) -> str:
        numbers = _numbers(part, known, has_notes=has_notes)
        read = [number for number in numbers if 0 < number <= known]
        if len(read) == len(numbers):
            return part[0]
        return f"{part['space']}[{', '.join(map(str, read))}]" if read else ""

    return _PARTS.sub(kept, text) if known and len(text) <= _MOST_CHARS else text


def numbers_in(bracketed: re.Match[str], before: str, known: int | None) -> tuple[int, ...]:
    """Return the numbers that a match of `BRACKETED` cites after this text; none where it is a list of numbers."""
    numbers = _members(bracketed["members"] or bracketed["lens"])
    word = found[1] if (found := _WORD_BEFORE.search(before[-_WORD_CHARS:])) else ""
    if _MATHS.fullmatch(word):
        return ()
    if len(numbers) > 1:
        if before.rstrip(_SPACES)[-1:] in _PUTS_A_LIST:
            return ()
        unread = known is not None and any(number > known for number in numbers)
        if numbers[0] < 1 or (unread and (numbers[0] > (known or 0) or _LEADING.fullmatch(word))):
            return ()
    return numbers


def _has_notes(text: str) -> bool:
    """Tell whether a text has footnotes of its own."""
    return "[^" in text and bool(_FOOTNOTE.search(text))


def _numbers(part: re.Match[str], known: int | None, *, has_notes: bool) -> tuple[int, ...]:
    members = part["members"] or ""
    if not (members or part["lens"]) or (has_notes and "^" in members):
        return ()
    return numbers_in(part, part.string[max(part.start() - _WORD_CHARS, 0) : part.start()], known)


def _members(written: str) -> tuple[int, ...]:
    """Return the numbers of a group with its ranges spelt out; none where they do not rise, as those of a group do."""
    numbers: list[int] = []
    for run in re.split(r"[,;]", written):
        ends = [int(end.strip(" \u00a0^")) for end in re.split(r"[–-]", run)]
        if len(ends) > 2 or not 0 <= ends[-1] - ends[0] <= _MOST_IN_RANGE:
            return ()
        numbers.extend(range(ends[0], ends[-1] + 1))
    return tuple(numbers) if all(one < two for one, two in pairwise(numbers)) else ()
