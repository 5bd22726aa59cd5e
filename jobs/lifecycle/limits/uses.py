"""How much of each spending limit is used: what was spent in its period, and what jobs have reserved."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.models import Membership, User, Workspace
from billing.models import Call, CallState, CallSum, CallSumMark
from jobs.core.states import ACTIVE, ENDED
from jobs.models import Job
from jobs.models.spending_limit import Period, SpendingLimit

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
    each, today = list(limits), timezone.localdate()
    counted: dict[int, tuple[int, int]] = {}
    for kind in {_kind_of(limit) for limit in each}:
        counted |= _spent_and_held([limit.pk for limit in each if _kind_of(limit) == kind], kind, today)
    return [Use(limit, *counted[limit.pk], *bounds_of(Period(limit.period), today)) for limit in each]


class _Kind(NamedTuple):
    """What a limit counts: for how long, and whether of one user, in one workspace, or both."""

    period: Period
    is_of_user: bool
    is_of_workspace: bool


def _kind_of(limit: SpendingLimit) -> _Kind:
    return _Kind(Period(limit.period), limit.user_id is not None, limit.workspace_id is not None)


def _spent_and_held(limit_ids: Sequence[int], kind: _Kind, today: dt.date) -> dict[int, tuple[int, int]]:
    """Return by limit what is spent since its period began and held now, in nano-USD; all limits are of one kind."""
    began, _ = bounds_of(kind.period, today)
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
