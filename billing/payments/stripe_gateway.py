"""The only module that talks to Stripe: Checkout, payments and signed webhooks. Amounts are whole US cents.

`stripe` is imported where it is used: loading it takes most of a second, and most requests never need it.
"""

import json
import math
import numbers
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from billing.errors import StripeProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    import stripe

CURRENCY = "usd"
# The code of a StripeProblem about an object that Stripe does not know under our key.
UNKNOWN_OBJECT = "unknown_object"
_TIMEOUT_S = 20
_ID_LENGTH = 255
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Disputes in these states have not taken money (warnings) or gave it back (won).
_HARMLESS_DISPUTES = frozenset(
    {"won", "warning_needs_response", "warning_under_review", "warning_closed", "prevented"}
)


@dataclass(frozen=True, slots=True)
class Checkout:
    """A Checkout Session as Stripe sees it now; `asked_cents` and `workspace` are what we noted when we opened it."""

    id: str
    url: str
    top_up: str
    status: str
    payment_status: str
    amount_cents: int
    currency: str
    payment_intent: str
    success_url: str
    workspace: str
    asked_cents: str


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment intent as Stripe sees it now; `disputed_cents` leaves out disputes that took or kept nothing."""

    id: str
    top_up: str
    status: str
    refunded_cents: int
    disputed_cents: int
    is_disputed: bool

    @property
    def taken_back_cents(self) -> int:
        """Refunded and disputed money together."""
        return self.refunded_cents + self.disputed_cents


@dataclass(frozen=True, slots=True)
class Event:
    """A verified webhook event and the object it is about."""

    id: str
    type: str
    object_id: str
    payload: dict[str, Any]


def missing_settings() -> list[str]:
    """Return the names of the settings that Stripe still needs."""
    return [name for name in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET") if not getattr(settings, name)]


def http_client() -> "stripe.HTTPClient":
    """Return the transport; tests put an in-process double here."""
    import stripe

    return stripe.RequestsClient(timeout=_TIMEOUT_S)


def create_checkout(
    *,
    top_up_id: uuid.UUID,
    workspace: uuid.UUID,
    amount_cents: int,
    email: str,
    success_url: str,
    cancel_url: str,
) -> Checkout:
    """Open a Checkout Session for a top-up; asking again for the same top-up returns the same session.

    Its metadata says whose money it is, so that a payment finds its wallet even where our row was lost.
    """
    reference = str(top_up_id)
    noted = {"top_up": reference, "workspace": str(workspace), "amount_cents": str(amount_cents)}
    return _asked(
        lambda client: _checkout(
            client.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "client_reference_id": reference,
                    "customer_email": email,
                    "success_url": success_url,
                    "cancel_url": cancel_url,
                    "metadata": noted,
                    "payment_intent_data": {"metadata": {"top_up": reference}},
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": CURRENCY,
                                "unit_amount": amount_cents,
                                "product_data": {"name": "Ponder wallet top-up"},
                            },
                        }
                    ],
                },
                {"idempotency_key": f"topup:{reference}"},
            )
        )
    )


def fetch_checkout(session_id: str) -> Checkout:
    """Return the session as it is now."""
    return _asked(lambda client: _checkout(client.v1.checkout.sessions.retrieve(session_id)))


def find_checkout(payment_intent: str) -> Checkout | None:
    """Return the session that a payment belongs to, if there is one."""

    def found(client: "stripe.StripeClient") -> Checkout | None:
        sessions: Any = client.v1.checkout.sessions.list({"payment_intent": payment_intent, "limit": 1})
        return _checkout(sessions.data[0]) if sessions.data else None

    return _asked(found)


def fetch_payment(payment_intent: str) -> Payment:
    """Return the payment as it is now, with what was refunded or disputed of it."""
    return _asked(lambda client: _payment(client, payment_intent))


def verify_event(body: bytes, signature: str) -> Event:
    """Return the event of a webhook's raw body, full or thin. Raises StripeProblem where signature or body is wrong."""
    import stripe

    try:
        text = body.decode("utf-8")
        stripe.WebhookSignature.verify_header(
            text, signature, settings.STRIPE_WEBHOOK_SECRET, stripe.Webhook.DEFAULT_TOLERANCE
        )
        payload: dict[str, Any] = _storable(json.loads(text))
        # Thin events only name what they are about.
        is_thin = payload.get("object") == "v2.core.event"
        about = (payload.get("related_object") or {}) if is_thin else payload["data"]["object"]
        return Event(_id_in(payload), str(payload["type"]), str(about.get("id", "")), payload)
    except stripe.SignatureVerificationError as error:
        raise StripeProblem(
            "bad_signature",
            "The Stripe-Signature header does not match this body. Check that STRIPE_WEBHOOK_SECRET is the signing "
            "secret (whsec_…) of this very endpoint, and that no proxy changes the body.",
        ) from error
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StripeProblem("bad_event", "The signed body is not a Stripe event.") from error


