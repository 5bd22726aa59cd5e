"""Spending limits: what was spent in a day or month and what jobs have reserved, together, never exceed one.

Enforced where money goes into an escrow, which is the only way to spend it: what a job may spend is reserved before
it starts, so no call needs to look. Later the sum only falls, when a job returns what it did not spend.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.workspaces.changes import What, note
from jobs.core.errors import SubmitError
from jobs.lifecycle.limits.alerts import alert
from jobs.lifecycle.limits.uses import Use, limits_in_force, uses_of
from jobs.lifecycle.limits.words import OWN_JOBS_ONLY, refusal
from jobs.models import Job
from jobs.models.spending_limit import Period, SpendingLimit
from solver.core.money import format_usd, usd_decimal


class SpendingLimitReached(SubmitError):
    """A job or a raise that a spending limit does not allow."""

    def __init__(self, use: Use, *, added_nano: int, by: User) -> None:
        super().__init__(refusal(use, added_nano=added_nano, by=by), field="budget", code="spending_limit")
        self.use = use


def check_spending_limits(job: Job, *, added_nano: int, by: User | None = None) -> None:
    """Raise SpendingLimitReached where a job's money, already moved in this transaction, is beyond a limit.

    The limits' rows are locked until the transaction ends: of two who reserve money under one limit at once, the second
    waits here and then counts what the first reserved. Steps that are reached are told of.
    """
    concerned = limits_in_force(user=job.created_by, workspace=job.workspace)
    other = by if by is not None and by.pk != job.created_by_id else None
    if other:
        concerned |= limits_in_force(user=other, workspace=job.workspace)
    locked = list(concerned.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    for counted in uses_of(locked):
        is_of_other = other is not None and counted.limit.user_id == other.pk
        if is_of_other and counted.limit.is_of_member:
            # What is spent on this job counts for the person who made it: steps on others' jobs would never add up.
            raise SubmitError(OWN_JOBS_ONLY, field="budget", code="spending_limit")
        # For that reason only this step is held against a limit that such a person set for themselves.
        use = counted._replace(held_nano=counted.held_nano + added_nano) if is_of_other else counted
        if use.used_nano > use.amount_nano:
            raise SpendingLimitReached(use, added_nano=added_nano, by=by or job.created_by)
        if not is_of_other:
            alert(use, used_permille=use.used_nano * 1000 // use.amount_nano)


@contextmanager
def refusals_told() -> Iterator[None]:
    """Tell of a limit that refused what the block does, once that is rolled back; in a transaction its caller does."""
    try:
        yield
    except SpendingLimitReached as error:
        if not connection.in_atomic_block:
            with transaction.atomic():
                alert(error.use, used_permille=1000)
        raise


@transaction.atomic
def set_limit(
    *,
    period: Period,
    amount_nano: int | None,
    by: User | None,
    by_staff: bool,
    user: User | None = None,
    workspace: Workspace | None = None,
) -> None:
    """Set a limit of a user, a workspace, a user in a workspace (with both) or the installation (with neither).

    None as the amount lifts it.
    """
    of_whom = {"user": user, "workspace": workspace, "period": period, "by_staff": by_staff}
    limit, is_new = SpendingLimit.objects.select_for_update(of=("self",)).get_or_create(
        **of_whom, defaults={"amount_nano": amount_nano, "set_by": by, "set_at": timezone.now()}
    )
    changes = limit.amount_nano != amount_nano
    if changes:
        limit.amount_nano, limit.set_by, limit.set_at = amount_nano, by, timezone.now()
        limit.save(update_fields=["amount_nano", "set_by", "set_at"])
    if changes or (is_new and amount_nano is not None):
        _log(limit, by)


def _log(limit: SpendingLimit, by: User | None) -> None:
    """Write who changed it into the log of changes that /admin/ shows, and of a member's into the workspace's."""
    if limit.is_of_member and limit.workspace:
        amount = "none" if limit.amount_nano is None else format_usd(limit.amount_nano)
        detail = f"{amount} per {limit.period}"
        note(limit.workspace, What.LIMIT, by=by, about=limit.user, detail=detail)
    if by is None:
        return
    said = "no limit" if limit.amount_nano is None else usd_decimal(limit.amount_nano)
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(SpendingLimit),
        object_id=str(limit.pk),
        object_repr=str(limit)[:200],
        action_flag=CHANGE,
        change_message=f"{limit.get_period_display()}: {said}",
    )
