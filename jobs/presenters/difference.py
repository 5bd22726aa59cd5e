"""What changed from one text to another, word by word or line by line, in a time that is bounded."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

MOST_CHARS = 40_000
_MOST_PIECES = 4_000
"""Matching takes the square of their number at worst."""
_CONTEXT_LINES = 3
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


class Change(StrEnum):
    """What became of a piece."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"
    SKIPPED = "skipped"


class Piece(NamedTuple):
    """A run of text; of what is skipped, how many lines it is."""

    change: Change
    text: str
    lines: int = 0


def difference_of(before: str, after: str, *, by_lines: bool) -> list[Piece] | None:
    """Return the pieces in the order of reading: lines, or words and the space between.

    A text with too many words is compared by lines. None: both are too long to be compared.
    """
    if max(len(before), len(after)) > MOST_CHARS:
        return None
    if not by_lines:
        words = [_WORDS.findall(text) for text in (before, after)]
        if max(map(len, words)) <= _MOST_PIECES:
            return _matched(*words)
    lines = [text.splitlines(keepends=True) for text in (before, after)]
    if max(map(len, lines)) > _MOST_PIECES:
        return None
    return _without_the_rest(_matched(*(_ended(some) for some in lines)))


def _ended(lines: list[str]) -> list[str]:
    return [*lines[:-1], f"{lines[-1].rstrip('\r\n')}\n"] if lines else lines


def _matched(before: Sequence[str], after: Sequence[str]) -> list[Piece]:
    pieces = []
    for operation, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        if operation == "equal":
            pieces.append(Piece(Change.KEPT, "".join(before[a:b])))
            continue
        pieces.append(Piece(Change.REMOVED, "".join(before[a:b])))
        pieces.append(Piece(Change.ADDED, "".join(after[c:d])))
    return [piece for piece in pieces if piece.text]


def _without_the_rest(pieces: Sequence[Piece]) -> list[Piece]:
    """Leave out what is far from any change."""
    shown: list[Piece] = []
    for number, piece in enumerate(pieces):
        lines = piece.text.splitlines(keepends=True)
        head = _CONTEXT_LINES if number else 0
        tail = _CONTEXT_LINES if number < len(pieces) - 1 else 0
        left_out = len(lines) - head - tail
        if piece.change is not Change.KEPT or left_out <= 1:
            shown.append(piece)
            continue
        if head:
            shown.append(Piece(Change.KEPT, "".join(lines[:head])))
        shown.append(Piece(Change.SKIPPED, "", left_out))
        if tail:
            shown.append(Piece(Change.KEPT, "".join(lines[-tail:])))
    return shown


def is_the_same(pieces: Sequence[Piece]) -> bool:
    """Tell whether nothing was removed or added."""
    return all(piece.change in {Change.KEPT, Change.SKIPPED} for piece in pieces)
