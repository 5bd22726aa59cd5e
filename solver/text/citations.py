"""Citations in a text: `[3]` after a sentence names the third passage that was read. Linear; never raises."""

import re
from collections.abc import Iterator

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
_ENDS = r".,;!?)\]\"”’*%“‘»›…。、，；！？）」』" + UNSPACED
_CITED = (
    rf"(?P<space>[ \u00a0]?)(?:(?<=[\w{_ENDS}][ \u00a0])|(?<=[{_ENDS}]))"
    r"\[(?P<number>[0-9]{1,4})\](?![(:]|\[[^0-9])"
)
_PARTS = re.compile("|".join([*_NO_PROSE, _CITED]), re.MULTILINE)
_MOST_CHARS = 400_000


def cited(text: str) -> Iterator[int]:
    """Yield the numbers that a text cites, in its order."""
    for part in _PARTS.finditer(text[:_MOST_CHARS]):
        if part["number"]:
            yield int(part["number"])


def invented(text: str, known: int) -> int:
    """Return how many citations of a text name none of the passages 1 to `known`; 0 where there are none to cite."""
    return sum(not 0 < number <= known for number in cited(text)) if known else 0


def without_invented(text: str, known: int) -> str:
    """Return a text without citations of passages that nobody read; as it is where there are none to cite."""

    def kept(part: re.Match[str]) -> str:
        number = part["number"]
        return part[0] if not number or 0 < int(number) <= known else ""

    return _PARTS.sub(kept, text) if known and len(text) <= _MOST_CHARS else text
