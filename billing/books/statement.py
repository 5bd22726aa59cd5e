"""The ledger of a workspace as people read it: one row for each movement of its wallet or trial credit."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

from accounts.models import Workspace
from billing.books.trial_end import trial_ends_at
from billing.models import TransferKind
from solver.core.money import usd_decimal

PAGE_ROWS = 25
LEDGER_HEADER = (
    *("at", "what", "job", "job_title", "memo", "amount_usd", "of_which_trial_usd", "balance_usd"),
    "trial_ends_at",
)

_ROWS = """
SELECT t.id, t.kind, t.job_id, t.memo, t.effective_at, m.amount_nano, m.trial_nano, m.balance_nano
FROM (
    SELECT transfer_id, sum(amount_nano)::bigint AS amount_nano,
        (sum(amount_nano) FILTER (WHERE a.kind = 'trial'))::bigint AS trial_nano,
        (sum(sum(amount_nano)) OVER (ORDER BY transfer_id))::bigint AS balance_nano
    FROM billing_entry e JOIN billing_account a ON a.id = e.account_id
    WHERE a.workspace_id = %s AND a.kind IN ('wallet', 'trial') AND e.account_id >= 1000
    GROUP BY transfer_id
) m JOIN billing_transfer t ON t.id = m.transfer_id
ORDER BY m.transfer_id DESC
LIMIT %s OFFSET %s
"""

# One row for each job, as of its latest movement, and one for each movement that is of no job.
_NET_ROWS = """
SELECT t.id, t.kind, t.job_id, t.memo, t.effective_at, m.amount_nano, m.trial_nano, m.balance_nano, m.parts
FROM (
    SELECT max(transfer_id) AS transfer_id, sum(amount_nano)::bigint AS amount_nano,
        sum(trial_nano)::bigint AS trial_nano, count(*)::int AS parts,
        (array_agg(balance_nano ORDER BY transfer_id DESC))[1] AS balance_nano
    FROM (
        SELECT e.transfer_id, min(t.job_id::text) AS job, sum(amount_nano)::bigint AS amount_nano,
            (sum(amount_nano) FILTER (WHERE a.kind = 'trial'))::bigint AS trial_nano,
            (sum(sum(amount_nano)) OVER (ORDER BY e.transfer_id))::bigint AS balance_nano
        FROM billing_entry e JOIN billing_account a ON a.id = e.account_id JOIN billing_transfer t ON t.id = e.transfer_id
        WHERE a.workspace_id = %s AND a.kind IN ('wallet', 'trial') AND e.account_id >= 1000
        GROUP BY e.transfer_id
    ) part GROUP BY coalesce(job, transfer_id::text)
) m JOIN billing_transfer t ON t.id = m.transfer_id
ORDER BY m.transfer_id DESC
LIMIT %s OFFSET %s
"""

_NET_COUNT = """
SELECT count(DISTINCT coalesce(t.job_id::text, t.id::text))
FROM billing_entry e JOIN billing_account a ON a.id = e.account_id JOIN billing_transfer t ON t.id = e.transfer_id
WHERE a.workspace_id = %s AND a.kind IN ('wallet', 'trial') AND e.account_id >= 1000
"""

_PARTS = """
SELECT t.id, t.kind, t.job_id, t.memo, t.effective_at, sum(e.amount_nano)::bigint,
    (sum(e.amount_nano) FILTER (WHERE a.kind = 'trial'))::bigint, 0
