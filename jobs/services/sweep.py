"""The sweep: rings for jobs that nobody runs. Idempotent; any number of sweepers may run at once."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from jobs.models import Job
from jobs.services import doorbell
from jobs.states import CLAIMABLE

_MOST_RINGS = 100
_RING_EXPIRES_S = 10.0
# A job just submitted has its own doorbell on the way.
_PATIENCE = timedelta(seconds=3)


def sweep(*, most: int = _MOST_RINGS) -> int:
    """Ring for runnable jobs without a live lease, at most `most`; return how often."""
    runnable = _runnable(min(most, _MOST_RINGS))
    for job_id in runnable:
        doorbell.ring(job_id, expires_s=_RING_EXPIRES_S)
    return len(runnable)


def _runnable(most: int) -> list[UUID]:
    jobs = Job.objects.filter(
        Q(lease_until=None) | Q(lease_until__lte=Now()),
        Q(next_at=None) | Q(next_at__lte=Now()),
        state__in=CLAIMABLE,
        queued_at__lte=Now() - _PATIENCE,
    )
    return list(jobs.order_by("queued_at").values_list("pk", flat=True)[:most])
