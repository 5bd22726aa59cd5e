"""Asking Stripe for a refund. Amounts are whole US cents."""

import uuid

from billing.payments.stripe_api.gateway import ask


def create_refund(*, refund_id: uuid.UUID, payment_intent: str, cents: int) -> None:
    """Give so much of a payment back, once for each of our refunds.

    Raises StripeProblem: after REFUSED and UNKNOWN_OBJECT nothing was given back, after others nobody knows.
    """
    asked = {
        "payment_intent": payment_intent,
        "amount": cents,
        "reason": "requested_by_customer",
        "metadata": {"refund": str(refund_id)},
    }
    ask(lambda client: client.v1.refunds.create(asked, {"idempotency_key": f"refund:{refund_id}"}))
