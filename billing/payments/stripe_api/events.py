"""Stripe's webhooks: verifying the signature of the raw body, and what of an event is kept."""

import json
import math
import numbers
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from billing.errors import StripeProblem

_ID_LENGTH = 255
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Event:
    """A verified webhook event and the object it is about."""

    id: str
    type: str
    object_id: str
    payload: dict[str, Any]


def verify_event(body: bytes, signature: str) -> Event:
    """Return the event of a webhook's raw body, full or thin. Raises StripeProblem where signature or body is wrong."""
    import stripe

    try:
        text = body.decode("utf-8")
        stripe.WebhookSignature.verify_header(
            text, signature, settings.STRIPE_WEBHOOK_SECRET, stripe.Webhook.DEFAULT_TOLERANCE
        )
        return event_of(json.loads(text))
    except stripe.SignatureVerificationError as error:
        raise StripeProblem(
            "bad_signature",
            "The Stripe-Signature header does not match this body. Check that STRIPE_WEBHOOK_SECRET is the signing "
            "secret (whsec_…) of this very endpoint, and that no proxy changes the body.",
        ) from error
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StripeProblem("bad_event", "The signed body is not a Stripe event.") from error


def event_of(said: dict[str, Any]) -> Event:
    """Return an event from its JSON. Raises ValueError, KeyError, TypeError or AttributeError where it is none."""
    payload: dict[str, Any] = _json_safe(said)
    # Thin events only name what they are about.
    is_thin = payload.get("object") == "v2.core.event"
    about = (payload.get("related_object") or {}) if is_thin else payload["data"]["object"]
    return Event(_id_in(payload), str(payload["type"]), str(about.get("id", "")), payload)


def _id_in(payload: dict[str, Any]) -> str:
    event_id = payload["id"]
    if not isinstance(event_id, str) or not 0 < len(event_id) <= _ID_LENGTH:
        raise TypeError("an event has an id")
    return event_id


def _json_safe(value: Any) -> Any:
    """Return JSON that PostgreSQL takes: no NUL, no unpaired surrogate, no number that is none."""
    if isinstance(value, dict):
        return {_json_safe(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_safe(item) for item in value]
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    is_fraction = isinstance(value, numbers.Real) and not isinstance(value, int)
    return str(value) if is_fraction and not math.isfinite(value) else value
