"""Disputes about top-ups: noted with the payment, so that staff answer the bank in time."""

from datetime import UTC, datetime

from django.db.models import QuerySet

from billing.models import Dispute, TopUp
from billing.payments.stripe_api.payments import DisputeAtStripe, Payment

_WANTS_ANSWER = ("needs_response", "warning_needs_response")


def note_disputes(top_up: TopUp, payment: Payment) -> None:
    """Keep what Stripe says of the disputes about a payment, in the caller's transaction."""
    for each in payment.disputes:
        Dispute.objects.update_or_create(pk=each.id, defaults={"top_up": top_up, **_said(each)})


def unanswered_disputes() -> QuerySet[Dispute]:
    """Return the disputes that a bank wants an answer to; those due first come first."""
    waiting = Dispute.objects.filter(status__in=_WANTS_ANSWER).select_related("top_up__user")
    return waiting.order_by("answer_by", "pk")


def _said(dispute: DisputeAtStripe) -> dict[str, object]:
    return {
        "amount_cents": dispute.amount_cents,
        "currency": dispute.currency[:3],
        "status": dispute.status[:60],
        "reason": dispute.reason[:60],
        "answer_by": datetime.fromtimestamp(dispute.answer_by, UTC) if dispute.answer_by else None,
    }
