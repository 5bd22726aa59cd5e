"""The inbox of Stripe's events: kept once each, processed later, any number of times, in any order."""

import uuid

from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import StripeEvent, TopUp
from billing.payments import stripe_gateway
from billing.payments.stripe_gateway import Event
from billing.payments.topups import sync_top_up

# After so many failed attempts (one a minute) an event waits for a person; staff see it with its error.
MAX_ATTEMPTS = 1000
_BATCH = 100

_ABOUT_SESSIONS = ("checkout.session.",)
_ABOUT_PAYMENTS = ("payment_intent.", "charge.", "refund.")


def receive(event: Event) -> bool:
    """Keep a verified event; return whether it is new."""
    row = StripeEvent(
        id=event.id, type=event.type[:100], object_id=event.object_id[:255], payload=event.payload
    )
    before = StripeEvent.objects.filter(pk=event.id).exists()
    StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
    return not before


def process(event_id: str) -> None:
    """Bring the books up to date with what an event is about, and mark it processed.

    Not in one transaction, for Stripe is asked in between: processing an event again changes nothing. A failure is kept
    with the event and raised; the sweep tries again.
    """
    event = StripeEvent.objects.get(pk=event_id)
    if event.processed_at is not None:
        return
    try:
        _handle(event)
    except Exception as error:
        StripeEvent.objects.filter(pk=event_id, processed_at=None).update(
            error=f"{type(error).__name__}: {error}"[:2000], attempts=event.attempts + 1
        )
        raise
    StripeEvent.objects.filter(pk=event_id, processed_at=None).update(processed_at=timezone.now(), error="")


def unprocessed() -> list[str]:
    """Return the ids of events that still wait, oldest first."""
    waiting = StripeEvent.objects.filter(processed_at=None, attempts__lt=MAX_ATTEMPTS).order_by("received_at")
    return list(waiting.values_list("pk", flat=True)[:_BATCH])


def _handle(event: StripeEvent) -> None:
    about = event.payload["data"]["object"]
    if event.type.startswith(_ABOUT_SESSIONS):
        top_up = _top_up(about.get("client_reference_id"))
        if top_up is not None:
            sync_top_up(top_up.pk, checkout_session=event.object_id)
    elif event.type.startswith(_ABOUT_PAYMENTS):
        intent = event.object_id if event.type.startswith("payment_intent.") else about.get("payment_intent")
        top_up = _top_up_of_payment(intent if isinstance(intent, str) else "")
        if top_up is not None:
            sync_top_up(top_up.pk)
    # Anything else is not about our money.


def _top_up_of_payment(payment_intent: str) -> TopUp | None:
    """Return the top-up of a payment; Stripe knows it even where we have not yet heard of the payment."""
    if not payment_intent:
        return None
    found = TopUp.objects.filter(payment_intent=payment_intent).first()
    return found or _top_up(stripe_gateway.fetch_payment(payment_intent).top_up)


def _top_up(reference: object) -> TopUp | None:
    """Return the top-up of a reference; None where it is not one of ours (a shared Stripe account)."""
    try:
        return TopUp.objects.filter(pk=uuid.UUID(str(reference))).first()
    except (ValueError, ValidationError):
        return None
