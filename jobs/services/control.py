"""What a user may want of a running job. The web writes only `wanted`; the holder of the lease acts on it."""

from django.db import connection, transaction
from django.db.models import Q

from jobs.models import Job
from jobs.services import doorbell
from jobs.states import ENDED, Wanted

WANTED_CHANNEL = "ponder_wanted"


def finish_early(*, job: Job) -> None:
    """End the job with its best answer; running calls may end, what is unspent returns. Harmless on an ended job."""
    _want(job, Wanted.FINISH)


def cancel_job(*, job: Job) -> None:
    """End the job without an answer; what was used is paid, the rest returns. Harmless on an ended job."""
    _want(job, Wanted.CANCEL)


def _want(job: Job, wanted: Wanted) -> None:
    with transaction.atomic():
        # A cancelled job cannot be wished back; a job that waits need not wait for its end.
        changed = Job.objects.filter(~Q(state__in=ENDED) & ~Q(wanted=Wanted.CANCEL), pk=job.pk).update(
            wanted=wanted, next_at=None
        )
        if not changed:
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [WANTED_CHANNEL, f"{job.pk}:{wanted}"])
        transaction.on_commit(lambda: doorbell.ring(job.pk))
