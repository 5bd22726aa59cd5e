"""Fees and payouts of Stripe in our books, from its balance transactions; each is booked once.

Charges, refunds and disputes are booked with their top-ups. The account at Stripe is taken to be this site's own: its
payouts and fees are all ours, while payments of others on it are kept, but not booked.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from billing.books.ledger import BANK, STRIPE_CLEARING, STRIPE_FEES, post
from billing.models import BalanceTransaction, TopUp, TransferKind
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.payments.stripe_api.balance import Movement, movements_since
from solver.core.money import NANO_PER_CENT

PAYOUTS = frozenset({"payout", "payout_cancel", "payout_failure"})
ACCOUNT_FEES = frozenset({"stripe_fee", "tax_fee", "stripe_fx_fee", "network_cost", "application_fee"})
# Stripe may list a transaction a little after others of the same time.
_OVERLAP = timedelta(days=3)
# Banks and Stripe's own books follow within that time.
_SETTLED_AFTER = timedelta(days=2)
_DIFFERING = """
SELECT u.id, u.credited_nano + u.tax_nano - u.reversed_nano AS booked,
    (coalesce(sum(b.amount_cents), 0) * %(cents)s)::bigint
FROM billing_topup u
LEFT JOIN billing_balancetransaction b ON b.payment_intent = u.payment_intent AND b.currency = 'usd'
LEFT JOIN billing_transfer t ON t.key = 'stripe:pi:' || u.payment_intent || ':reversal:' || u.reversals
WHERE u.credited_nano > 0 AND u.credited_at < %(before)s AND (t.id IS NULL OR t.effective_at < %(before)s)
    AND NOT EXISTS (
        SELECT FROM billing_balancetransaction o WHERE o.payment_intent = u.payment_intent AND o.currency <> 'usd'
    )
GROUP BY u.id HAVING u.credited_nano + u.tax_nano - u.reversed_nano <> coalesce(sum(b.amount_cents), 0) * %(cents)s
ORDER BY u.credited_at LIMIT 100
"""
_UNKNOWN_FOR = timedelta(days=30)


def sync_balance() -> int:
    """Keep what moved the balance at Stripe since the last time, and book its fees and payouts; return how many are new.

    Raises StripeProblem.
    """
    if stripe_gateway.missing_settings():
        return 0
    newest = BalanceTransaction.objects.order_by("-created_at").first()
    first_top_up = TopUp.objects.order_by("created_at").first()
    begun = newest or first_top_up
    if begun is None:
        return 0
    before = BalanceTransaction.objects.count()
    BalanceTransaction.objects.bulk_create(
        [_row(each) for each in movements_since(begun.created_at - _OVERLAP)], ignore_conflicts=True
    )
    book_fees_and_payouts()
    return BalanceTransaction.objects.count() - before


def book_fees_and_payouts() -> None:
    """Book what is kept and not booked yet; what is about a payment that we do not know is looked at for a month."""
    recent = timezone.now() - _UNKNOWN_FOR
    for row in BalanceTransaction.objects.filter(booked_at=None, created_at__gt=recent).order_by(
        "created_at", "pk"
    ):
        with transaction.atomic():
            _book(row)


def _book(row: BalanceTransaction) -> None:
    is_own = row.type in PAYOUTS | ACCOUNT_FEES
    if not is_own and not TopUp.objects.filter(_pays(row)).exists():
        return
    row.is_ours = True
    if row.currency == stripe_gateway.CURRENCY:
        fee, amount = row.fee_cents * NANO_PER_CENT, row.amount_cents * NANO_PER_CENT
        _post(row, "fee", TransferKind.FEE, STRIPE_FEES, fee)
        if is_own:
            other, kind = (
                (BANK, TransferKind.PAYOUT) if row.type in PAYOUTS else (STRIPE_FEES, TransferKind.FEE)
            )
            _post(row, "amount", kind, other, -amount)
        row.booked_at = timezone.now()
    row.save(update_fields=["is_ours", "booked_at"])


def _pays(row: BalanceTransaction) -> Q:
    known = Q(payment_intent=row.payment_intent) if row.payment_intent else Q(pk=None)
    return known | Q(charge=row.source) if row.source else known


def _post(row: BalanceTransaction, what: str, kind: TransferKind, other: int, leaves_nano: int) -> None:
    """Move what left Stripe's balance to another account of the house."""
    if leaves_nano:
        post(
            key=f"stripe:txn:{row.pk}:{what}",
            kind=kind,
            amounts={STRIPE_CLEARING: leaves_nano, other: -leaves_nano},
            stripe_object=row.pk,
            memo=row.type,
        )