FROM billing_transfer t JOIN billing_entry e ON e.transfer_id = t.id JOIN billing_account a ON a.id = e.account_id
WHERE t.job_id = ANY(%s) AND t.kind <> 'call' AND a.workspace_id = %s AND a.kind IN ('wallet', 'trial')
GROUP BY t.id ORDER BY t.id
"""

_COUNT = """
SELECT count(DISTINCT e.transfer_id) FROM billing_entry e JOIN billing_account a ON a.id = e.account_id
WHERE a.workspace_id = %s AND a.kind IN ('wallet', 'trial') AND e.account_id >= 1000
"""

type FindTitles = Callable[[Collection[uuid.UUID]], Mapping[uuid.UUID, str]]
_finders: list[FindTitles] = []


def register_titles(find: FindTitles) -> None:
    """Say how the titles of jobs are found, which billing itself does not know."""
    _finders[:] = [find]


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One movement, or the net of a job's. `balance_nano` is wallet and trial credit after it.

    `trial_nano` is the part of trial credit.
    """

    transfer_id: int
    kind: TransferKind
    job_id: uuid.UUID | None
    memo: str
    at: datetime
    amount_nano: int
    trial_nano: int
    balance_nano: int
    parts: Sequence["StatementRow"] = ()
    """The movements that a job's net row sums, oldest first; none for one movement."""

    @property
    def what(self) -> str:
        """The movement in words."""
        return str(self.kind.label)[:1].upper() + str(self.kind.label)[1:]

    @property
    def gives_trial(self) -> bool:
        """Whether trial credit was given."""
        return self.kind == TransferKind.TRIAL and self.amount_nano > 0


@dataclass(frozen=True, slots=True)
class Statement:
    """The ledger of one workspace, newest first; a sequence of rows for Django's Paginator."""

    workspace: Workspace

    def count(self) -> int:
        """Return how many rows there are."""
        with connection.cursor() as cursor:
            cursor.execute(self._count_sql(), [self.workspace.pk])
            return int(cursor.fetchone()[0])

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, part: slice) -> list[StatementRow]:
        start = part.start or 0
        return self._rows(None if part.stop is None else part.stop - start, start)

    def __iter__(self) -> Iterator[StatementRow]:
        return iter(self[:])

    def _count_sql(self) -> str:
        return _COUNT

    def _rows(self, limit: int | None, start: int) -> list[StatementRow]:
        with connection.cursor() as cursor:
            cursor.execute(_ROWS, [self.workspace.pk, limit, start])
            return [_row(values) for values in cursor.fetchall()]


class NetStatement(Statement):
    """The ledger of one workspace with one row a job, its movements as parts; newest first, for Django's Paginator."""

    __slots__ = ()

    def _count_sql(self) -> str:
        return _NET_COUNT

    def _rows(self, limit: int | None, start: int) -> list[StatementRow]:
        with connection.cursor() as cursor:
            cursor.execute(_NET_ROWS, [self.workspace.pk, limit, start])
            found = cursor.fetchall()
            jobs = [row[2] for row in found if row[2] and row[8] > 1]
            cursor.execute(_PARTS, [jobs, self.workspace.pk])
            of_jobs: dict[uuid.UUID, list[StatementRow]] = {}
            for values in cursor.fetchall():
                of_jobs.setdefault(values[2], []).append(_row(values))
        return [replace(_row(row[:8]), parts=of_jobs.get(row[2], []) if row[2] else []) for row in found]


def statement(workspace: Workspace) -> Statement:
    """Return the ledger of a workspace, newest first, ready for pagination."""
    return Statement(workspace)


def ledger_rows(workspace: Workspace) -> Iterator[list[object]]:
    """Yield every movement as a row under LEDGER_HEADER, newest first; amounts are exact decimal strings."""
    ends_at = trial_ends_at(workspace)
    rows = list(statement(workspace))
    jobs = {row.job_id for row in rows if row.job_id}
    titles = {job: title for find in _finders for job, title in find(jobs).items()}
    for row in rows:
        yield [
            row.at,
            row.what,
            row.job_id or "",
            titles.get(row.job_id, "") if row.job_id else "",
            row.memo,
            usd_decimal(row.amount_nano),
            usd_decimal(row.trial_nano),
            usd_decimal(row.balance_nano),
            (row.gives_trial and ends_at) or "",
        ]


def _row(values: tuple[int, str, uuid.UUID | None, str, datetime, int, int | None, int]) -> StatementRow:
    transfer_id, kind, job_id, memo, at, amount, trial, balance = values
    return StatementRow(transfer_id, TransferKind(kind), job_id, memo, at, amount, trial or 0, balance)
