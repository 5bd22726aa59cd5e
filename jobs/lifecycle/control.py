"""What a user may want of a job. The web writes `wanted`; it moves only jobs that no worker holds.

Each verb returns whether it changed anything: a second click, or one that came too late, does not.
"""

from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from jobs.core.states import ACTIVE, RESTING, JobState, Wanted, sources_of
from jobs.core.wake import wake_worker_on_commit
from jobs.lifecycle.submission.funding import end_unpaid
from jobs.models import Job

WANTED_CHANNEL = "ponder_wanted"


def finish_early(*, job: Job) -> bool:
    """End the job with its best answer; running calls may end, what is unspent returns."""
    return _go_on(job, Wanted.FINISH, Q(wanted__in=[Wanted.RUN, Wanted.PAUSE]))


def cancel_job(*, job: Job) -> bool:
    """End the job without an answer; what was used is paid, the rest returns."""
    if end_unpaid(job_id=job.pk, stop_reason="cancelled"):
        return True
    return _go_on(job, Wanted.CANCEL, Q(wanted__in=[Wanted.RUN, Wanted.PAUSE, Wanted.FINISH]))


def resume_job(*, job: Job) -> bool:
    """Go on with a paused job, or start a scheduled one now."""
    scheduled = Q(wanted=Wanted.RUN, state=JobState.QUEUED, next_at__gt=Now())
    return _go_on(job, Wanted.RUN, Q(wanted=Wanted.PAUSE) | scheduled)


def pause_job(*, job: Job) -> bool:
    """Make no new calls until the job is resumed; its money stays reserved and nothing more is spent."""
    is_free = Q(lease_until=None) | Q(lease_until__lte=Now())
    resting = sorted(sources_of(JobState.PAUSED) & RESTING)
    move = When(is_free, state__in=resting, then=Value(JobState.PAUSED))
    with transaction.atomic():
        # A job with a question spends nothing, and its answer would resume it.
        where = Q(wanted=Wanted.RUN) & ~Q(state=JobState.ASKING)
        return _write_wish(job, Wanted.PAUSE, where, move=move)


def notify_workers(job: Job, what: str, value: str | int) -> None:
    """Notify the worker that runs the job, at commit; what it misses, its heartbeat sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [WANTED_CHANNEL, f"{job.pk}:{what}:{value}"])


def _go_on(job: Job, wanted: Wanted, where: Q) -> bool:
    """Let a worker carry the wish out; a job that waits, for its time or for a provider, waits no longer."""
    resting = sorted(sources_of(JobState.QUEUED) & RESTING)
    move = When(state__in=resting, then=Value(JobState.QUEUED))
    # A job that waited for something else begins to wait for a worker now.
    queued_at = Case(When(state=JobState.PAUSED, then=Now()), default=F("queued_at"))
    with transaction.atomic():
        changed = _write_wish(
            job, wanted, where, move=move, next_at=None, not_before_at=None, queued_at=queued_at
        )
        if changed:
            wake_worker_on_commit(job.pk)
    return changed


def _write_wish(job: Job, wanted: Wanted, where: Q, *, move: When, **fields: Any) -> bool:
    """Write what the user wants of an active job, and move it where no worker holds it. False: it was too late."""
    jobs = Job.objects.filter(where, pk=job.pk, state__in=sorted(ACTIVE))
    if not jobs.update(wanted=wanted, state=Case(move, default=F("state")), **fields):
        return False
    notify_workers(job, "wanted", wanted)
    return True
