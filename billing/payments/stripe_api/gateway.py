"""The door to Stripe: one client, one version of its API, its errors in our words.

Only here and in `stripe_events` is `stripe` imported, and only where it is used: loading it takes most of a second, and
most requests never need it.
"""

from typing import TYPE_CHECKING, Any

from django.conf import settings

from billing.errors import StripeProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    import stripe

API_VERSION = "2026-10-28.endive"
"""The version of Stripe's API whose shapes this package reads, whatever the account's default is."""

CURRENCY = "usd"
# Codes of a StripeProblem. After the last two it is certain that Stripe did not do what was asked.
UNKNOWN_OBJECT = "unknown_object"
DECLINED = "declined"
REFUSED = "refused"
_TIMEOUT_S = 20


def missing_settings() -> list[str]:
    """Return the names of the settings that Stripe still needs."""
    return [name for name in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET") if not getattr(settings, name)]


def http_client() -> "stripe.HTTPClient":
    """Return the transport."""
    import stripe

    return stripe.RequestsClient(timeout=_TIMEOUT_S)


def ask[T](question: "Callable[[Any], T]") -> T:
    """Run one conversation with Stripe, given its client (`client.v1`), with Stripe's errors as StripeProblem.

    Other codes than UNKNOWN_OBJECT, DECLINED and REFUSED leave open whether Stripe did what was asked.
    """
    import stripe

    if missing := missing_settings():
        raise StripeProblem("not_configured", f"Set {' and '.join(missing)} to take payments.")
    client = stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        stripe_version=API_VERSION,
        base_addresses={"api": settings.STRIPE_API_BASE},
        http_client=http_client(),
        max_network_retries=2,
    )
    try:
        return question(client)
    except stripe.StripeError as error:
        raise StripeProblem(
            _code_of(error),
            f"Stripe did not accept the request ({type(error).__name__}: {error.user_message or error}). "
            "Nothing was charged. Try again in a minute.",
            about=_payment_of(error),
        ) from error


def _code_of(error: "stripe.StripeError") -> str:
    import stripe

    if isinstance(error, stripe.CardError):
        return DECLINED
    if isinstance(error, stripe.InvalidRequestError):
        return UNKNOWN_OBJECT if error.http_status == 404 else REFUSED
    return "stripe_failed"


def _payment_of(error: "stripe.StripeError") -> str:
    return id_of(field(error.error, "payment_intent"))


def field(found: Any, name: str) -> Any:
    """Return a field of Stripe's object; None where it has none (objects differ by kind and version)."""
    return getattr(found, name, None)


def id_of(found: Any) -> str:
    """Return the id of a field that holds an id, an expanded object or nothing."""
    if found is None:
        return ""
    return found if isinstance(found, str) else str(found.id)


def metadata_of(found: Any) -> dict[str, str]:
    """Return what we noted at Stripe with an object."""
    noted = field(found, "metadata")
    return {str(key): str(value) for key, value in noted.to_dict().items()} if noted else {}
