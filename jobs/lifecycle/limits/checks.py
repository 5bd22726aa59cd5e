"""Limits: active jobs of a user, the money they have reserved, and what may be spent in a day or month."""

from django.conf import settings
from django.db.models import Count, Sum

from accounts.models import User
from jobs.core.errors import SubmitError
from jobs.core.states import ACTIVE, JobState
from jobs.lifecycle.limits.spending import check_spending_limits
from jobs.models import Job
from solver.core.money import format_usd

# A job that nobody pays for costs its user nothing, and the site its texts and an email.
MAX_UNPAID_JOBS = 20


def check_unpaid(user: User) -> None:
    """Raise SubmitError where too many of the user's jobs await payment. Call it after the job was added."""
    unpaid = Job.objects.filter(created_by=user, state=JobState.AWAITING_PAYMENT).count()
    if unpaid > MAX_UNPAID_JOBS:
        raise SubmitError(
            f"{MAX_UNPAID_JOBS} of your jobs await payment already; more cannot be saved. Add money to the wallet, "
            "or cancel one of them first.",
            field="budget",
            code="too_many_unpaid",
        )


def check_limits(job: Job, *, added_nano: int, by: User | None = None) -> None:
    """Raise SubmitError where the jobs of this job's user, active or to be paid, exceed a limit, or where money does.

    `added_nano` is what was just reserved for the job, by its user or by `by`.

    Call it in the transaction that adds a job or money, after it was added: the lock on the wallet makes two
    submissions of one user take turns.
    """
    jobs = Job.objects.filter(
        created_by=job.created_by, state__in=sorted(ACTIVE | {JobState.AWAITING_PAYMENT})
    )
    totals = jobs.aggregate(count=Count("pk"), held_nano=Sum("escrow__balance_nano"))
    count, held_nano = totals["count"], totals["held_nano"] or 0
    if count > settings.PONDER_MAX_JOBS_PER_USER:
        raise SubmitError(
            f"You have {count - 1:,} active jobs; the limit is {settings.PONDER_MAX_JOBS_PER_USER:,}. "
            "Wait for one to end, or finish or cancel one.",
            code="too_many_jobs",
        )
    if held_nano > settings.PONDER_MAX_HELD_NANO:
        raise SubmitError(
            f"Your active jobs would reserve {format_usd(held_nano)}; the limit is "
            f"{format_usd(settings.PONDER_MAX_HELD_NANO)}. Lower the budget, or finish or "
            "cancel another job first.",
            field="budget",
            code="too_much_held",
        )
    if added_nano:
        check_spending_limits(job, added_nano=added_nano, by=by)
