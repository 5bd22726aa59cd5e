"""Which passages of the files go into the prompts: all where they are short, else those that the problem's words name.

Ranked by BM25: rare words of the problem weigh more, and a long passage does not win by its length. What is
chosen depends on the problem and the files alone.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from files.extraction.content import Page
from solver.core.problem.attached import AttachedFile, AttachedPicture, Passage

PASSAGE_CHARS = 1_500
_OVERHEAD_CHARS = 60
"""What a passage's tags take."""
_WORD = re.compile(r"\w{2,40}")
_K1, _B = 1.5, 0.75


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as it was read."""

    name: str
    summary: str
    sha256: str
    pages: tuple[Page, ...]
    pictures: tuple[AttachedPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    file: int
    passage: Passage

    @property
    def size(self) -> int:
        return len(self.passage.text.encode("utf-8", "replace")) + _OVERHEAD_CHARS


class Chooser:
    """Chooses among the passages of some files as often as asked; they are cut and ranked once."""

    def __init__(self, files: Sequence[ReadFile], problem: str, *, rank: bool = True) -> None:
        """Rank by the words of the problem; without `rank` the first count most, for a quote: as large, and at once."""
        self._files = files
        self._pieces = [
            _Piece(at, passage) for at, file in enumerate(files) for passage in passages_of(file.pages)
        ]
        self._sizes = [0] * len(files)
        for piece in self._pieces:
            self._sizes[piece.file] += piece.size
        indices = list(range(len(self._pieces)))
        self._order = ranked([piece.passage.text for piece in self._pieces], problem) if rank else indices

    def within(self, most_bytes: int) -> tuple[AttachedFile, ...]:
        """Return the files with as many passages as `most_bytes` of UTF-8 hold, short files whole before the others."""
        # A file is short that has no more than its share of the room.
        short = {at for at, size in enumerate(self._sizes) if size * len(self._files) <= most_bytes}
        kept, left = [list[int]() for _ in self._files], most_bytes
        for index in sorted(self._order, key=lambda index: self._pieces[index].file not in short):
            piece = self._pieces[index]
            if piece.size <= left:
                kept[piece.file].append(index)
                left -= piece.size
        return tuple(self._told(at, sorted(indices)) for at, indices in enumerate(kept))

    def _told(self, at: int, indices: Sequence[int]) -> AttachedFile:
        file, passages = self._files[at], tuple(self._pieces[index].passage for index in indices)
        size = sum(self._pieces[index].size for index in indices)
        whole = size == self._sizes[at]
        return AttachedFile(file.name, file.summary, passages, whole, file.sha256, file.pictures)


def passages_of(pages: Sequence[Page]) -> Iterator[Passage]:
    """Return the pages in pieces of whole lines; a text without pages is told by its lines."""
    for page in pages:
        line = 1
        for text in _pieces(page.text):
            lines = text.count("\n") + 1
            yield Passage(page.where or f"lines {line}–{line + lines - 1}", text)
            line += lines


def _pieces(text: str) -> Iterator[str]:
    """Return a text in pieces of PASSAGE_CHARS at most, cut between lines where it has some."""
    taken, size = list[str](), 0
    for line in text.split("\n"):
        for start in range(0, max(len(line), 1), PASSAGE_CHARS):
            part = line[start : start + PASSAGE_CHARS]
            if taken and size + len(part) > PASSAGE_CHARS:
                yield "\n".join(taken)
                taken, size = [], 0
            taken.append(part)
            size += len(part) + 1
    if any(part.strip() for part in taken):
        yield "\n".join(taken)


def ranked(texts: Sequence[str], query: str, *, matching: bool = False) -> list[int]:
    """Return the indices of the texts, the one that matches the query best first (BM25); equal ones in their order.

    `matching` leaves out those that have none of its words.
    """
    wanted = set(_words(query))
    counts = [Counter(word for word in _words(text) if word in wanted) for text in texts]
    lengths = [len(text) for text in texts]
    mean = sum(lengths) / max(len(lengths), 1) or 1.0
    in_how_many = Counter(word for count in counts for word in count)

    def score(index: int) -> float:
        norm = _K1 * (1 - _B + _B * lengths[index] / mean)
        return sum(
            math.log(1 + (len(texts) - in_how_many[word] + 0.5) / (in_how_many[word] + 0.5))
            * often
            * (_K1 + 1)
            / (often + norm)
            for word, often in sorted(counts[index].items())
        )

    scores = [score(index) for index in range(len(texts))]
    indices = (index for index in range(len(texts)) if scores[index] or not matching)
    return sorted(indices, key=lambda index: (-scores[index], index))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
