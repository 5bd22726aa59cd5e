"""What users had before a period, what came and went in it, and what they have after it. Amounts are nano-USD.

Users' money is what lies in wallets, as trial credit and with running jobs; debts of theirs stand beside it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone

from billing.cost_review.sums import Scope, billed_nano
from billing.models import TransferKind

_MOVED = """
SELECT t.kind, coalesce(sum(e.amount_nano) FILTER (WHERE a.kind IN ('wallet', 'trial')), 0)::bigint,
    coalesce(sum(e.amount_nano) FILTER (WHERE a.kind = 'receivable'), 0)::bigint
FROM billing_transfer t JOIN billing_entry e ON e.transfer_id = t.id JOIN billing_account a ON a.id = e.account_id
WHERE t.kind = ANY(%s) AND t.kind NOT IN ('call', 'escrow', 'release')
    AND t.effective_at >= %s AND t.effective_at < %s
GROUP BY 1
"""
_NOW = """
SELECT (SELECT coalesce(sum(balance_nano), 0)::bigint FROM billing_account
        WHERE is_floored AND (kind IN ('wallet', 'trial') OR (kind = 'escrow' AND closed_at IS NULL))),
    (SELECT -coalesce(sum(e.amount_nano), 0)::bigint FROM billing_account a
        JOIN billing_entry e ON e.account_id = a.id AND e.account_id >= 1000 WHERE a.kind = 'receivable')
"""
_KINDS = (
    TransferKind.TOP_UP,
    TransferKind.GRANT,
    TransferKind.TRIAL,
    TransferKind.REFUND,
    TransferKind.ADJUSTMENT,
    TransferKind.DEBT,
)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class UsersMoney:
    """`opening_nano` and all that came, less all that went, is `closing_nano`.

    `refunded_nano` is all that was refunded or disputed, less its taxes; `beyond_nano` the part of it that had been
    spent already, which users owe; `debts_nano` what they owe now. `adjusted_nano` may be negative.
    """

    topped_up_nano: int
    granted_nano: int
    trial_given_nano: int
    refunded_nano: int
    beyond_nano: int
    debts_paid_nano: int
    adjusted_nano: int
    charged_nano: int
    closing_nano: int
    written_off_nano: int
    debts_nano: int

    @property
    def opening_nano(self) -> int:
        """What users had when the period began."""
        came = self.topped_up_nano + self.granted_nano + self.trial_given_nano + self.adjusted_nano
        went = self.refunded_nano - self.beyond_nano + self.debts_paid_nano + self.charged_nano
        return self.closing_nano - came + went


def users_money(scope: Scope, *, charged_nano: int | None = None) -> UsersMoney:
    """Return the figures of a scope's days, of all models and workspaces.

    `charged_nano` is what they were billed in those days, where that is known already.
    """
    moved = _moved(scope.since, scope.until)
    purses = {kind: nano for kind, (nano, _) in moved.items()}
    owes_less = {kind: nano for kind, (_, nano) in moved.items()}
    beyond_nano = -owes_less.get(TransferKind.REFUND, 0)
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        now_nano, debts_nano = cursor.fetchone()
    return UsersMoney(
        topped_up_nano=purses.get(TransferKind.TOP_UP, 0),
        granted_nano=purses.get(TransferKind.GRANT, 0),
        trial_given_nano=purses.get(TransferKind.TRIAL, 0),
        refunded_nano=beyond_nano - purses.get(TransferKind.REFUND, 0),
        beyond_nano=beyond_nano,
        debts_paid_nano=-purses.get(TransferKind.DEBT, 0),
        adjusted_nano=purses.get(TransferKind.ADJUSTMENT, 0),
        charged_nano=_charged_nano(scope) if charged_nano is None else charged_nano,
        closing_nano=now_nano - _grown_since_nano(scope),
        written_off_nano=owes_less.get(TransferKind.ADJUSTMENT, 0),
        debts_nano=debts_nano,
    )


def _moved(since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
    """Return by kind what came into purses, and what users owe less for it."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, [[kind.value for kind in _KINDS], since, until])
        return {kind: (purses, owes_less) for kind, purses, owes_less in cursor.fetchall()}


def _charged_nano(scope: Scope) -> int:
    return billed_nano(Scope(days=scope.days, last=scope.last))


def _grown_since_nano(scope: Scope) -> int:
    """Return by how much users' money has grown since a scope's days were over."""
    days = (timezone.localdate() - scope.last_day).days
    if days <= 0:
        return 0
    came_nano = sum(purses for purses, _ in _moved(scope.until, _NEVER).values())
    return came_nano - _charged_nano(Scope(days=days))
