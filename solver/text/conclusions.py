"""Conclusions of texts: whether two are put the same way, and what a model says of which come to the same.

Time linear in what a model wrote; nothing raises.
"""

import re
import unicodedata

from solver.text.extract import said_aloud

MAX_GROUPED_CHARS = 20_000
"""What is read of a reply; the rest of a longer one is ignored."""
_LONGEST_NUMBER = 4
_NOT_WORDS = re.compile(r"[\W_]+")
_GROUP = re.compile(
    r"^[ \t>*_#+-]{0,8}group(?:[ *_`]{1,4}(?:[0-9]{1,4}|[a-z]))?[ *_`]{0,4}[:\uff1a]", re.IGNORECASE
)
_OPENING = re.compile(r"[ \t*_`(\[{#]{0,8}")
_BETWEEN = re.compile(r"(?:[ \t,;&*_`#]|and\b){0,8}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")


def same_wording(conclusion: str) -> str:
    """Return a conclusion without case, punctuation and spacing: equal ones are the same whatever a model says."""
    folded = unicodedata.normalize("NFKC", conclusion).casefold()
    # Of what is all signs, such as a formula, the signs are what it says.
    return _NOT_WORDS.sub(" ", folded).strip() or folded.strip()


def read_groups(text: str, count: int) -> list[list[int]] | None:
    """Return which of the conclusions 0 to `count` − 1 come to the same, or None where a reply says nothing of it.

    A number that was given twice belongs where it stood first; numbers that do not exist are left out.
    """
    found: list[list[int]] = []
    seen: set[int] = set()
    for line in said_aloud(text)[:MAX_GROUPED_CHARS].splitlines():
        if head := _GROUP.match(line):
            numbers = [number - 1 for number in _numbers(line, head.end())]
            group = [each for each in dict.fromkeys(numbers) if 0 <= each < count and each not in seen]
            seen.update(group)
            found.append(group)
    return [group for group in found if group] or None


def _numbers(line: str, at: int) -> list[int]:
    """Return the numbers that a line lists from a place on, up to the first that is something else."""
    found: list[int] = []
    before = _OPENING.match(line, at)
    while before and (number := _DIGITS.match(line, before.end())):
        if len(number[0]) <= _LONGEST_NUMBER:
            found.append(int(number[0]))
        before = _BETWEEN.match(line, number.end())
    return found
