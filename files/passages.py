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
from solver.core.attached import AttachedFile, AttachedPicture, Passage

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


def chosen_passages(
    files: Sequence[ReadFile], problem: str, *, most_bytes: int, rank: bool = True
) -> tuple[AttachedFile, ...]:
    """Return the files with as many passages as `most_bytes` of UTF-8 hold, short files whole before the others.

    Without `rank` the first ones are taken: as large, and at once, for a quote.
    """
    pieces = [_Piece(at, passage) for at, file in enumerate(files) for passage in passages_of(file.pages)]
    sizes = [sum(piece.size for piece in pieces if piece.file == at) for at in range(len(files))]
    order: Sequence[int] = range(len(pieces))
    if rank and sum(sizes) > most_bytes:
        order = ranked([piece.passage.text for piece in pieces], problem)
    # A short file goes along whole: its share is that of every file.
    short = {at for at, size in enumerate(sizes) if size * len(files) <= most_bytes}
    order = sorted(order, key=lambda index: pieces[index].file not in short)
    kept, left = set[int](), most_bytes
    for index in order:
        if pieces[index].size <= left:
            kept.add(index)
            left -= pieces[index].size
    return tuple(
        AttachedFile(
            file.name,
            file.summary,
            tuple(piece.passage for index, piece in enumerate(pieces) if index in kept and piece.file == at),
            is_whole=all(index in kept for index, piece in enumerate(pieces) if piece.file == at),
            sha256=file.sha256,
            pictures=file.pictures,
        )
        for at, file in enumerate(files)
    )


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


def ranked(texts: Sequence[str], query: str) -> list[int]:
    """Return the indices of the texts, the one that matches the query best first (BM25); equal ones in their order."""
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
    return sorted(range(len(texts)), key=lambda index: (-scores[index], index))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
