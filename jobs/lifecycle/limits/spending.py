"""Spending limits: what was spent in a day or month and what jobs have reserved, together, never exceed one.

Enforced where money goes into an escrow, which is the only way to spend it: what a job may spend is reserved before
it starts, so no call needs to look. Later the sum only falls, when a job returns what it did not spend.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import BigIntegerField, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User, Workspace
from billing.models import Call, CallState
from jobs.core.errors import SubmitError
from jobs.core.states import ACTIVE, ENDED
from jobs.lifecycle.limits.alerts import alert
from jobs.models import Job
from jobs.models.spending_limit import Period, SpendingLimit
from solver.core.money import format_usd_at_least, format_usd_at_most, usd_decimal

_WHERE = "under Spending limits"


class Use(NamedTuple):
    """How much of a limit is used: amounts in nano-USD, and when its period began and ends."""

    limit: SpendingLimit
    spent_nano: int
    held_nano: int
    began: dt.datetime
    renews: dt.datetime

    @property
    def amount_nano(self) -> int:
        """The limit."""
        assert self.limit.amount_nano is not None, "only limits that hold are looked at"
        return self.limit.amount_nano

    @property
    def used_nano(self) -> int:
        """Spent and held together."""
        return self.spent_nano + self.held_nano

    @property
    def left_nano(self) -> int:
        """What may still be reserved."""
        return max(self.amount_nano - self.used_nano, 0)

    @property
    def permille(self) -> int:
        """The used share in thousandths, at most 1000."""
        return min(self.used_nano * 1000 // self.amount_nano, 1000) if self.amount_nano else 1000

    @property
    def percent(self) -> int:
        """The used share in whole percent."""
        return self.permille // 10

    @property
    def is_near(self) -> bool:
        """Whether four fifths are used."""
        return self.permille >= 800


class SpendingLimitReached(SubmitError):
    """A job or a raise that a spending limit does not allow."""

    def __init__(self, use: Use, *, added_nano: int) -> None:
        super().__init__(_refusal(use, added_nano), field="budget", code="spending_limit")
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
    for limit in list(concerned.select_for_update(no_key=True, of=("self",)).order_by("pk")):
        use = use_of(limit)
        is_of_other = other is not None and limit.user_id == other.pk
        if is_of_other:
            # What is spent on this job counts for who made it, so only this step is held against their own limit.
            use = use._replace(held_nano=use.held_nano + added_nano)
        if use.used_nano > use.amount_nano:
            raise SpendingLimitReached(use, added_nano=added_nano)
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


def limits_in_force(*, user: User, workspace: Workspace) -> QuerySet[SpendingLimit]:
    """Return the limits that concern jobs of this user in this workspace."""
    concerned = Q(user=user) | Q(workspace=workspace) | Q(user=None, workspace=None)
    return SpendingLimit.objects.filter(concerned, amount_nano__gte=0).select_related("user", "workspace")


def uses_of(limits: QuerySet[SpendingLimit]) -> Sequence[Use]:
    """Return how much of each limit is used: of users first, of the installation last."""
    return [use_of(limit) for limit in limits.order_by("user", "workspace", "by_staff", "period")]


def use_of(limit: SpendingLimit) -> Use:
    """Return how much of a limit is used now."""
    began, renews = bounds_of(Period(limit.period), timezone.localdate())
    calls = Call.objects.filter(state=CallState.SETTLED, finished_at__gte=began)
    jobs = Job.objects.filter(state__in=sorted(ACTIVE)).exclude(state__in=sorted(ENDED))
    if limit.user_id:
        of_user = Job.objects.filter(created_by=limit.user_id)
        calls = calls.filter(workspace__in=of_user.values("workspace"), job_id__in=of_user.values("pk"))
        jobs = jobs.filter(created_by=limit.user_id)
    elif limit.workspace_id:
        calls, jobs = calls.filter(workspace=limit.workspace_id), jobs.filter(workspace=limit.workspace_id)
    # One statement: what is settled meanwhile is in one of the two sums, not in both or neither.
    both = _total(calls, "billed_nano"), _total(jobs, "escrow__balance_nano")
    spent_nano, held_nano = SpendingLimit.objects.filter(pk=limit.pk).values_list(*both).get()
    return Use(limit, int(spent_nano), int(held_nano), began, renews)


def _total(rows: QuerySet[Call] | QuerySet[Job], field: str) -> Coalesce:
    one_row = rows.order_by().annotate(all=Value(1)).values("all").annotate(total=Sum(field)).values("total")
    return Coalesce(Subquery(one_row), 0, output_field=BigIntegerField())


def bounds_of(period: Period, today: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Return when the period of a day began and when the next one does, in the site's time zone."""
    first = today if period is Period.DAY else today.replace(day=1)
    following = first + dt.timedelta(days=1 if period is Period.DAY else 32)
    if period is Period.MONTH:
        following = following.replace(day=1)
    begin, end = (timezone.make_aware(dt.datetime.combine(day, dt.time.min)) for day in (first, following))
    return begin, end


def _refusal(use: Use, added_nano: int) -> str:
    limit = use.limit
    mine, amount = not limit.by_staff, format_usd_at_most(use.amount_nano)
    used_before = max(use.used_nano - added_nano, 0)
    left = format_usd_at_most(max(use.amount_nano - used_before, 0))
    until = f"It renews on {use.renews:%Y-%m-%d %H:%M} ({settings.TIME_ZONE})."
    operator = "Only the operator can change it."
    if limit.user_id is None and limit.workspace_id is None:
        return (
            f"The operator limits what may be spent on this site in a {limit.period}, and {left} of that is left. "
            f"{until} {operator}"
        )
    whose = "Your spending limit" if limit.user_id else "The spending limit of your workspace"
    change = f"You can change it {_WHERE}." if limit.user_id else f"Its owners can change it {_WHERE}."
    return (
        f"{whose} is {amount} a {limit.period}; {format_usd_at_least(used_before)} of it is spent or reserved, so the "
        f"budget can be {left} at most. {until} {change if mine else operator}"
    )


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
    """Set a limit of a user, a workspace or (with neither) the installation; None as the amount lifts it."""
    of_whom = {"user": user, "workspace": workspace, "period": period, "by_staff": by_staff}
    limit, is_new = SpendingLimit.objects.select_for_update(of=("self",)).get_or_create(
        **of_whom, defaults={"amount_nano": amount_nano, "set_by": by, "set_at": timezone.now()}
    )
    if is_new or limit.amount_nano != amount_nano:
        limit.amount_nano, limit.set_by, limit.set_at = amount_nano, by, timezone.now()
        limit.save(update_fields=["amount_nano", "set_by", "set_at"])
        _log(limit, by)


def _log(limit: SpendingLimit, by: User | None) -> None:
    """Write who changed it into the log of changes that /admin/ shows."""
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
