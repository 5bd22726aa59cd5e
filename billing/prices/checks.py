"""Django's system checks: settings that work, but not as anybody means them."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as SettingWarning


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
