"""Who changed what about money, newest first: transfers, prices, stops, limits, corrections, reconciled bills."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

_CHANGES = """
    SELECT t.effective_at AS at, u.email AS who, t.kind AS what, COALESCE((
        SELECT string_agg(DISTINCT w.name, ', ') FROM billing_entry e JOIN billing_account a ON a.id = e.account_id
        JOIN accounts_workspace w ON w.id = a.workspace_id WHERE e.transfer_id = t.id), t.key) AS about, t.memo AS why
    FROM billing_transfer t JOIN accounts_user u ON u.id = t.actor_id
    WHERE t.kind NOT IN ('call', 'escrow', 'release') AND t.kind IN (
        'trial', 'grant', 'top_up', 'refund', 'debt', 'accrual', 'bill', 'adjustment', 'fee', 'payout')
    UNION ALL
    SELECT p.created_at, u.email, 'price approved', p.model, p.source
    FROM billing_price p JOIN accounts_user u ON u.id = p.approved_by_id
    UNION ALL
    SELECT c.asked_at, u.email, c.kind || ' asked for', 'correction ' || c.id, c.reason
    FROM billing_correction c JOIN accounts_user u ON u.id = c.asked_by_id
    UNION ALL
    SELECT c.decided_at, u.email, c.kind || ' ' || c.state, 'correction ' || c.id, c.decision_reason
    FROM billing_correction c JOIN accounts_user u ON u.id = c.decided_by_id
    UNION ALL
    SELECT i.changed_at, u.email, 'bill ' || i.state, i.model || ' ' || i.day, i.reason
    FROM billing_reconciliationitem i JOIN accounts_user u ON u.id = i.by_id
    UNION ALL
    SELECT s.created_at, u.email, CASE s.scope WHEN 'model' THEN 'suspension' ELSE 'stop of spending' END, s.subject,
        s.reason
    FROM billing_spendingstop s JOIN accounts_user u ON u.id = s.by_id
    UNION ALL
    SELECT s.lifted_at, u.email,
        CASE s.scope WHEN 'model' THEN 'suspension lifted' ELSE 'spending goes on' END, s.subject, s.lift_reason
    FROM billing_spendingstop s JOIN accounts_user u ON u.id = s.lifted_by_id
"""
_AT_ONCE = 1_000
# What other rooms know of, in the same columns.
_of_others: list[str] = []


def register_changes(sql: str) -> None:
    """Say what else people changed: SQL of the columns at, who, what, about, why."""
    if sql not in _of_others:
        _of_others.append(sql)


def _all() -> str:
    return " UNION ALL ".join([_CHANGES, *_of_others])


def _ordered() -> str:
    return f"SELECT at, who, what, about, why FROM ({_all()}) AS change ORDER BY at DESC, about"  # noqa: S608  (our texts)


@dataclass(frozen=True, slots=True)
class Change:
    """One act of one person."""

    at: datetime
    who: str
    what: str
    about: str
    why: str


class Changes:
    """All of them as a sequence of which Django's Paginator takes a page at a time."""

    def count(self) -> int:
        """Return how many there are."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({_all()}) AS change")  # noqa: S608  (our own texts)
            return int(cursor.fetchone()[0])

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, part: slice) -> list[Change]:
        start, most = part.start or 0, None if part.stop is None else part.stop - (part.start or 0)
        with connection.cursor() as cursor:
            cursor.execute(f"{_ordered()} LIMIT %s OFFSET %s", [most, start])
            return [Change(*row) for row in cursor.fetchall()]

    def __iter__(self) -> Iterator[Change]:
        with connection.chunked_cursor() as cursor:
            cursor.execute(_ordered())
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from (Change(*row) for row in rows)
