"""How long a job takes here and now: its quote, stretched as far as the latest jobs of this installation overran theirs.

What a quote has learned follows slowly, job by job and kind by kind; a machine that is busy is busy for every job.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from jobs.core.states import JobState
from jobs.models import JobQuote
from solver.quotes.quote import Quote

_LATEST = 20
_WITHIN = timedelta(days=1)
_LEAST_SEEN = 3
_MOST_TIMES = 100.0


def stretch_of(times: Sequence[float]) -> float:
    """Return by how much times are to be stretched, if latest jobs took so many times what was said: never shortened.

    Nine in ten of them would have ended by then. A few say nothing.
    """
    if len(times) < _LEAST_SEEN:
        return 1.0
    ninth = sorted(times)[(9 * (len(times) - 1) + 5) // 10]
    return min(max(ninth, 1.0), _MOST_TIMES)


def at_this_load(quote: Quote) -> Quote:
    """Return the quote with the times that it has here and now."""
    now = timezone.now()
    ended = JobQuote.objects.filter(charged_nano__isnull=False, ended_at__gte=now - _WITHIN)
    took = [
        (took_s or 0.0) / max(high_s, 1)
        for took_s, high_s in ended.order_by("-ended_at").values_list("took_s", "time_high_s")[:_LATEST]
    ]
    # A job that runs for longer than was said is known to overrun, if not how far.
    running = JobQuote.objects.filter(
        job__state=JobState.RUNNING, job__version=1, job__questions=[]
    ).values_list("job__started_at", "time_high_s")[:_LATEST]
    late = [(now - began).total_seconds() / max(high_s, 1) for began, high_s in running if began]
    stretch = stretch_of([*took, *(times for times in late if times > 1.0)])
    return replace(quote, time_high_s=round(quote.time_high_s * stretch))
