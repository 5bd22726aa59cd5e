"""The ledger of a workspace as people read it: one row for each movement of its wallet or trial credit."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched
from typing import NamedTuple

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

_PURSES = "SELECT id FROM billing_account WHERE workspace_id = %(workspace)s AND kind IN ('wallet', 'trial')"

# Every movement, newest first.
_MOVEMENTS = f"""
SELECT t.id, t.kind, t.job_id, t.memo, t.effective_at, m.amount_nano, m.trial_nano, m.balance_nano
FROM (
    SELECT e.transfer_id, max(e.id) AS last_entry, sum(amount_nano)::bigint AS amount_nano,
        (sum(amount_nano) FILTER (WHERE a.kind = 'trial'))::bigint AS trial_nano,
        (sum(sum(amount_nano)) OVER (ORDER BY max(e.id)))::bigint AS balance_nano
    FROM billing_entry e JOIN billing_account a ON a.id = e.account_id
    WHERE e.account_id IN ({_PURSES}) AND e.account_id >= 1000
    GROUP BY e.transfer_id
) m JOIN billing_transfer t ON t.id = m.transfer_id
ORDER BY m.last_entry DESC
"""  # noqa: S608  (our own texts)

# One row for each job, at its latest entry, and one for each movement that is of no job, the newest first: each purse is
# read from its newest entry (before a given one) on, until there are enough, so a page costs the same however long the
# ledger is. The balances after them are what there is now less what came later; those entries are read once. Pairs are
# compared, so that the planner never takes the index of all entries, which has those of everybody.
_NET_ROWS = f"""
WITH purse AS MATERIALIZED ({_PURSES}), head AS MATERIALIZED (
    SELECT head.* FROM purse CROSS JOIN LATERAL (
        SELECT e.id AS last_entry, t.id, t.kind, t.job_id, t.memo, t.effective_at
        FROM billing_entry e JOIN billing_transfer t ON t.id = e.transfer_id
        WHERE e.account_id = purse.id AND e.account_id >= 1000 AND (e.account_id, e.id) < (purse.id, %(before)s)
            AND NOT EXISTS (
                SELECT FROM billing_entry later
                WHERE later.transfer_id = t.id AND later.id > e.id AND later.account_id IN (SELECT id FROM purse)
            ) AND NOT EXISTS (
                SELECT FROM billing_transfer other JOIN billing_entry later ON later.transfer_id = other.id
                WHERE other.job_id = t.job_id AND other.kind <> 'call' AND later.id > e.id
                    AND later.account_id IN (SELECT id FROM purse)
            )
        ORDER BY e.account_id DESC, e.id DESC LIMIT %(rows)s
    ) AS head
    ORDER BY last_entry DESC LIMIT %(rows)s
)
SELECT head.id, head.kind, head.job_id, head.memo, head.effective_at, net.amount_nano, net.trial_nano,
    (SELECT sum(balance_nano)::bigint FROM billing_account WHERE id IN (SELECT id FROM purse))
        - (sum(newer.nano) OVER (ORDER BY head.last_entry DESC))::bigint, net.parts, head.last_entry
FROM (
    SELECT *, coalesce(lag(last_entry) OVER (ORDER BY last_entry DESC), 9223372036854775807) AS upto FROM head
) AS head
CROSS JOIN LATERAL (
    SELECT coalesce(sum(of_purse.nano), 0) AS nano FROM purse CROSS JOIN LATERAL (
        SELECT sum(e.amount_nano) AS nano FROM billing_entry e
        WHERE e.account_id = purse.id AND e.account_id >= 1000
            AND (e.account_id, e.id) > (purse.id, head.last_entry) AND (e.account_id, e.id) <= (purse.id, head.upto)
    ) AS of_purse
) AS newer
CROSS JOIN LATERAL (
    SELECT sum(e.amount_nano)::bigint AS amount_nano, count(DISTINCT e.transfer_id)::int AS parts,
        (sum(e.amount_nano) FILTER (WHERE a.kind = 'trial'))::bigint AS trial_nano
    FROM (
        SELECT head.id AS transfer_id WHERE head.job_id IS NULL
        UNION ALL SELECT t.id FROM billing_transfer t WHERE t.job_id = head.job_id AND t.kind <> 'call'
    ) AS own
    JOIN billing_entry e ON e.transfer_id = own.transfer_id JOIN billing_account a ON a.id = e.account_id
    WHERE e.account_id IN (SELECT id FROM purse)
) AS net
ORDER BY head.last_entry DESC
"""  # noqa: S608  (our own texts)

_PARTS = f"""
SELECT t.id, t.kind, t.job_id, t.memo, t.effective_at, sum(e.amount_nano)::bigint,
    (sum(e.amount_nano) FILTER (WHERE a.kind = 'trial'))::bigint, 0
FROM billing_transfer t JOIN billing_entry e ON e.transfer_id = t.id JOIN billing_account a ON a.id = e.account_id
WHERE t.job_id = ANY(%(jobs)s) AND t.kind <> 'call' AND e.account_id IN ({_PURSES})
GROUP BY t.id ORDER BY max(e.id)
"""  # noqa: S608  (our own texts)
_NEWEST = 2**63 - 1
_AT_ONCE = 1_000

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


class NetPage(NamedTuple):
    """Some rows of a ledger with one row a job, newest first. `older` is the key of those before them; None: none are."""

    rows: list[StatementRow]
    older: int | None


def net_page(workspace: Workspace, *, before: int | None = None) -> NetPage:
    """Return the newest rows, or those before a key, at most PAGE_ROWS; each job's movements are its row's parts."""
    with connection.cursor() as cursor:
        asked = {"workspace": workspace.pk, "before": before or _NEWEST, "rows": PAGE_ROWS + 1}
        cursor.execute(_NET_ROWS, asked)
        found = cursor.fetchall()
        has_older, found = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
        of_jobs: dict[uuid.UUID, list[StatementRow]] = {}
        if jobs := [row[2] for row in found if row[8] > 1]:
            cursor.execute(_PARTS, {"workspace": workspace.pk, "jobs": jobs})
            for values in cursor.fetchall():
                of_jobs.setdefault(values[2], []).append(_row(values))
    rows = [replace(_row(row[:8]), parts=of_jobs.get(row[2], []) if row[2] else []) for row in found]
    return NetPage(rows, found[-1][9] if has_older else None)


def statement(workspace: Workspace) -> Iterator[StatementRow]:
    """Yield every movement of a workspace, newest first; however many there are, few are in memory at once."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_MOVEMENTS, {"workspace": workspace.pk})
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from map(_row, rows)


def ledger_rows(workspace: Workspace) -> Iterator[list[object]]:
    """Yield every movement as a row under LEDGER_HEADER, newest first; amounts are exact decimal strings."""
    ends_at = trial_ends_at(workspace)
    for rows in batched(statement(workspace), _AT_ONCE):
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
