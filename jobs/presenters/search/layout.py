"""Where the steps of a search stand: generations from left to right, equal answers side by side in one lane.

Few steps are drawn one by one; of many, those that stand for the same answer in the same generation are one node with
their number. Nothing is scaled down: a picture of five thousand steps has about as many nodes as one of sixty.
"""

import math
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from jobs.presenters.search.descent import MUTE, Descent, descent_of
from jobs.presenters.search.lines import Anchors, lines_of
from jobs.presenters.search.marks import Mark, tone_of
from jobs.presenters.search.meetings import met
from jobs.presenters.search.picture import Column, Lane, Node, Picture
from jobs.presenters.search.rows import PITCH, Row, cells_of
from jobs.presenters.search.words import column_words, lane_kind, lane_label, lane_note, title_of

SINGLY = 60
"""So many steps are drawn one by one."""
_GENERATIONS, _GENERATIONS_OF_MANY = 7, 4
"""So many columns; what descends further stands in the last."""
_GAP = 60
_TO_MEETINGS = 46
_WORDS = 18
"""By how much `comparisons` is wider than `attempts`."""
_HEADER = 44
_LANE_GAP = 10
_LEAST_LANE = 34
_ROOT_X = 14
_MOST_INTO = 2
_LABEL = 140
_Cells = Mapping[tuple[int, str], Sequence[Row]]


def draw(marks: Sequence[Mark], shown: str | None = None) -> Picture | None:
    """Return the picture of steps in the order of telling; None: there is nothing to draw.

    `shown` is the key of the step whose answer is shown.
    """
    is_single = len(marks) <= SINGLY
    most = _GENERATIONS if is_single else _GENERATIONS_OF_MANY
    descent = descent_of(marks, shown, generations=most)
    if not descent.proposals:
        return None
    cells = cells_of(descent, is_single=is_single)
    centres, height = _centres(descent, cells)
    anchors, label_x = _anchors(descent, cells)
    most_nano = max(mark.charged_nano for mark in marks)
    nodes, node_of = _placed(descent, cells, centres, anchors, most_nano)
    meetings, of_meetings = met(descent, node_of, anchors, top=_HEADER + PITCH // 2, is_single=is_single)
    height = max([height, *(node.y + PITCH for node in meetings)])
    root_y = centres[descent.lanes[0]] + (centres[descent.lanes[-1]] - centres[descent.lanes[0]]) // 2
    label_of = {lane: (label_x, y) for lane, y in centres.items()}
    most_each = None if is_single else _MOST_INTO
    root = (_ROOT_X, root_y)
    edges = lines_of(descent, node_of, anchors, root=root, label_of=label_of, most_each=most_each)
    return Picture(
        width=label_x,
        height=height,
        label_width=_LABEL,
        root_x=_ROOT_X,
        root_y=root_y,
        columns=_columns(descent, anchors),
        lanes=_labels(descent, centres),
        nodes=(*nodes, *meetings),
        edges=(*of_meetings, *edges),
    )


def _centres(descent: Descent, cells: _Cells) -> tuple[dict[str, int], int]:
    """Return the middle of each lane, and where the lowest ends."""
    room = dict.fromkeys(descent.lanes, _LEAST_LANE)
    for (_, lane), rows in cells.items():
        room[lane] = max(room[lane], sum(row.height for row in rows))
    centres, y = {}, _HEADER
    for lane in descent.lanes:
        centres[lane] = y + room[lane] // 2
        y += room[lane] + _LANE_GAP
    return centres, y


def _anchors(descent: Descent, cells: _Cells) -> tuple[dict[int, Anchors], int]:
    """Return the columns of the generations, and where the labels begin."""
    meeting = {descent.meets_in(mark) for mark in descent.meetings}
    widths: defaultdict[int, int] = defaultdict(int)
    for (generation, _), rows in cells.items():
        widths[generation] = max(widths[generation], *(row.width for row in rows))
    anchors = {}
    x = _ROOT_X
    for generation in sorted(widths):
        left = x + _GAP + (_WORDS if generation - 1 in meeting else 0)
        right = left + widths[generation] - PITCH // 2
        x = right + _TO_MEETINGS if generation in meeting else right
        anchors[generation] = Anchors(left, right, x)
    return anchors, x + _GAP


def _placed(
    descent: Descent,
    cells: _Cells,
    centres: Mapping[str, int],
    anchors: Mapping[int, Anchors],
    most_nano: int,
) -> tuple[list[Node], dict[str, Node]]:
    """Return the nodes of proposals and of their checks, and the node of each proposal."""
    nodes: list[Node] = []
    node_of: dict[str, Node] = {}
    shown_lane = _shown_lane(descent)
    for (generation, lane), rows in cells.items():
        y = centres[lane] - sum(row.height for row in rows) // 2
        for number, row in enumerate(rows):
            for place, group in enumerate((*row.groups, *row.checks)):
                is_check = place >= len(row.groups)
                dx = PITCH * place + (row.first_room if is_check else 0)
                node = Node(
                    name=_name(group, generation, lane, number),
                    role=group[0].role,
                    tone=tone_of(group, agrees=not is_check and lane == shown_lane, is_mute=lane == MUTE),
                    x=anchors[generation].left,
                    dx=dx,
                    y=y + row.height // 2,
                    radius=_radius(group, most_nano, is_check=is_check),
                    marks=tuple(group),
                    title=title_of(group),
                    is_shown=any(mark.key == descent.shown for mark in group),
                    is_on_way=any(mark.key in descent.way for mark in group),
                )
                nodes.append(node)
                if not is_check:
                    node_of |= dict.fromkeys((mark.key for mark in group), node)
            y += row.height
    return nodes, node_of


def _name(group: Sequence[Mark], generation: int, lane: str, number: int) -> str:
    """Return a name that the same step or stack has in every picture of the job."""
    if len(group) == 1:
        return str(group[0].id)
    return f"{group[0].role}-{generation}-{zlib.crc32(lane.encode()):08x}-{number}"


def _radius(group: Sequence[Mark], most_nano: int, *, is_check: bool) -> int:
    """Return how large a node is: one step by its cost, many by their number."""
    if len(group) > 1:
        return 9 + 3 * (len(group) > 99) if is_check else min(20, 11 + int(1.3 * math.log2(len(group))))
    if is_check or not most_nano:
        return 6
    return 5 + math.isqrt(16 * max(group[0].charged_nano, 0) // most_nano)


def _columns(descent: Descent, anchors: Mapping[int, Anchors]) -> tuple[Column, ...]:
    """Return the heads: how many of what stand below."""
    below: defaultdict[int, list[Mark]] = defaultdict(list)
    for mark in descent.proposals:
        below[anchors[descent.generation[mark.key]].left].append(mark)
    for mark in descent.meetings:
        below[anchors[descent.meets_in(mark)].meetings].append(mark)
    return tuple(Column(x, len(marks), column_words(marks)) for x, marks in sorted(below.items()))


def _labels(descent: Descent, centres: Mapping[str, int]) -> tuple[Lane, ...]:
    shown_lane = _shown_lane(descent)
    members: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in descent.proposals:
        members[descent.lane[mark.key]].append(mark)
    return tuple(
        Lane(
            centres[lane],
            lane_label(lane, members[lane], descent),
            lane_note(lane, members[lane]),
            lane_kind(members[lane], is_shown=lane == shown_lane),
        )
        for lane in descent.lanes
    )


def _shown_lane(descent: Descent) -> str | None:
    return descent.lane[descent.shown] if descent.shown else None
