"""Sums for the cost review: provider cost, billed and margin by day, model, user or job. Amounts are nano-USD.

What finished a while ago is read from its sums by quarter of an hour, the rest call by call, in one statement: both
see the same moment.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Membership, Workspace


class By(StrEnum):
    """What the lines are summed by."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    MODEL = "model"
    PROVIDER = "provider"
    WORKSPACE = "workspace"
    MEMBER = "member"
    TAG = "tag"
    JOB = "job"


TIMES = frozenset({By.DAY, By.WEEK, By.MONTH})


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls are looked at: `days` days up to the last one (today).

    Only those of one model, workspace, member (an email address) or tag, where given.
    """

    days: int
    model: str = ""
    workspace_id: int | None = None
    last: date | None = None
    member: str = ""
    tag: str = ""

    @property
    def last_day(self) -> date:
        """The last day, in the site's time zone."""
        return self.last or timezone.localdate()

    @property
    def first_day(self) -> date:
        """The first day, in the site's time zone."""
        return self.last_day - timedelta(days=self.days - 1)

    @property
    def since(self) -> datetime:
        """The first moment."""
        return timezone.make_aware(datetime.combine(self.first_day, time.min))

    @property
    def until(self) -> datetime:
        """The first moment that is not looked at any more."""
        return timezone.make_aware(datetime.combine(self.last_day + timedelta(days=1), time.min))


@dataclass(frozen=True, slots=True)
class Line:
    """One sum. `key` is what it was summed by; `label` says it in words; `overrun_nano` is part of the loss."""

    key: str
    label: str
    settled: int = 0
    void: int = 0
    in_doubt: int = 0
    cost_nano: int = 0
    billed_nano: int = 0
    overrun_nano: int = 0

    @property
    def margin_nano(self) -> int:
        """What is left of the billed amount after the provider is paid."""
        return self.billed_nano - self.cost_nano


_KEYS = {
    By.DAY: "(at AT TIME ZONE %(zone)s)::date",
    By.WEEK: "date_trunc('week', at AT TIME ZONE %(zone)s)::date",
    By.MONTH: "to_char(at AT TIME ZONE %(zone)s, 'YYYY-MM')",
    By.MODEL: "model",
    By.PROVIDER: "split_part(model, '/', 1)",
    By.WORKSPACE: "workspace_id",
    By.MEMBER: "member",
    By.TAG: "tag",
    By.JOB: "job_id",
}
# What is known of jobs, said by the room that has them: SQL that joins `member` or `tag` to `part` by its job_id, and
# SQL that is true for the job_id of one member's or tag's jobs.
_joins: dict[By, str] = {}
_conditions: dict[By, str] = {}
_SUMMED = ("settled", "void", "in_doubt", "cost_nano", "billed_nano", "overrun_nano")
_SUMS = ", ".join(f"coalesce(billing_sum({name}), 0)" for name in _SUMMED)
_NAMED_SUMS = ", ".join(f"coalesce(billing_sum({name}), 0) AS {name}" for name in _SUMMED)
_CHOSEN = """
    (%(model)s = '' OR model = %(model)s) AND (%(workspace)s::bigint IS NULL OR workspace_id = %(workspace)s)
"""
_WITH = """
WITH mark AS (SELECT coalesce(max(until), '-infinity') AS until FROM billing_callsummark), part AS (
    SELECT quarter AS at, model, workspace_id, job_id, settled::bigint, void::bigint, in_doubt::bigint,
        cost_nano, billed_nano, overrun_nano
    FROM billing_callsum WHERE quarter >= %(since)s AND quarter < %(until)s AND {chosen}
    UNION ALL
    SELECT finished_at, model, workspace_id, job_id, (state = 'settled')::int::bigint, (state = 'void')::int::bigint,
        (state = 'in_doubt')::int::bigint, cost_nano, billed_nano, overrun_nano
    FROM billing_call
    WHERE finished_at >= greatest(%(since)s, (SELECT until FROM mark)) AND finished_at < %(until)s AND {chosen}
)
"""


def register_join(by: By, sql: str, *, condition: str) -> None:
    """Say how jobs are grouped and chosen by what another room knows of them."""
    _joins[by], _conditions[by] = sql, condition


