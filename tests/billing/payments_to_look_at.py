"""One of each thing that pages about payments show, for looking at them; the books know nothing of it."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing.models import AutoRecharge, BalanceTransaction, Dispute, Refund, SavedCard, StripeEvent, TopUp
from solver.core.money import NANO_PER_USD


def make_payments(user: User) -> None:
    """Make a card, automatic top-ups, payments with and without receipt, a refund, a dispute, a payout, an event."""
    now, workspace = timezone.now(), ensure_personal_workspace(user)
    card = SavedCard.objects.create(
        workspace=workspace,
        user=user,
        payment_method="pm_1",
        customer="cus_1",
        brand="visa",
        last4="4242",
        exp_month=4,
        exp_year=2031,
        consented_at=now,
    )
    AutoRecharge.objects.create(
        workspace=workspace,
        user=user,
        card=card,
        is_on=True,
        threshold_nano=5 * NANO_PER_USD,
        amount_nano=20 * NANO_PER_USD,
        monthly_cap_nano=100 * NANO_PER_USD,
        failures=1,
        paused_until=now + timedelta(hours=1),
    )
    *_, top_up = [
        TopUp.objects.create(
            workspace=workspace,
            user=user,
            amount_nano=20 * NANO_PER_USD,
            state=state,
            origin=origin,
            card=card if origin == "auto" else None,
            payment_intent=f"pi_{state}",
            receipt_url="https://pay.stripe.com/receipts/1" if state == "refunded" else "",
        )
        for state, origin in (("failed", "checkout"), ("pending", "auto"), ("refunded", "auto"))
    ]
    Refund.objects.create(
        request=top_up.pk,
        top_up=top_up,
        by=user,
        cents=700,
        state="failed",
        problem="The bank did not take it.",
    )
    Dispute.objects.create(
        pk="dp_1", top_up=top_up, amount_cents=2000, currency="usd", status="needs_response", answer_by=now
    )
    BalanceTransaction.objects.create(
        pk="txn_1",
        type="payout",
        amount_cents=-800,
        fee_cents=0,
        currency="usd",
        source="po_1",
        created_at=now,
    )
    StripeEvent.objects.create(
        pk="evt_1",
        type="charge.refunded",
        object_id="ch_1",
        payload={},
        attempts=2,
        error="StripeProblem: away",
    )
