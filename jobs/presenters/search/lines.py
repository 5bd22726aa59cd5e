"""The lines of the picture of a search: from the problem to the attempts, from parents to children, to the answers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from jobs.presenters.search.descent import OTHERS, Descent
from jobs.presenters.search.picture import Edge, Node

Point = tuple[int, int]
_ANSWERED = ("=", OTHERS)
_ROOT = ""


@dataclass(frozen=True, slots=True)
class Anchors:
    """Where lines enter the column of a generation and where they leave it, and where its meetings stand."""

    left: int
    right: int
    meetings: int


class _Line(NamedTuple):
    start: Point
    bend_x: int
    end: Point

    @property
    def path(self) -> str:
        return curve(self.start, self.bend_x, self.end)


def curve(start: Point, bend_x: int, end: Point) -> str:
    """Return a line that goes straight to `bend_x`, and from there in a curve to its end."""
    (x, y), (to_x, to_y) = start, end
    head = f"M{x} {y}" + (f"H{bend_x}" if bend_x > x else "")
    if y == to_y:
        return f"{head}H{to_x}"
    middle = (max(x, bend_x) + to_x) // 2
    return f"{head}C{middle} {y} {middle} {to_y} {to_x} {to_y}"


def weight_of(count: int) -> int:
    """Return how thick a line is that stands for so many steps."""
    return min(5, (count + 1).bit_length() // 2 + 1)


class _Lines:
    """Lines by what they join, each counted; those of steps that stand in one row are the same."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lines: dict[tuple[str, str], _Line] = {}
        self._strong: set[_Line] = set()

    def add(self, ends: tuple[str, str], start: Point, bend_x: int, end: Point, *, is_strong: bool) -> None:
        """Count a line; `ends` names what it joins."""
        self._counts[ends] += 1
        if ends not in self._lines:
            self._lines[ends] = _Line(start, bend_x, end)
        if is_strong:
            self._strong.add(self._lines[ends])

    def edges(self, labels: frozenset[Point], most_each: int | None) -> tuple[Edge, ...]:
        """Return the lines, the strong ones last, so that they lie above the others."""
        counts: Counter[_Line] = Counter()
        for ends, count in self._counts.items():
            counts[self._lines[ends]] += count
        kept = _thickest(counts, labels, most_each) if most_each else counts
        faint = [
            Edge(line.path, weight_of(count)) for line, count in kept.items() if line not in self._strong
        ]
        strong = [line for line in counts if line in self._strong]
        return (*faint, *(Edge(line.path, weight_of(counts[line]), "way") for line in strong))


def lines_of(
    descent: Descent,
    node_of: Mapping[str, Node],
    anchors: Mapping[int, Anchors],
    *,
    root: Point,
    label_of: Mapping[str, Point],
    most_each: int | None,
) -> tuple[Edge, ...]:
    """Return the lines from the root, between proposals, and to the labels of lanes.

    `most_each` limits how many come into each node from above, the thickest of them.
    """
    lines = _Lines()
    childless = set(descent.generation).difference(*descent.parents.values())
    for mark in descent.proposals:
        key, lane = mark.key, descent.lane[mark.key]
        node, column, on_way = node_of[key], anchors[descent.generation[key]], key in descent.way
        place = (column.left, node.y)
        if not descent.parents[key]:
            lines.add((_ROOT, node.name), root, root[0], place, is_strong=on_way)
        for above in descent.parents[key]:
            parent = node_of[above]
            if parent.x != column.left:
                bend_x, is_strong = anchors[descent.generation[above]].right, on_way and above in descent.way
                lines.add((parent.name, node.name), (parent.x, parent.y), bend_x, place, is_strong=is_strong)
        is_last = key == descent.shown
        if (key in childless or is_last) and lane.startswith(_ANSWERED):
            lines.add((node.name, lane), place, column.right, label_of[lane], is_strong=is_last)
    return lines.edges(frozenset(label_of.values()), most_each)


def _thickest(counts: Counter[_Line], labels: frozenset[Point], most_each: int) -> dict[_Line, int]:
    """Return the lines to labels, and of the others the thickest into each node."""
    taken: Counter[Point] = Counter()
    kept = {}
    for line, count in counts.most_common():
        if line.end in labels or taken[line.end] < most_each:
            taken[line.end] += 1
            kept[line] = count
    return kept
