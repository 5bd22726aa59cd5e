"""Refunds of unspent money that was paid for, to the payments that brought it, newest first. Amounts are nano-USD.

1. In one transaction the money leaves the wallet and a row for each payment is written.
2. Stripe is asked, with an idempotency key made from the row and no transaction open.
3. `sync_top_up` makes the row say what Stripe says. Who dies in between leaves that to the sweep. A refund that Stripe
   refuses, or a bank sends back, is in the wallet again.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import User, Workspace
from billing.books.ledger import announce_money
from billing.books.paid_money import paid_left_nano
from billing.errors import BillingError, StripeProblem
from billing.models import Refund, RefundState, TopUp
from billing.payments.reversals import lock_purses, reverse, tax_within
from billing.payments.stripe_api.gateway import REFUSED, UNKNOWN_OBJECT
from billing.payments.stripe_api.refunds import create_refund
from billing.payments.topups import sync_top_up
from solver.core.money import NANO_PER_CENT, format_usd

logger = logging.getLogger(__name__)

_BATCH = 50
_PATIENCE = timedelta(minutes=1)
_ASK_AGAIN = timedelta(minutes=5)
_BANKS_TAKE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Part:
    """What goes back to one payment: `cents` to the card, of which `from_wallet_nano` were in the wallet (no taxes)."""

    top_up: TopUp
    cents: int
    from_wallet_nano: int

    @property
    def nano(self) -> int:
        """What goes back to the card, in nano-USD."""
        return self.cents * NANO_PER_CENT


def refundable_nano(workspace: Workspace) -> int:
    """Return how much could be refunded now: unspent, paid for, and still with a payment; whole cents."""
    top_ups = list(_open_payments(workspace))
    return sum(part.from_wallet_nano for part in _plan(top_ups, paid_left_nano(workspace))) if top_ups else 0


def plan_refund(workspace: Workspace, amount_nano: int) -> list[Part]:
    """Return what a refund of so much would give back to which payments. Raises BillingError as asking for it would."""
    return _parts(workspace, list(_open_payments(workspace)), amount_nano)


def ask_for_refund(
    *,
    workspace: Workspace,
    request: uuid.UUID,
    amount_nano: int,
    by: User,
    by_staff: bool = False,
    reason: str = "",
) -> list[Refund]:
    """Take the money out of the wallet and give it back; repeated with the same `request` it changes nothing.

    Raises BillingError before anything is written: more than can be refunded, no whole cents, a staff refund without a
    reason. Where Stripe is away the rows stay pending and the sweep goes on.
    """
    if by_staff and not reason.strip():
        raise BillingError("reason_missing", "A refund needs a reason; the user reads it in the ledger.")
    with transaction.atomic():
        top_ups = list(_open_payments(workspace).select_for_update(of=("self",)).order_by("pk"))
        made = list(Refund.objects.filter(request=request, top_up__workspace=workspace))
        if not made:
            lock_purses(workspace)
            parts = _parts(workspace, sorted(top_ups, key=_newest_first, reverse=True), amount_nano)
            made = [_write(part, request=request, by=by, by_staff=by_staff, reason=reason) for part in parts]
    for refund in made:
        try:
            send(refund)
        except StripeProblem as problem:
            logger.warning("Refund %s is not sent yet: %s", refund.pk, problem.message)
            break
    return list(Refund.objects.filter(request=request).order_by("created_at"))


def send(refund: Refund) -> None:
    """Have Stripe make a pending refund and note what came of it. Raises StripeProblem where nobody knows yet."""
    if refund.state != RefundState.PENDING:
        return
    Refund.objects.filter(pk=refund.pk).update(asked_at=timezone.now())
    try:
        create_refund(refund_id=refund.pk, payment_intent=refund.top_up.payment_intent, cents=refund.cents)
    except StripeProblem as problem:
        if problem.code not in {REFUSED, UNKNOWN_OBJECT}:
            raise
        _take_back(refund, problem.message)
    sync_top_up(refund.top_up_id)


def send_pending_refunds() -> None:
    """Go on with refunds whose outcome nobody noted, and look after those that banks have not taken yet."""
    now = timezone.now()
    waits = Q(state=RefundState.PENDING, created_at__lt=now - _PATIENCE)
    due = waits & (Q(asked_at=None) | Q(asked_at__lt=now - _ASK_AGAIN))
    due |= Q(state=RefundState.SENT, asked_at__lt=now - _BANKS_TAKE)
    found = Refund.objects.filter(due).select_related("top_up")
    for refund in found.order_by(F("asked_at").asc(nulls_first=True), "created_at")[:_BATCH]:
        Refund.objects.filter(pk=refund.pk).update(asked_at=now)
        try:
            sync_top_up(refund.top_up_id)  # Stripe may have it: its keys are kept for a day only
            refund.refresh_from_db()
            send(refund)
        except StripeProblem as problem:
            logger.warning("Refund %s is not sent yet: %s", refund.pk, problem.message)


def _open_payments(workspace: Workspace) -> QuerySet[TopUp]:
    credited = TopUp.objects.filter(workspace=workspace, credited_nano__gt=0).exclude(payment_intent="")
    paid = credited.select_related("workspace")
    return paid.filter(reversed_nano__lt=F("credited_nano") + F("tax_nano")).order_by("-credited_at", "-pk")


def _newest_first(top_up: TopUp) -> tuple[object, uuid.UUID]:
    return top_up.credited_at, top_up.pk


def _parts(workspace: Workspace, top_ups: list[TopUp], amount_nano: int) -> list[Part]:
    if amount_nano <= 0 or amount_nano % NANO_PER_CENT:
        raise BillingError("not_whole_cents", "Enter an amount in dollars and whole cents, such as 12.50.")
    unspent = paid_left_nano(workspace)
    most = sum(part.from_wallet_nano for part in _plan(top_ups, unspent))
    if amount_nano > unspent or amount_nano > -(-most // NANO_PER_CENT) * NANO_PER_CENT:
        raise BillingError(
            "too_much",
            f"At most {format_usd(most)} can be refunded: money that was paid for, is not spent and is not reserved for "
            "jobs. Trial credit and money from the operator can't be paid out.",
        )
    return _plan(top_ups, amount_nano)


def _plan(top_ups: list[TopUp], amount_nano: int) -> list[Part]:
    parts: list[Part] = []
    left = amount_nano
    for top_up in top_ups:
        paid_nano = top_up.credited_nano + top_up.tax_nano
        with_taxes = left * paid_nano // top_up.credited_nano
        cents = min(with_taxes, paid_nano - top_up.reversed_nano) // NANO_PER_CENT
        if cents:
            after = top_up.reversed_nano + cents * NANO_PER_CENT
            taxes = tax_within(top_up, after) - tax_within(top_up, top_up.reversed_nano)
            parts.append(Part(top_up, cents, cents * NANO_PER_CENT - taxes))
            left -= parts[-1].from_wallet_nano
    return parts


def _write(part: Part, *, request: uuid.UUID, by: User, by_staff: bool, reason: str) -> Refund:
    refund = Refund.objects.create(
        request=request, top_up=part.top_up, cents=part.cents, by=by, by_staff=by_staff, reason=reason.strip()
    )
    memo = (
        f"refund to your card by the operator: {refund.reason}"
        if by_staff
        else "refund to your card, as you asked"
    )
    reverse(part.top_up, part.cents * NANO_PER_CENT, memo=memo, actor=by)
    part.top_up.save(update_fields=["reversals", "reversed_nano", "state"])
    return refund


def _take_back(refund: Refund, why: str) -> None:
    """Put a refund that Stripe refused back into the wallet."""
    with transaction.atomic():
        top_up = (
            TopUp.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=refund.top_up_id)
        )
        failed = Refund.objects.filter(pk=refund.pk, state=RefundState.PENDING)
        if failed.update(state=RefundState.FAILED, problem=why[:300]):
            reverse(top_up, -refund.cents * NANO_PER_CENT, memo="a refund was refused, the money is back")
            top_up.save(update_fields=["reversals", "reversed_nano", "state"])
            announce_money(top_up.workspace_id)
