"""Limits per user: active jobs, and the money they have reserved."""

from django.conf import settings
from django.db.models import Count, Sum

from accounts.models import User
from jobs.core.errors import SubmitError
from jobs.core.states import ACTIVE
from jobs.models import Job
from solver.core.money import format_usd


def check_limits(user: User) -> None:
    """Raise SubmitError where the user's active jobs exceed a limit.

    Call it in the transaction that adds a job or money, after it was added: the lock on the wallet makes two
    submissions of one user take turns.
    """
    jobs = Job.objects.filter(created_by=user, state__in=sorted(ACTIVE))
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
