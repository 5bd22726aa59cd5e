"""Which steps of a search are drawn one by one and which together, and how they stand beside each other."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jobs.presenters.search.descent import Descent
from jobs.presenters.search.marks import Mark

PITCH = 24
"""Between the middles of neighbours, in pixels: what WCAG asks for targets."""
_STACK_PITCH = 44
_MOST_ROWS = 10
_MOST_IN_ROW = 4
_CAPACITY = 12
_CHECKS_SINGLY = 3


@dataclass(frozen=True, slots=True)
class Row:
    """Steps beside each other: each group is a node, `checks` stand to the right of the only one."""

    groups: tuple[tuple[Mark, ...], ...]
    checks: tuple[tuple[Mark, ...], ...] = ()

    @property
    def height(self) -> int:
        """How much room it takes, in pixels."""
        return PITCH if all(len(group) == 1 for group in self.groups) else _STACK_PITCH

    @property
    def width(self) -> int:
        """How far its last node stands from its first, and what lies around both."""
        return PITCH * (len(self.groups) + len(self.checks)) + 2 * self.first_room

    @property
    def first_room(self) -> int:
        """How much more room the first node takes than others, at each of its sides."""
        return (self.height - PITCH) // 2


def cells_of(descent: Descent, *, is_single: bool) -> dict[tuple[int, str], list[Row]]:
    """Return the rows of each lane in each generation."""
    members: defaultdict[tuple[int, str], list[Mark]] = defaultdict(list)
    for mark in descent.proposals:
        members[descent.generation[mark.key], descent.lane[mark.key]].append(mark)
    parents = {key for above in descent.parents.values() for key in above}
    parents |= {key for mark in descent.meetings for key in mark.parents}
    by_generation: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for (generation, _), marks in members.items():
        roomy = sum(_is_roomy(mark, descent, parents) for mark in marks)
        by_generation[generation].append((roomy, len(marks) - roomy))
    rows: dict[tuple[int, str], list[Row]] = {}
    for (generation, lane), marks in members.items():
        in_row = _in_row(by_generation[generation])
        few = is_single and len(marks) <= _CAPACITY
        rows[generation, lane] = (
            _singly(marks, descent, parents, in_row)
            if few
            else _together(marks, descent, is_single=is_single)
        )
    return rows


def _is_roomy(mark: Mark, descent: Descent, parents: set[str]) -> bool:
    """Tell whether a line or a check leads away from a step, so that it has a row of its own."""
    return mark.key in parents or mark.key in descent.checks or mark.key in descent.way


def _in_row(cells: Iterable[tuple[int, int]]) -> int:
    """Return how many steps that lead to nothing else stand in a row, so that there are not too many rows."""
    cells = list(cells)
    for most in range(1, _MOST_IN_ROW):
        if sum(roomy + math.ceil(plain / most) for roomy, plain in cells) <= _MOST_ROWS:
            return most
    return _MOST_IN_ROW


def _singly(marks: Sequence[Mark], descent: Descent, parents: set[str], in_row: int) -> list[Row]:
    rows = []
    plain = []
    for mark in marks:
        if _is_roomy(mark, descent, parents):
            rows.append(Row(((mark,),), _checks(descent.checks.get(mark.key, ()))))
        else:
            plain.append((mark,))
    return rows + [Row(tuple(plain[at : at + in_row])) for at in range(0, len(plain), in_row)]


def _together(marks: Sequence[Mark], descent: Descent, *, is_single: bool) -> list[Row]:
    """Return what is on the way to the shown answer by itself, and all others as one node."""
    most = _CHECKS_SINGLY if is_single else 1
    rows = []
    others = []
    for mark in marks:
        if mark.key in descent.way:
            rows.append(Row(((mark,),), _checks(descent.checks.get(mark.key, ()), most)))
        else:
            others.append(mark)
    if others:
        checks = [each for mark in others for each in descent.checks.get(mark.key, ())]
        rows.append(Row((tuple(others),), _checks(checks, most)))
    return rows


def _checks(checks: Sequence[Mark], most: int = _CHECKS_SINGLY) -> tuple[tuple[Mark, ...], ...]:
    """Return checks one by one, or all as one node where they are many."""
    if len(checks) <= most:
        return tuple((check,) for check in checks)
    return (tuple(checks),)
