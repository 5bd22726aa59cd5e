"""When calls ran, as bars one below the other: each from its hold to its end, in thousandths of the time of all."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from billing.models import Call

WIDTH = 1000
_LEAST = 12


class Bar(NamedTuple):
    """One call's time. A call that is under way reaches to the end."""

    x: int
    width: int
    took_ms: int


def waterfall(calls: Iterable[Call]) -> dict[UUID, Bar]:
    """Return the bar of each call."""
    shown = list(calls)
    if not shown:
        return {}
    now = timezone.now()
    ends = {call.pk: call.finished_at or now for call in shown}
    first = min(call.created_at for call in shown)
    whole = max(max(ends.values()) - first, timedelta(milliseconds=1))

    def at(moment: datetime) -> int:
        return WIDTH * (moment - first) // whole

    return {
        call.pk: Bar(
            min(at(call.created_at), WIDTH - _LEAST),
            max(at(ends[call.pk]) - at(call.created_at), _LEAST),
            (ends[call.pk] - call.created_at) // timedelta(milliseconds=1),
        )
        for call in shown
    }
