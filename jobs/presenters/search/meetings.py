"""What concerns several proposals at once: comparisons, and runs of programs. They stand right of their generation."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from jobs.presenters.search.descent import Descent
from jobs.presenters.search.lines import Anchors, curve, weight_of
from jobs.presenters.search.marks import PLAIN, Mark, Role
from jobs.presenters.search.picture import Edge, Node
from jobs.presenters.search.rows import PITCH
from jobs.presenters.search.words import title_of

_MOST_NODES = 10
_MOST_LINES = 8
_Group = tuple[int, Role, tuple[str, ...]]


def met(
    descent: Descent,
    node_of: Mapping[str, Node],
    anchors: Mapping[int, Anchors],
    *,
    top: int,
    is_single: bool,
) -> tuple[list[Node], list[Edge]]:
    """Return comparisons and runs with a line to each node that they concern.

    Those of the same nodes are one; all of a generation are, where they are many.
    """
    groups: defaultdict[_Group, list[Mark]] = defaultdict(list)
    for mark in descent.meetings:
        about = tuple(sorted({node_of[key].name for key in mark.parents if key in node_of}))
        groups[descent.meets_in(mark), mark.role, about].append(mark)
    sizes = Counter(generation for generation, *_ in groups)
    merged: defaultdict[_Group, list[Mark]] = defaultdict(list)
    for (generation, role, about), marks in groups.items():
        is_apart = is_single and sizes[generation] <= _MOST_NODES
        merged[generation, role, about if is_apart else ()] += marks
    nodes: list[Node] = []
    edges: list[Edge] = []
    for generation in sizes:
        mine = {group: marks for group, marks in merged.items() if group[0] == generation}
        involved = {group: _involved(marks, node_of) for group, marks in mine.items()}
        aims = sorted((_middle(some), group) for group, some in involved.items())
        for y, (_, group) in zip(_apart([y for y, _ in aims], top), aims, strict=True):
            end = (anchors[generation].meetings, y)
            nodes.append(_node(mine[group], end, group))
            edges += _lines(mine[group], involved[group], node_of, anchors, end)
    return nodes, edges


def _involved(marks: Sequence[Mark], node_of: Mapping[str, Node]) -> list[tuple[Node, int]]:
    """Return the nodes that they concern most, and how often."""
    nodes = {node_of[key].name: node_of[key] for mark in marks for key in mark.parents if key in node_of}
    counts = Counter(node_of[key].name for mark in marks for key in mark.parents if key in node_of)
    return [(nodes[name], count) for name, count in counts.most_common(_MOST_LINES)]


def _middle(involved: Sequence[tuple[Node, int]]) -> int:
    return sum(node.y * count for node, count in involved) // sum(count for _, count in involved)


def _apart(wanted: Sequence[int], top: int) -> list[int]:
    """Return places about the wanted ones, in their order, none closer to another than the pitch."""
    places: list[int] = []
    for y in wanted:
        places.append(max(y, places[-1] + PITCH if places else top))
    # Back up by half of what they were pushed down.
    over = (places[-1] - wanted[-1]) // 2
    return [y - min(over, places[0] - top) for y in places]


def _node(marks: Sequence[Mark], place: tuple[int, int], group: _Group) -> Node:
    generation, role, about = group
    return Node(
        name=str(marks[0].id)
        if len(marks) == 1
        else f"{role}-{generation}-{zlib.crc32(''.join(about).encode()):08x}",
        role=role,
        tone=PLAIN,
        x=place[0],
        dx=0,
        y=place[1],
        radius=7 if len(marks) == 1 else 10 + 3 * (len(marks) > 99),
        marks=tuple(marks),
        title=title_of(marks),
    )


def _lines(
    marks: Sequence[Mark],
    involved: Sequence[tuple[Node, int]],
    node_of: Mapping[str, Node],
    anchors: Mapping[int, Anchors],
    end: tuple[int, int],
) -> list[Edge]:
    """Return a line from each node; green from one that won more than half of its comparisons."""
    wins = Counter(
        node_of[mark.parents[mark.better]].name
        for mark in marks
        if mark.better is not None
        and mark.better < len(mark.parents)
        and mark.parents[mark.better] in node_of
    )
    right_of = {each.left: each.right for each in anchors.values()}
    return [
        Edge(
            curve((node.x, node.y), right_of[node.x], end),
            weight_of(count),
            "won" if 2 * wins[node.name] > count else "met",
        )
        for node, count in involved
    ]
