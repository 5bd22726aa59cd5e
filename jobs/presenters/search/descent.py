"""Who descends from whom in a search, and which answer each step stands for: columns and lanes of its picture."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs.presenters.search.marks import Mark, Role, State

MOST_LANES = 8
_MOST_ANCESTORS = 12

PARTS, OTHERS, MUTE, RUNNING = "parts", "others", "mute", "running"
"""Lanes that stand for no single answer; those of answers begin with `=`."""


@dataclass(frozen=True, slots=True)
class Descent:
    """What was proposed, each with its generation and lane, and what was said about it.

    `checks` are those of one proposal, by its key; `meetings` concern several. Lanes are in their order from the top.
    """

    proposals: tuple[Mark, ...]
    generation: Mapping[str, int]
    lane: Mapping[str, str]
    lanes: tuple[str, ...]
    parents: Mapping[str, tuple[str, ...]]
    checks: Mapping[str, tuple[Mark, ...]]
    meetings: tuple[Mark, ...]
    shown: str | None
    way: frozenset[str]
    """The keys on the way to the proposal whose answer is shown, and that one's key, if it is known."""

    def meets_in(self, mark: Mark) -> int:
        """Return in which generation a comparison or run of several stands: right of the youngest."""
        return max(self.generation[key] for key in mark.parents if key in self.generation)


def descent_of(
    marks: Sequence[Mark], shown: str | None, *, generations: int, lanes: int = MOST_LANES
) -> Descent:
    """Return who descends from whom, of steps in the order of telling; `shown` is the key of the shown answer's step.

    Each draft has a lane of its own, and so has what descends from it.
    """
    proposals = tuple(mark for mark in marks if mark.role.proposes)
    known = {mark.key: mark for mark in proposals}
    parents = _parents(proposals, known)
    generation: dict[str, int] = {}
    for mark in proposals:
        above = max((generation.get(key, -1) for key in parents[mark.key]), default=-1)
        generation[mark.key] = min(above + 1, generations - 1)
    checks: defaultdict[str, list[Mark]] = defaultdict(list)
    meetings = []
    for mark in marks:
        if mark.key == shown and not mark.role.proposes:
            # What a program printed is the answer of the program.
            shown = next((key for key in mark.parents if key in known), shown)
    for mark in marks:
        about = [key for key in mark.parents if key in known]
        if mark.role is Role.CHECK or (mark.role is Role.TOOL and len(about) == 1):
            if about:
                checks[about[0]].append(mark)
        elif not mark.role.proposes and about:
            meetings.append(mark)
    shown = shown if shown in known else None
    lane = _lanes(proposals, parents, checks)
    order, lane = _most_voted(proposals, lane, lane.get(shown or ""), lanes)
    return Descent(
        proposals,
        generation,
        lane,
        order,
        parents,
        {key: tuple(each) for key, each in checks.items()},
        tuple(meetings),
        shown,
        frozenset(_way(shown, parents)),
    )


def _parents(proposals: Sequence[Mark], known: Mapping[str, Mark]) -> dict[str, tuple[str, ...]]:
    """Return the parents of each that are known; parts descend from the split, and what combines parts from them."""
    split: str | None = None
    parts: list[str] = []
    continued: set[str] = set()
    found: dict[str, tuple[str, ...]] = {}
    for mark in proposals:
        parents = tuple(key for key in mark.parents if key in known)
        if mark.is_part:
            continued.update(parents)
            parents = parents or ((split,) if split else ())
            parts.append(mark.key)
        elif mark.role is Role.SETUP:
            split = mark.key
        elif mark.role is Role.MERGE and not parents:
            parents = tuple(key for key in parts if key not in continued)
        found[mark.key] = parents
    return found


def _way(shown: str | None, parents: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the keys from the shown answer back to where it began."""
    seen: set[str] = set()
    front = [shown] if shown else []
    while front and len(seen) < _MOST_ANCESTORS:
        key = front.pop(0)
        if key not in seen:
            seen.add(key)
            yield key
            front += parents.get(key, ())


def _lanes(
    proposals: Sequence[Mark],
    parents: Mapping[str, tuple[str, ...]],
    checks: Mapping[str, Sequence[Mark]],
) -> dict[str, str]:
    are_texts = any(mark.role is Role.DRAFT for mark in proposals)
    lane: dict[str, str] = {}
    for mark in proposals:
        above = lane.get(parents[mark.key][0]) if parents[mark.key] else None
        # What a program printed is its answer.
        group = mark.group or _printed(checks.get(mark.key, ()))
        if mark.is_part or mark.role is Role.SETUP:
            lane[mark.key] = PARTS
        elif group:
            lane[mark.key] = f"={group}"
        elif mark.state is State.OPEN:
            lane[mark.key] = above if above and above != PARTS else RUNNING
        elif mark.state is State.OK and mark.role is Role.DRAFT:
            lane[mark.key] = f"={mark.key}"
        elif mark.state is State.OK and above and (are_texts or mark.role is Role.WRITE_UP):
            lane[mark.key] = above
        else:
            lane[mark.key] = MUTE
    turns = {mark.key for mark in proposals if mark.role is Role.TURN}
    for mark in reversed(proposals):
        # A turn leads to what its attempt comes to.
        lane |= dict.fromkeys(turns.intersection(parents[mark.key]), lane[mark.key])
    return lane


def _printed(checks: Sequence[Mark]) -> str:
    return next((each.group for each in checks if each.group), "")


def _most_voted(
    proposals: Sequence[Mark], lane: dict[str, str], shown: str | None, most: int
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the lanes from the top, and each step's: answers in the order in which they came, the rare ones together.

    So a step more moves no lane past another.
    """
    votes = Counter(lane[mark.key] for mark in proposals)
    answers = [name for name in dict.fromkeys(lane[mark.key] for mark in proposals) if name.startswith("=")]
    kept = set(sorted(answers, key=lambda name: (name != shown, -votes[name]))[:most])
    if len(answers) - len(kept) == 1:
        kept = set(answers)
    lane = {key: name if name in kept or not name.startswith("=") else OTHERS for key, name in lane.items()}
    used = set(lane.values())
    order = [PARTS, *(name for name in answers if name in kept), OTHERS, MUTE, RUNNING]
    return tuple(name for name in order if name in used), lane
