"""What a user may want of a job. The web writes `wanted`; it moves only jobs that no worker holds.

Each verb returns whether it changed anything: a second click, or one that came too late, does not.
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from jobs.core.states import ACTIVE, RESTING, JobState, Wanted, sources_of
from jobs.core.wake import wake_worker_on_commit
from jobs.lifecycle.funding import end_unpaid
from jobs.models import Job

WANTED_CHANNEL = "ponder_wanted"


def finish_early(*, job: Job) -> bool:
    """End the job with its best answer; running calls may end, what is unspent returns."""
    return _want(job, Wanted.FINISH, from_wishes={Wanted.RUN, Wanted.PAUSE})


def cancel_job(*, job: Job) -> bool:
    """End the job without an answer; what was used is paid, the rest returns."""
    if end_unpaid(job_id=job.pk, stop_reason="cancelled"):
        return True
    return _want(job, Wanted.CANCEL, from_wishes={Wanted.RUN, Wanted.PAUSE, Wanted.FINISH})


def pause_job(*, job: Job) -> bool:
    """Make no new calls until the job is resumed; its money stays reserved and nothing more is spent."""
    return _want(job, Wanted.PAUSE, from_wishes={Wanted.RUN})


def resume_job(*, job: Job) -> bool:
    """Go on with a paused job, or start a scheduled one now."""
    scheduled = Q(state=JobState.QUEUED, next_at__gt=Now())
    return _want(
        job, Wanted.RUN, from_wishes={Wanted.PAUSE, Wanted.RUN}, where=Q(wanted=Wanted.PAUSE) | scheduled
    )


def notify_workers(job: Job, what: str, value: str | int) -> None:
    """Notify the worker that runs the job, at commit; what it misses, its heartbeat sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [WANTED_CHANNEL, f"{job.pk}:{what}:{value}"])


def _want(job: Job, wanted: Wanted, *, from_wishes: set[Wanted], where: Q | None = None) -> bool:
    pauses = wanted == Wanted.PAUSE
    free = Q(lease_until=None) | Q(lease_until__lte=Now())
    moves = (
        When(free, state__in=sorted(sources_of(JobState.PAUSED) & RESTING), then=Value(JobState.PAUSED))
        if pauses
        else When(state__in=sorted(sources_of(JobState.QUEUED) & RESTING), then=Value(JobState.QUEUED))
    )
    fields: dict[str, object] = {"wanted": wanted, "state": Case(moves, default=F("state"))}
    if not pauses:
        # A job that waits, be it for its time or for a provider, need not wait for its end.
        nothing: datetime | None = None
        fields |= {"next_at": nothing, "not_before_at": nothing, "queued_at": _requeued()}
    with transaction.atomic():
        jobs = Job.objects.filter(
            where or Q(), pk=job.pk, state__in=sorted(ACTIVE), wanted__in=sorted(from_wishes)
        )
        if not jobs.update(**fields):
            return False
        notify_workers(job, "wanted", wanted)
        if not pauses:
            wake_worker_on_commit(job.pk)
    return True


def _requeued() -> Case:
    """Return when a job that goes on began to wait for a worker: now, if it waited for something else before."""
    return Case(When(state=JobState.PAUSED, then=Now()), default=F("queued_at"))
