"""A price with a half-price service tier, and a provider that refuses some of the calls at it."""

from collections.abc import Callable

from django.utils import timezone

from billing.models import Price
from jobs.core.options import JobOptions
from tests.support.endpoint import Answer, Call

MAY_WAIT = JobOptions(may_wait_s=43_200, confidence_target=0.7)
TIER = {"above_prompt_tokens": 0, "service": "flex", "input_pico": 500_000, "output_pico": 1_000_000}


def price_with_flex(model: str = "openai/test") -> Price:
    """Put a price into force that halves the present one for calls that can wait."""
    price = Price.objects.filter(model=model).latest("effective_from")
    price.pk, price.effective_from, price.tiers = None, timezone.now(), [TIER]
    price.save(force_insert=True)
    return price


def refusing(refuses: Callable[[int], bool]) -> Callable[[Call], Answer]:
    """Return a behaviour that refuses calls at the cheaper tier by their number among those, and serves what is asked."""
    asked = 0

    def behaviour(call: Call) -> Answer:
        nonlocal asked
        if call.body.get("service_tier") != "flex":
            return Answer(service_tier="default")
        asked += 1
        return Answer(status=429) if refuses(asked) else Answer(service_tier="flex")

    return behaviour
