"""What a search looks for: the typed words as a regular expression that sees neither case nor accents."""

import re
import unicodedata
from collections import defaultdict
from functools import cache
from itertools import chain

_BLOCKS = chain(range(0xC0, 0x250), range(0x370, 0x530), range(0x1E00, 0x2000))
"""Latin, Greek and Cyrillic letters with marks."""
_LIKE = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "ς": "σ"}
"""Letters that no normal form takes apart."""
_PAIRS = {"ss": "ßẞ", "ae": "æÆäÄ", "oe": "œŒöÖ", "ue": "üÜ"}
"""Two letters that are also written as one."""
_MARKS = "[\u0300-\u036f]*"


def pattern_of(typed: str) -> str:
    """Return the pattern, for PostgreSQL's `~`, of a text that has these words in this order."""
    words = ["".join(_parts(_folded(word))) or re.escape(word) for word in typed.split()]
    return r"\s+".join(words)


def _parts(word: str) -> list[str]:
    parts, at = [], 0
    while at < len(word):
        pair = word[at : at + 2]
        if pair in _PAIRS:
            parts.append(f"(?:{''.join(map(_letter, pair))}|[{_PAIRS[pair]}])")
            at += 2
        else:
            parts.append(_letter(word[at]))
            at += 1
    return parts


def _letter(letter: str) -> str:
    """Return what stands for a letter however it is written, or for any other character alone."""
    if not letter.isalpha():
        return re.escape(letter)
    forms = {letter, letter.upper(), letter.lower(), *_variants().get(letter, ())}
    return f"[{''.join(sorted(form for form in forms if len(form) == 1))}]{_MARKS}"


@cache
def _variants() -> dict[str, list[str]]:
    """Return for each plain letter its forms with marks, in both cases."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for code in _BLOCKS:
        folded = _folded(chr(code))
        if len(folded) == 1 and folded != chr(code):
            found[folded].append(chr(code))
    return found


def _folded(text: str) -> str:
    """Return a text in lower case without marks."""
    apart = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    for letter, like in _LIKE.items():
        plain = plain.replace(letter, like)
    return plain.replace("ß", "ss").replace("æ", "ae").replace("œ", "oe")
