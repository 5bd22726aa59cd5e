"""Django's system checks: a wrong setting is named at start, with what to write instead."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as SettingWarning

from billing.price_setting import parse_prices


@register()
def check_prices(**_: Any) -> list[CheckMessage]:
    """PONDER_PRICES must be readable."""
    try:
        parse_prices(settings.PONDER_PRICES)
    except ValueError as error:
        return [Error(str(error), id="billing.E001")]
    return []


@register()
def check_stripe(**_: Any) -> list[CheckMessage]:
    """The two Stripe settings come together."""
    if bool(settings.STRIPE_SECRET_KEY) == bool(settings.STRIPE_WEBHOOK_SECRET):
        return []
    missing = "STRIPE_WEBHOOK_SECRET" if settings.STRIPE_SECRET_KEY else "STRIPE_SECRET_KEY"
    return [
        SettingWarning(
            f"{missing} is not set, so nobody can add money.",
            hint="Set STRIPE_SECRET_KEY (sk_…) and STRIPE_WEBHOOK_SECRET (whsec_…) together, or neither.",
            id="billing.W001",
        )
    ]
