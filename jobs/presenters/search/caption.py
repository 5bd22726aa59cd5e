"""What a search came to, in one sentence: how much of what was done, and where the shown answer comes from."""

import re
from collections import Counter
from collections.abc import Sequence

from jobs.presenters.search.marks import Mark, Role
from jobs.presenters.search.words import NOUNS
from solver.inference.explanation import count_of

_FIRST = {Role.TRY, Role.DRAFT}
_NUMBERED = re.compile(r"[A-Z][a-z]{1,20} [0-9]{1,6}")
_TIMES = {1: "once", 2: "twice"}


def caption_of(marks: Sequence[Mark], shown: str | None) -> str:
    """Return the sentence, such as `12 attempts, 3 revisions; the shown answer came from attempt 4, revised twice`."""
    counts = Counter(mark.role for mark in marks)
    did = ", ".join(count_of(counts[role], *NOUNS[role]) for role in NOUNS if counts[role])
    came = _origin(marks, shown)
    return f"{did}; {came}." if came else f"{did}."


def _origin(marks: Sequence[Mark], shown: str | None) -> str:
    """Return where the shown answer comes from; empty where that is not known."""
    known = {mark.key: mark for mark in marks}
    mark = known.get(shown or "")
    if mark is None:
        return ""
    shows = "text" if any(each.role is Role.DRAFT for each in marks) else "answer"
    revised = 0
    while mark.role in {Role.REVISION, Role.WRITE_UP}:
        revised += mark.role is Role.REVISION
        parent = next((known[key] for key in mark.parents if key in known), None)
        if parent is None:
            return ""
        mark = parent
    if mark.role is Role.MERGE:
        count = len([key for key in mark.parents if key in known])
        origin = f"the shown {shows} combines {count_of(count, 'other', 'others')}" if count else ""
        origin = origin or "the shown answer combines the answers of the parts"
    else:
        origin = f"the shown {shows} came from {_called(mark, marks)}"
    times = _TIMES.get(revised, f"{revised} times")
    return f"{origin}, revised {times}" if revised else origin


def _called(mark: Mark, marks: Sequence[Mark]) -> str:
    """Return what a step is called wherever it is named (`Draft 2`), or else its place among those that began one."""
    if _NUMBERED.fullmatch(mark.name):
        return mark.name[:1].lower() + mark.name[1:]
    first = [each.key for each in marks if each.role in _FIRST]
    place = first.index(mark.key) + 1 if mark.key in first else 1
    return f"{NOUNS[mark.role][0]} {place:,}"
