"""Stripe's billing meter: telling what was used."""

from datetime import datetime

from billing.payments.stripe_api.gateway import ask


def send_meter_event(*, name: str, identifier: str, customer: str, value: int, at: datetime) -> None:
    """Tell a meter of a use, a whole number; Stripe counts an identifier once a day at least. Raises StripeProblem."""
    event = {
        "event_name": name,
        "identifier": identifier,
        "timestamp": int(at.timestamp()),
        "payload": {"stripe_customer_id": customer, "value": str(value)},
    }
    ask(
        lambda client: client.v1.billing.meter_events.create(
            event, {"idempotency_key": f"meter:{identifier}"}
        )
    )
