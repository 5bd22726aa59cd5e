"""The sweep: wakes workers for jobs that nobody runs and for mail that is due. Any number of sweepers may run at once."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from jobs.core.states import CLAIMABLE, RESTING, JobState, Wanted
from jobs.core.wake import wake_mail_worker, wake_worker
from jobs.lifecycle.questions import end_late_questions
from jobs.models import Job, OutboxMessage, OutboxState
from jobs.upkeep.model_suspension import notify_staff
from jobs.upkeep.payment_problems import notify_of_payments

_MOST_WOKEN = 100
_EXPIRES_S = 10
# For a job just submitted a worker was woken already.
_PATIENCE = timedelta(seconds=3)


def sweep(*, most: int = _MOST_WOKEN) -> int:
    """Wake workers for at most `most` runnable jobs without a live lease, and for mail; return for how many jobs.

    Workers sweep as Beat does, so that neither waits for a Beat that is gone or whose clock was set back.
    """
    if OutboxMessage.objects.filter(state=OutboxState.PENDING, next_at__lte=Now()).exists():
        wake_mail_worker()
    notify_staff()
    notify_of_payments()
    end_late_questions()
    hurry_late_jobs()
    runnable = _runnable(min(most, _MOST_WOKEN))
    for job_id in runnable:
        wake_worker(job_id, expires_s=_EXPIRES_S)
    return len(runnable)


def hurry_late_jobs() -> int:
    """Hand jobs whose deadline has passed to a worker, which ends them with their best answer; return how many.

    A running one looks at its own clock. A paused job is taken out of its pause for that. One with a question has the
    time that it waits on top.
    """
    late = Job.objects.filter(deadline_at__lte=Now(), state__in=sorted(RESTING))
    late = late.exclude(state=JobState.ASKING)
    return late.exclude(state__in=sorted(CLAIMABLE), next_at=None).update(
        state=Case(When(state=JobState.PAUSED, then=Value(JobState.QUEUED)), default=F("state")),
        wanted=Case(When(wanted=Wanted.PAUSE, then=Value(Wanted.RUN)), default=F("wanted")),
        next_at=None,
    )


def _runnable(most: int) -> list[UUID]:
    jobs = Job.objects.filter(
        Q(lease_until=None) | Q(lease_until__lte=Now()),
        Q(next_at=None) | Q(next_at__lte=Now()),
        state__in=CLAIMABLE,
        queued_at__lte=Now() - _PATIENCE,
    )
    return list(jobs.order_by("queued_at").values_list("pk", flat=True)[:most]) if most else []