def _id_in(payload: dict[str, Any]) -> str:
    event_id = payload["id"]
    if not isinstance(event_id, str) or not 0 < len(event_id) <= _ID_LENGTH:
        raise TypeError("an event has an id")
    return event_id


def _storable(value: Any) -> Any:
    """Return JSON that PostgreSQL takes: no NUL, no unpaired surrogate, no number that is none."""
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    is_fraction = isinstance(value, numbers.Real) and not isinstance(value, int)
    return str(value) if is_fraction and not math.isfinite(value) else value


def _asked[T](ask: "Callable[[stripe.StripeClient], T]") -> T:
    """Run one conversation with Stripe, with its errors in our words."""
    import stripe

    if missing := missing_settings():
        raise StripeProblem("not_configured", f"Set {' and '.join(missing)} to take payments.")
    client = stripe.StripeClient(settings.STRIPE_SECRET_KEY, http_client=http_client(), max_network_retries=2)
    try:
        return ask(client)
    except stripe.StripeError as error:
        is_unknown = isinstance(error, stripe.InvalidRequestError) and error.http_status == 404
        raise StripeProblem(
            UNKNOWN_OBJECT if is_unknown else "stripe_failed",
            f"Stripe did not accept the request ({type(error).__name__}: {error.user_message or error}). "
            "Nothing was charged. Try again in a minute.",
        ) from error


def _checkout(session: Any) -> Checkout:
    noted = _metadata_of(session)
    return Checkout(
        id=session.id,
        url=session.url or "",
        top_up=session.client_reference_id or "",
        status=session.status or "",
        payment_status=session.payment_status or "",
        amount_cents=session.amount_total or 0,
        currency=session.currency or "",
        payment_intent=_id_of(session.payment_intent),
        success_url=session.success_url or "",
        workspace=noted.get("workspace", ""),
        asked_cents=noted.get("amount_cents", ""),
    )


def _metadata_of(found: Any) -> dict[str, str]:
    noted: dict[str, str] = found.metadata.to_dict() if found.metadata else {}
    return noted


def _payment(client: "stripe.StripeClient", payment_intent: str) -> Payment:
    intent: Any = client.v1.payment_intents.retrieve(payment_intent, {"expand": ["latest_charge"]})
    charge = intent.latest_charge
    refunded = charge.amount_refunded if charge is not None else 0
    disputed = 0
    if charge is not None and charge.disputed:
        disputes: Any = client.v1.disputes.list({"payment_intent": payment_intent, "limit": 100})
        # A dispute in another currency says nothing in cents: all of the payment may be gone.
        disputed = sum(
            dispute.amount if dispute.currency == charge.currency else charge.amount
            for dispute in disputes.data
            if dispute.status not in _HARMLESS_DISPUTES
        )
    return Payment(
        id=intent.id,
        top_up=_metadata_of(intent).get("top_up", ""),
        status=intent.status or "",
        refunded_cents=refunded,
        disputed_cents=disputed,
        is_disputed=charge is not None and charge.disputed,
    )


def _id_of(found: Any) -> str:
    """Return the id of a field that holds an id, an expanded object or nothing."""
    if found is None:
        return ""
    return found if isinstance(found, str) else str(found.id)