def _with(scope: Scope) -> str:
    """Return the parts of a scope. Where no room knows jobs, none is of a member or a tag."""
    conditions = [_CHOSEN]
    for by, wanted in ((By.MEMBER, scope.member), (By.TAG, scope.tag)):
        if wanted:
            conditions.append(_conditions.get(by, "false"))
    return _WITH.format(chosen=" AND ".join(conditions))


def _from(by: By) -> str:
    """Return what is summed: of jobs that no room knows, member and tag are unknown.

    What is known of jobs is joined to one row a job, not to each of its sums.
    """
    if by in _joins:
        return f"(SELECT job_id, {_NAMED_SUMS} FROM part GROUP BY job_id) AS part {_joins[by]}"  # noqa: S608
    return "part CROSS JOIN (SELECT NULL::text AS member, NULL::text AS tag) AS unknown"


def _order(by: By) -> str:
    return "key DESC" if by in TIMES else "cost_nano DESC, key"


def lines(scope: Scope, by: By, *, skip: int = 0, most: int | None = None) -> list[Line]:
    """Return the sums of a scope: days in order (also empty ones), anything else by cost, all of them or a part."""
    query = f"{_every_line(scope, by)} LIMIT %(most)s OFFSET %(skip)s"
    rows = {row[0]: row[1:] for row in _run(query, scope, most=most, skip=skip)}
    if by is By.DAY:
        days = [scope.first_day + timedelta(days=number) for number in range(scope.days)]
        return [Line(day.isoformat(), day.isoformat(), *rows.get(day, ())) for day in days]
    return _labelled(by, rows)


def stream_lines(scope: Scope, by: By) -> Iterator[Line]:
    """Yield all lines, few of them in memory at once; of days also the empty ones."""
    if by is By.DAY:
        yield from lines(scope, by)
        return
    for rows in _chunks(_every_line(scope, by), scope):
        yield from _labelled(by, {row[0]: row[1:] for row in rows})


def _every_line(scope: Scope, by: By) -> str:
    return (
        f"{_with(scope)} SELECT key, {', '.join(_SUMMED)} FROM ("  # noqa: S608  (our own texts)
        f"SELECT {_KEYS[by]} AS key, {_NAMED_SUMS} FROM {_from(by)} GROUP BY 1) AS line ORDER BY {_order(by)}"
    )


def series(scope: Scope, by: By) -> list[Line]:
    """Return the sums of each day, week or month of a scope in order, also of empty ones."""
    found = {line.key: line for line in lines(scope, by)}
    days = (scope.first_day + timedelta(days=number) for number in range(scope.days))
    return [
        found.get(key, Line(key, _label(by, key))) for key in dict.fromkeys(_key_of(by, day) for day in days)
    ]


def _key_of(by: By, day: date) -> str:
    if by is By.MONTH:
        return f"{day:%Y-%m}"
    return (day - timedelta(days=day.weekday()) if by is By.WEEK else day).isoformat()


def _labelled(by: By, rows: Mapping[Any, tuple[Any, ...]]) -> list[Line]:
    labels = workspaces(list(rows)) if by is By.WORKSPACE else {}
    return [
        Line("" if key is None else str(key), labels.get(key, _label(by, key)), *sums)
        for key, sums in rows.items()
    ]


def _label(by: By, key: object) -> str:
    if key is None:
        return "no tag" if by is By.TAG else "unknown"
    return f"week from {key}" if by is By.WEEK else str(key)


