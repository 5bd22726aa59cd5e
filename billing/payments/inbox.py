"""The inbox of Stripe's events: kept once each, processed later, any number of times, in any order."""

import uuid
from datetime import timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now
from django.utils import timezone

from billing.errors import StripeProblem
from billing.models import StripeEvent, TopUp
from billing.payments.cards import sync_card
from billing.payments.lost_top_ups import remake_charge, remake_top_up
from billing.payments.stripe_api.balance import events_since
from billing.payments.stripe_api.checkout import fetch_checkout, find_checkout
from billing.payments.stripe_api.events import Event, event_of
from billing.payments.stripe_api.gateway import UNKNOWN_OBJECT
from billing.payments.stripe_api.payments import fetch_payment
from billing.payments.topups import sync_top_up

# An event that failed n times rests until some n² half minutes after it came; after a month it waits for a person.
MAX_ATTEMPTS = 300
_REST = timedelta(seconds=30)
_BATCH = 100

FETCHED_TYPES = [
    *(f"checkout.session.{what}" for what in ("completed", "async_payment_succeeded", "expired")),
    *("payment_intent.succeeded", "charge.refunded", "refund.failed", "payment_method.detached"),
    *(f"charge.dispute.{what}" for what in ("created", "closed", "funds_reinstated")),
]
_ABOUT_SESSIONS = ("checkout.session.",)
_ABOUT_CARDS = ("payment_method.",)
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


def replay(event_id: str) -> None:
    """Process an event whether or not it was processed before. Raises as `process` does, and DoesNotExist."""
    StripeEvent.objects.filter(pk=event_id).update(processed_at=None)
    process(event_id)


def fetch_missed(days: int) -> int:
    """Keep the events of the last days that no webhook brought (Stripe has 30 days); return how many there were.

    Processing them is the sweep's. Raises StripeProblem.
    """
    since = timezone.now() - timedelta(days=days)
    events = (event_of(payload) for payload in events_since(since, FETCHED_TYPES))
    return sum(receive(event) for event in events)


def unprocessed() -> list[str]:
    """Return the ids of events that are due, those that failed least often first: none that fails blocks another."""
    rest = ExpressionWrapper(F("attempts") * (F("attempts") - 2) * _REST, output_field=DurationField())
    waiting = StripeEvent.objects.filter(
        processed_at=None, attempts__lt=MAX_ATTEMPTS, received_at__lte=Now() - rest
    )
    return list(waiting.order_by("attempts", "received_at").values_list("pk", flat=True)[:_BATCH])


def _handle(event: StripeEvent) -> None:
    """Sync the top-up that an event is about. What is not about our money, or of another site, is no error."""
    if event.type.startswith(_ABOUT_SESSIONS):
        reference = event.payload["data"]["object"].get("client_reference_id")
        _sync_session(event.object_id, reference)
    elif event.type.startswith(_ABOUT_PAYMENTS):
        about = event.payload["data"]["object"]
        intent = event.object_id if event.type.startswith("payment_intent.") else about.get("payment_intent")
        if isinstance(intent, str) and intent:
            _sync_payment(intent)
    elif event.type.startswith(_ABOUT_CARDS):
        sync_card(event.object_id)


def _sync_session(session: str, reference: Any) -> None:
    if reference and _uuid(reference) is None:
        return
    top_up = TopUp.objects.filter(checkout_session=session).first() or _top_up(reference)
    if top_up is None:
        try:
            top_up = remake_top_up(fetch_checkout(session))
        except StripeProblem as problem:
            if problem.code != UNKNOWN_OBJECT:
                raise
    if top_up is not None:
        sync_top_up(top_up.pk, checkout_session=session)


def _sync_payment(intent: str) -> None:
    """Sync the top-up of a payment; Stripe knows it even where we have not yet heard of the payment."""
    top_up = TopUp.objects.filter(payment_intent=intent).first()
    if top_up is not None:
        sync_top_up(top_up.pk)
        return
    try:
        payment = fetch_payment(intent)
    except StripeProblem as problem:
        if problem.code == UNKNOWN_OBJECT:
            return  # of a connected account, or of another mode
        raise
    if _uuid(payment.top_up) is None:
        return
    checkout = find_checkout(intent)
    if checkout is not None:
        _sync_session(checkout.id, payment.top_up)
    elif (charged := _top_up(payment.top_up) or remake_charge(payment)) is not None:
        sync_top_up(charged.pk)


def _top_up(reference: Any) -> TopUp | None:
    top_up_id = _uuid(reference)
    return TopUp.objects.filter(pk=top_up_id).first() if top_up_id else None


def _uuid(reference: Any) -> uuid.UUID | None:
    """Return the id of a top-up in a reference; None where it is not one of ours (a shared Stripe account)."""
    try:
        return uuid.UUID(str(reference))
    except ValueError:
        return None