def _row(movement: Movement) -> BalanceTransaction:
    return BalanceTransaction(
        id=movement.id,
        type=movement.type[:60],
        amount_cents=movement.amount_cents,
        fee_cents=movement.fee_cents,
        currency=movement.currency[:3],
        source=movement.source[:255],
        payment_intent=movement.payment_intent[:255],
        created_at=movement.created_at,
        available_on=movement.available_on,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """A top-up of which Stripe's transactions say otherwise than our books. Amounts are nano-USD."""

    top_up_id: uuid.UUID
    booked_nano: int
    at_stripe_nano: int


def differing_top_ups() -> list[Difference]:
    """Return credited top-ups whose payments less refunds and disputes differ at Stripe since two days or more.

    None are returned before the first balance transactions were read, and none that Stripe settled in another currency.
    """
    if not BalanceTransaction.objects.exists():
        return []
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERING, {"cents": NANO_PER_CENT, "before": timezone.now() - _SETTLED_AFTER})
        return [Difference(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class AtStripe:
    """Sums of what is ours at Stripe, in nano-USD: payments less refunds and disputes, fees, and what was paid out."""

    gross_nano: int
    fees_nano: int
    paid_out_nano: int
    unbooked: int

    @property
    def net_nano(self) -> int:
        """What is left of the payments after fees."""
        return self.gross_nano - self.fees_nano

    @property
    def balance_nano(self) -> int:
        """What lies at Stripe still."""
        return self.net_nano - self.paid_out_nano


def at_stripe() -> AtStripe:
    """Return the sums of all balance transactions that are ours, in US dollars."""
    ours = BalanceTransaction.objects.filter(is_ours=True)
    usd = ours.filter(currency=stripe_gateway.CURRENCY)
    is_payout, is_fee = Q(type__in=PAYOUTS), Q(type__in=ACCOUNT_FEES)
    sums = usd.aggregate(
        gross=Sum("amount_cents", filter=~is_payout & ~is_fee, default=0),
        fees=Sum("fee_cents", default=0),
        account_fees=Sum("amount_cents", filter=is_fee, default=0),
        payouts=Sum("amount_cents", filter=is_payout, default=0),
    )
    return AtStripe(
        gross_nano=sums["gross"] * NANO_PER_CENT,
        fees_nano=(sums["fees"] - sums["account_fees"]) * NANO_PER_CENT,
        paid_out_nano=-sums["payouts"] * NANO_PER_CENT,
        unbooked=ours.filter(booked_at=None).count(),
    )


def other_currencies() -> dict[str, int]:
    """Return how many transactions of ours Stripe settled in which other currencies: nothing of those is booked."""
    others = BalanceTransaction.objects.filter(is_ours=True).exclude(currency=stripe_gateway.CURRENCY)
    return dict(others.values_list("currency").annotate(number=Count("pk")).order_by("currency"))


def strangers_nano() -> int:
    """Return what payments that are not this site's have left at Stripe, after their fees, in nano-USD."""
    others = BalanceTransaction.objects.filter(is_ours=False, currency=stripe_gateway.CURRENCY)
    sums = others.aggregate(amount=Sum("amount_cents", default=0), fees=Sum("fee_cents", default=0))
    return int(sums["amount"] - sums["fees"]) * NANO_PER_CENT
