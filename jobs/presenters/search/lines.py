"""The lines of the picture of a search: from the problem to the attempts, from parents to children, to the answers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from jobs.presenters.search.descent import OTHERS, Descent
from jobs.presenters.search.picture import Edge, Node

Point = tuple[int, int]
_ANSWERED = ("=", OTHERS)


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


def lines_of(
    descent: Descent,
    node_of: Mapping[str, Node],
    anchors: Mapping[int, Anchors],
    *,
    root: Point,
    label_of: Mapping[str, Point],
    most_each: int | None,
) -> tuple[Edge, ...]:
    """Return the lines, those of the way to the shown answer last, so that they lie above the others.

    `most_each` limits how many come into each node from above, the thickest of them.
    """
    counts: Counter[_Line] = Counter()
    strong: set[_Line] = set()
    childless = set(descent.generation).difference(*descent.parents.values())
    for mark in descent.proposals:
        node, column, on_way = node_of[mark.key], descent.generation[mark.key], mark.key in descent.way
        ends = (anchors[column].left, node.y)
        parents = descent.parents[mark.key]
        found = [] if parents else [(_Line(root, root[0], ends), on_way)]
        for key in parents:
            parent, above = node_of[key], anchors[descent.generation[key]]
            if above.left != ends[0]:
                start = (above.left, parent.y)
                found.append((_Line(start, above.right, ends), on_way and key in descent.way))
        is_last = mark.key == descent.shown
        if (mark.key in childless or is_last) and descent.lane[mark.key].startswith(_ANSWERED):
            found.append((_Line(ends, anchors[column].right, label_of[mark.key]), is_last))
        for line, is_strong in found:
            counts[line] += 1
            if is_strong:
                strong.add(line)
    kept = _thickest(counts, label_of, most_each) if most_each else counts
    faint = [Edge(line.path, weight_of(count)) for line, count in kept.items() if line not in strong]
    return (*faint, *(Edge(line.path, weight_of(counts[line]), "way") for line in counts if line in strong))


def _thickest(counts: Counter[_Line], label_of: Mapping[str, Point], most_each: int) -> dict[_Line, int]:
    """Return the lines to labels, and of the others the thickest into each node."""
    labels = set(label_of.values())
    taken: Counter[Point] = Counter()
    kept = {}
    for line, count in counts.most_common():
        if line.end in labels or taken[line.end] < most_each:
            taken[line.end] += 1
            kept[line] = count
    return kept
