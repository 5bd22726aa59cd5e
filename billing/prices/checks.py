"""Django's system checks: settings that work, but not as anybody means them."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as SettingWarning

from billing.prices.shipped_list import is_old, listed_ended_models, reviewed_at


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


@register()
def check_price_list(**_: Any) -> list[CheckMessage]:
    """The shipped prices are not old, and no model is meant to be called that its provider serves no more."""
    found: list[CheckMessage] = []
    if is_old():
        found.append(
            SettingWarning(
                f"The shipped price list was reviewed on {reviewed_at():%Y-%m-%d}: prices may have changed since.",
                hint="Upgrade, or price the models that you use with PONDER_PRICES.",
                id="billing.W002",
            )
        )
    ended = listed_ended_models()
    found += [
        SettingWarning(
            f"PONDER_MODELS names {model}, which its provider serves no more since {ended[model]}.",
            hint="Name its successor.",
            id="billing.W003",
        )
        for model in settings.PONDER_MODELS
        if model in ended
    ]
    return found
