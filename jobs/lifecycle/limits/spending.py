"""Spending limits: what was spent in a day or month and what jobs have reserved, together, never exceed one.

Enforced where money goes into an escrow, which is the only way to spend it: what a job may spend is reserved before
it starts, so no call needs to look. Later the sum only falls, when a job returns what it did not spend.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.models import Membership, User, Workspace
from accounts.workspaces.changes import What, note
from billing.models import Call, CallState, CallSum, CallSumMark
from jobs.core.errors import SubmitError
from jobs.core.states import ACTIVE, ENDED
from jobs.lifecycle.limits.alerts import alert
from jobs.lifecycle.limits.words import OWN_JOBS_ONLY, refusal
from jobs.models import Job
from jobs.models.spending_limit import Period, SpendingLimit
from solver.core.money import format_usd, usd_decimal

# A limit of somebody who left a workspace waits for their return.
_OF_MEMBERS_THERE = (
    Q(user=None)
    | Q(workspace=None)
    | Exists(Membership.objects.filter(user=OuterRef("user"), workspace=OuterRef("workspace")))
)


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


def limits_in_force(*, user: User, workspace: Workspace) -> QuerySet[SpendingLimit]:
    """Return the limits that concern jobs of this user in this workspace: of users first, of the installation last."""
    concerned = (Q(user=user) | Q(user=None)) & (Q(workspace=workspace) | Q(workspace=None))
    found = SpendingLimit.objects.filter(concerned, _OF_MEMBERS_THERE, amount_nano__gte=0)
    return found.select_related("user", "workspace").order_by("user", "workspace", "by_staff", "period")


def limits_of_members(workspace: Workspace, *, user: User | None = None) -> QuerySet[SpendingLimit]:
    """Return the limits of those who are in a workspace, or of one of them, on what they spend there."""
    found = SpendingLimit.objects.filter(_OF_MEMBERS_THERE, workspace=workspace, amount_nano__gte=0)
    found = found.filter(user=user) if user else found.exclude(user=None)
    return found.select_related("user", "workspace").order_by("user", "period", "by_staff")


def uses_of(limits: Iterable[SpendingLimit]) -> list[Use]:
    """Return how much of each limit is used now; those of one kind are counted in one statement."""
    each = list(limits)
    counted: dict[int, tuple[int, int]] = {}
    for kind in {_kind_of(limit) for limit in each}:
        counted |= _spent_and_held([limit.pk for limit in each if _kind_of(limit) == kind], kind)
    today = timezone.localdate()
    return [Use(limit, *counted[limit.pk], *bounds_of(Period(limit.period), today)) for limit in each]


class _Kind(NamedTuple):
    """What a limit counts: for how long, and whether of one user, in one workspace, or both."""

    period: Period
    is_of_user: bool
    is_of_workspace: bool


def _kind_of(limit: SpendingLimit) -> _Kind:
    return _Kind(Period(limit.period), limit.user_id is not None, limit.workspace_id is not None)


def _spent_and_held(limit_ids: Sequence[int], kind: _Kind) -> dict[int, tuple[int, int]]:
    """Return by limit what is spent since its period began and held now, in nano-USD; all limits are of one kind."""
    began, _ = bounds_of(kind.period, timezone.localdate())
    # What finished a while ago is read from its sums by quarter of an hour, as the cost review does: pages ask, too.
    summed_until = Subquery(CallSumMark.objects.values("until")[:1])  # none: GREATEST leaves it out
    sums = CallSum.objects.filter(quarter__gte=began)
    calls = Call.objects.filter(
        state=CallState.SETTLED, finished_at__gte=Greatest(Value(began), summed_until)
    )
    jobs = Job.objects.filter(state__in=sorted(ACTIVE)).exclude(state__in=sorted(ENDED))
    of_user = Job.objects.filter(created_by=OuterRef(OuterRef("user")))
    if kind.is_of_workspace:
        sums = sums.filter(workspace_id=OuterRef("workspace"))
        calls, jobs = (
            calls.filter(workspace=OuterRef("workspace")),
            jobs.filter(workspace=OuterRef("workspace")),
        )
        of_user = of_user.filter(workspace=OuterRef(OuterRef("workspace")))
    if kind.is_of_user:
        sums = sums.filter(job_id__in=of_user.values("pk"))
        calls = calls.filter(workspace__in=of_user.values("workspace"), job_id__in=of_user.values("pk"))
        jobs = jobs.filter(created_by=OuterRef("user"))
    # One statement: what is settled or summed meanwhile is in one of the sums, not in two or none.
    both = _total(sums, "billed_nano") + _total(calls, "billed_nano"), _total(jobs, "escrow__balance_nano")
    rows = SpendingLimit.objects.filter(pk__in=limit_ids).values_list("pk", *both)
    return {pk: (int(spent_nano), int(held_nano)) for pk, spent_nano, held_nano in rows}


def _total(rows: QuerySet[Call] | QuerySet[CallSum] | QuerySet[Job], field: str) -> Coalesce:
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
