"""What one user may have at once: jobs under way, and money that they hold."""

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
            f"You have {count - 1:,} jobs under way; at most {settings.PONDER_MAX_JOBS_PER_USER:,} are possible here. "
            "Wait for one to end, or finish or cancel one.",
            code="too_many_jobs",
        )
    if held_nano > settings.PONDER_MAX_HELD_NANO:
        raise SubmitError(
            f"Your jobs under way would hold {format_usd(held_nano)}; at most "
            f"{format_usd(settings.PONDER_MAX_HELD_NANO)} are possible here at once. Lower the budget, or finish or "
            "cancel another job first.",
            field="budget",
            code="too_much_held",
        )