@dataclass(frozen=True)
class Lines:
    """The lines of a scope as a sequence of which Django's Paginator takes a page at a time.

    One statement tells how many there are, their total, and the `most` lines that follow the first `skip`.
    """

    scope: Scope
    by: By
    most: int
    skip: int = 0

    @cached_property
    def total(self) -> Line:
        """The sum of all calls; a job with two tags is in two lines and counts once here."""
        if self.by is By.TAG:
            return Lines(self.scope, By.PROVIDER, most=1).total
        return Line("total", "Total", *self._found[0][2:])

    def count(self) -> int:
        """Return how many lines there are."""
        return int(self._found[0][1])

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, part: slice) -> list[Line]:
        if (part.start, part.stop - part.start) == (self.skip, min(self.most, self.count() - self.skip)):
            return _labelled(self.by, {row[0]: row[2:] for row in self._found[1:]})
        return lines(self.scope, self.by, skip=part.start, most=part.stop - part.start)

    @cached_property
    def _found(self) -> list[tuple[Any, ...]]:
        """The number and the sums of all lines, then those of the page."""
        names = ", ".join(_SUMMED)
        query = (
            f"{_with(self.scope)}, line AS MATERIALIZED ("  # noqa: S608  (our own texts)
            f"SELECT {_KEYS[self.by]} AS key, {_NAMED_SUMS} FROM {_from(self.by)} GROUP BY 1) "
            f"SELECT NULL, count(*), {_SUMS} FROM line UNION ALL "
            f"(SELECT key, -1, {names} FROM line ORDER BY {_order(self.by)} LIMIT %(most)s OFFSET %(skip)s)"
        )
        found = _run(query, self.scope, most=self.most, skip=self.skip)
        return sorted(found, key=lambda row: row[1] < 0)


def billed_nano(scope: Scope) -> int:
    """Return what users were billed for the calls of a scope."""
    query = f"{_with(scope)} SELECT coalesce(billing_sum(billed_nano), 0) FROM part"  # noqa: S608  (our own texts)
    return int(_run(query, scope)[0][0])


def total_of(parts: list[Line]) -> Line:
    """Return the sum of lines that are all there is, such as days."""
    return Line(
        "total",
        "Total",
        settled=sum(line.settled for line in parts),
        void=sum(line.void for line in parts),
        in_doubt=sum(line.in_doubt for line in parts),
        cost_nano=sum(line.cost_nano for line in parts),
        billed_nano=sum(line.billed_nano for line in parts),
        overrun_nano=sum(line.overrun_nano for line in parts),
    )


def workspaces(workspace_ids: list[int]) -> Mapping[int, str]:
    """Return each workspace's name with the email address of its first member."""
    names = Workspace.objects.filter(pk__in=workspace_ids).values_list("pk", "name")
    first = owners(workspace_ids)
    return {pk: f"{name} ({first[pk]})" if pk in first else name for pk, name in names}


def owners(workspace_ids: list[int]) -> Mapping[int, str]:
    """Return the email address of each workspace's first member."""
    members = Membership.objects.filter(workspace_id__in=workspace_ids).order_by("workspace_id", "pk")
    first = members.distinct("workspace_id").values_list("workspace_id", "user__email")
    return dict(first)


def budget_nano(job_id: uuid.UUID) -> int:
    """Return the total reserved for a job, over all its versions."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(sum(e.amount_nano), 0)::bigint
            FROM billing_transfer t
            JOIN billing_entry e ON e.transfer_id = t.id
            JOIN billing_account a ON a.id = e.account_id AND a.kind = 'escrow'
            WHERE t.job_id = %s AND t.kind = 'escrow'
            """,
            [job_id],
        )
        return int(cursor.fetchone()[0])


def _run(query: str, scope: Scope, **more: int | None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {**_values(scope), **more})
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _values(scope: Scope) -> dict[str, Any]:
    return {
        "zone": str(timezone.get_current_timezone()),  # a name such as “-06” means +06 to PostgreSQL
        "since": scope.since,
        "until": scope.until,
        "model": scope.model,
        "workspace": scope.workspace_id,
        "wanted_member": scope.member,
        "wanted_tag": scope.tag,
    }


def charges(scope: Scope) -> Iterator[tuple[Any, ...]]:
    """Yield the sums of each day, model, workspace and job, as a database reads them: for exports of any length."""
    query = (
        f"{_with(scope)} SELECT {_KEYS[By.DAY]} AS day, model, workspace_id, job_id, {_SUMS} FROM part "  # noqa: S608
        "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    )
    for rows in _chunks(query, scope):
        yield from rows


def _chunks(query: str, scope: Scope) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a query, a thousand at a time, from a cursor of the database."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, _values(scope))
        while rows := cursor.fetchmany(1_000):
            yield rows
