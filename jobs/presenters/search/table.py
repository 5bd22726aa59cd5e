"""The picture of a search as a table: one row for each of its nodes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from jobs.presenters.search.marks import Mark, Role, State
from jobs.presenters.search.picture import Node, Picture
from jobs.presenters.search.words import NOUNS, what_of
from solver.inference.explanation import count_of

_MOST_NAMED = 3


class TableRow(NamedTuple):
    """What a node of the picture shows, in words."""

    node: Node
    what: str
    kind: str
    origin: str
    answer: str
    verdict: str
    charged_nano: int


def rows_of(picture: Picture, marks: Sequence[Mark]) -> Iterator[TableRow]:
    """Yield the rows, in the order of telling of their first steps."""
    places = {mark.key: at for at, mark in enumerate(marks)}
    known = {mark.key: mark for mark in marks}
    for node in sorted(picture.nodes, key=lambda node: places[node.marks[0].key]):
        yield TableRow(
            node=node,
            what=what_of(node.marks),
            kind=NOUNS[node.role][0],
            origin=_origin(node.marks, known),
            answer=_answer(node.marks),
            verdict=_verdict(node.marks, known),
            charged_nano=sum(mark.charged_nano for mark in node.marks),
        )


def _origin(marks: Sequence[Mark], known: Mapping[str, Mark]) -> str:
    """Return the names of what they come from or are about."""
    parents = [
        known[key] for key in dict.fromkeys(key for mark in marks for key in mark.parents) if key in known
    ]
    names = [parent.name or parent.key for parent in parents[:_MOST_NAMED]]
    more = len(parents) - len(names)
    return "; ".join([*names, *([f"{more:,} more"] if more else [])])


def _answer(marks: Sequence[Mark]) -> str:
    answers = {mark.group: mark.answer for mark in marks if mark.answer}
    if len(answers) > 1:
        return count_of(len(answers), "answer", "answers")
    return next(iter(answers.values()), "")


def _verdict(marks: Sequence[Mark], known: Mapping[str, Mark]) -> str:
    if len(marks) > 1:
        judged = [mark.passed for mark in marks if mark.passed is not None]
        return f"{sum(judged):,} of {len(judged):,} passed" if judged else ""
    [mark] = marks
    if mark.state is not State.OK:
        return "running" if mark.state is State.OPEN else "failed"
    if mark.role is Role.COMPARISON and mark.better is not None and mark.better < len(mark.parents):
        better = known.get(mark.parents[mark.better])
        return f"better: {better.name or better.key}" if better else ""
    return "" if mark.passed is None else "passed" if mark.passed else "not passed"
