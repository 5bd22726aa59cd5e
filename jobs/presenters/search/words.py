"""The words of the picture of a search: titles of nodes, labels of lanes, heads of columns."""

from collections import Counter
from collections.abc import Sequence

from jobs.presenters.direction import isolated
from jobs.presenters.search.descent import MUTE, OTHERS, PARTS, RUNNING, Descent
from jobs.presenters.search.marks import Mark, Role, State
from solver.core.money import format_usd
from solver.inference.explanation import count_of

NOUNS = {
    Role.TRY: ("attempt", "attempts"),
    Role.DRAFT: ("draft", "drafts"),
    Role.REVISION: ("revision", "revisions"),
    Role.MERGE: ("merge", "merges"),
    Role.WRITE_UP: ("write-up", "write-ups"),
    Role.SETUP: ("plan", "plans"),
    Role.TURN: ("turn", "turns"),
    Role.CHECK: ("check", "checks"),
    Role.COMPARISON: ("comparison", "comparisons"),
    Role.TOOL: ("run", "runs"),
}
_LANES = {PARTS: "parts", OTHERS: "other answers", MUTE: "no answer", RUNNING: "running"}
_LABEL_CHARS = 18


def column_words(marks: Sequence[Mark]) -> str:
    """Return what most of the steps in a column are, such as `attempts`."""
    [(role, _)] = Counter(mark.role for mark in marks).most_common(1)
    one, many = NOUNS[role]
    return one if len(marks) == 1 else many


def what_of(marks: Sequence[Mark]) -> str:
    """Return what a node stands for: the name of one step, or how many of what."""
    if len(marks) == 1:
        return marks[0].name or NOUNS[marks[0].role][0].capitalize()
    roles = {mark.role for mark in marks}
    return count_of(len(marks), *(NOUNS[marks[0].role] if len(roles) == 1 else ("step", "steps")))


def title_of(marks: Sequence[Mark]) -> str:
    """Return what a node stands for, its answer, verdict and cost, as an assistive technology reads it."""
    first = marks[0]
    is_one_answer = all(mark.group == first.group for mark in marks)
    answer = f": {isolated(first.answer)}" if first.answer and is_one_answer else ""
    charged_nano = sum(mark.charged_nano for mark in marks)
    cost = f", {format_usd(charged_nano)}" if charged_nano else ""
    return f"{what_of(marks)}{answer}{_said(marks)}{cost}"


def _said(marks: Sequence[Mark]) -> str:
    if len(marks) == 1:
        mark = marks[0]
        if mark.state is not State.OK:
            return ", running" if mark.state is State.OPEN else ", failed"
        return "" if mark.passed is None else ", passed" if mark.passed else ", not passed"
    judged = [mark.passed for mark in marks if mark.passed is not None]
    return f", {sum(judged):,} of {len(judged):,} passed" if judged else ""


def lane_label(lane: str, marks: Sequence[Mark], descent: Descent) -> str:
    """Return the answer of a lane, cut to what fits, or what stands in it."""
    if lane in _LANES:
        return _LANES[lane]
    # A program has no answer of its own: what it printed is one.
    said = (
        each.answer for mark in marks for each in (mark, *descent.checks.get(mark.key, ())) if each.answer
    )
    words = " ".join((next(said, "") or marks[0].name).split())
    return words if len(words) <= _LABEL_CHARS else f"{words[: _LABEL_CHARS - 1]}…"


def lane_note(lane: str, marks: Sequence[Mark]) -> str:
    """Return how many stand in a lane."""
    if lane == OTHERS:
        answers = len({mark.group for mark in marks})
        return (
            f"{answers:,} answers, {len(marks):,} steps" if answers < len(marks) else f"{answers:,} answers"
        )
    return f"{len(marks):,} ×"


def lane_kind(marks: Sequence[Mark], *, is_shown: bool) -> str:
    """Return how a lane looks: that of the shown answer, one that is right or wrong, or any other."""
    if is_shown:
        return "shown"
    verdicts = {mark.passed for mark in marks} - {None}
    return "" if len(verdicts) != 1 else "right" if True in verdicts else "wrong"
