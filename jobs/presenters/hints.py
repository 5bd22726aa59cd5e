"""What a person added to a job while it went on, and whether the calls were told it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.dateparse import parse_datetime

from jobs.models import Job, StepRecord, StepState
from solver.core.problem.hints import Hint


class ShownHint(NamedTuple):
    """One hint as the page shows it; `state` says in words what became of it."""

    text: str
    at: datetime | None
    starts_afresh: bool
    state: str


def shown_hints(job: Job) -> Sequence[ShownHint]:
    """Return the hints of a job in their order."""
    if not job.hints:
        return ()
    keys = [Hint(number, "").key for number in range(1, len(job.hints) + 1)]
    told = StepRecord.objects.filter(job=job, key__in=keys, state=StepState.TOLD)
    known = set(told.values_list("key", flat=True))
    return [
        ShownHint(each["text"], parse_datetime(each["at"]), each["starts_afresh"], _state(job, key in known))
        for each, key in zip(job.hints, keys, strict=True)
    ]


def _state(job: Job, is_told: bool) -> str:  # noqa: FBT001  # its only argument of this kind
    if is_told:
        return "heeded since"
    return "came too late" if job.has_ended else "waits for the next call"
