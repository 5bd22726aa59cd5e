"""The small picture of a search, for lists: how attempts fan out and which answers they come to, without words."""

from collections import Counter
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from jobs.presenters.search.descent import MUTE, Descent, descent_of
from jobs.presenters.search.lines import Point, curve, weight_of
from jobs.presenters.search.marks import Mark, tone_of

WIDTH, HEIGHT = 120, 40
_MARGIN = 5
_GENERATIONS, _LANES = 3, 5
_MOST_LINES = 40


class Outline(TypedDict):
    """What is stored with an ended job: lines as [path, weight, is strong], dots as [x, y, radius, style]."""

    root_y: NotRequired[int]
    lines: NotRequired[list[tuple[str, int, bool]]]
    dots: NotRequired[list[tuple[int, int, int, str]]]


def outline_of(marks: Sequence[Mark], shown: str | None) -> Outline:
    """Return the small picture of steps in the order of telling; empty where nothing was proposed."""
    descent = descent_of(marks, shown, generations=_GENERATIONS, lanes=_LANES)
    if not descent.proposals:
        return {}
    place = _places(descent)
    root, root_y = _MARGIN, sum({y for _, y in place.values()}) // len({y for _, y in place.values()})
    ends = {lane: (WIDTH - _MARGIN, y) for (_, lane), (_, y) in place.items()}
    members: dict[Point, list[Mark]] = {}
    lines: Counter[str] = Counter()
    strong: dict[str, None] = {}
    childless = set(descent.generation).difference(*descent.parents.values())
    for mark in descent.proposals:
        lane = descent.lane[mark.key]
        here = place[descent.generation[mark.key], lane]
        members.setdefault(here, []).append(mark)
        above = [
            (place[descent.generation[key], descent.lane[key]], key) for key in descent.parents[mark.key]
        ]
        is_on_way = mark.key in descent.way
        paths = [
            (curve(start, 0, here), is_on_way and key in descent.way)
            for start, key in above or [((root, root_y), mark.key)]
            if start[0] < here[0]
        ]
        if mark.key == descent.shown or (mark.key in childless and lane.startswith("=")):
            paths.append((curve(here, 0, ends[lane]), mark.key == descent.shown))
        for path, is_strong in paths:
            lines[path] += 1
            if is_strong:
                strong[path] = None
    shown_lane = descent.lane.get(descent.shown or "")
    thin = [path for path, _ in lines.most_common(_MOST_LINES) if path not in strong]
    return {
        "root_y": root_y,
        "lines": [
            *((path, min(3, weight_of(lines[path])), False) for path in thin),
            *((path, 2, True) for path in strong),
        ],
        "dots": [
            (*here, min(5, 2 + len(some).bit_length() // 3), _style(some, descent, shown_lane))
            for here, some in members.items()
        ],
    }


def _places(descent: Descent) -> dict[tuple[int, str], Point]:
    """Return where each lane of each generation stands."""
    columns = 2 + max(descent.generation.values())
    rows = max(1, len(descent.lanes) - 1)
    height = HEIGHT - 2 * _MARGIN
    y_of = {
        lane: _MARGIN + (height * at // rows if len(descent.lanes) > 1 else height // 2)
        for at, lane in enumerate(descent.lanes)
    }
    return {
        (generation, lane): (_MARGIN + (generation + 1) * (WIDTH - 2 * _MARGIN) // columns, y_of[lane])
        for generation, lane in {
            (descent.generation[mark.key], descent.lane[mark.key]) for mark in descent.proposals
        }
    }


def _style(marks: Sequence[Mark], descent: Descent, shown_lane: str | None) -> str:
    lane = descent.lane[marks[0].key]
    return tone_of(marks, agrees=lane == shown_lane, is_mute=lane == MUTE).style
