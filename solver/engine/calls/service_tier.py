"""Half price for calls that can wait: which ones ask for the cheaper service tier, and for how long they are tried there.

A provider may refuse such a call for want of capacity, which costs nothing. It is then tried there again for a bounded
time and made at the standard tier after that, with a hold of its own. A call is on the critical path of a job, and asks
for the standard tier at once, where so much waiting would not leave the time for it.
"""

from dataclasses import replace

from solver.core.models import ModelCard
from solver.core.pricing import Rates

FLEX = "flex"
"""Half the price at OpenAI and Gemini, slower, and refused while there is no capacity."""
PATIENCE_S = 120.0
"""For how long a refused call is tried at the cheaper tier before it is made at the standard one."""
TIMEOUT_S = 900.0
"""The least time that a call at the cheaper tier is given."""


def has_half_price(rates: Rates) -> bool:
    """Tell whether calls that can wait cost less."""
    return rates.has_service(FLEX)


def at_cheaper_tier(card: ModelCard) -> ModelCard:
    """Return the card of a model for a job that may wait: at the cheaper tier, where its prices have one."""
    return replace(card, service=FLEX) if has_half_price(card.rates) and not card.bundled else card


def asked_at(card: ModelCard, service: str) -> ModelCard:
    """Return the card of a model as a call asks for it that was opened at a service tier."""
    if not service:
        return card.at_standard()
    return replace(card, service=service, timeout_s=max(card.timeout_s, TIMEOUT_S))


def card_now(card: ModelCard, *, left_s: float | None) -> ModelCard:
    """Return the card by which a call is made now, `left_s` before its job should be done (None: it may not wait)."""
    if not card.service:
        return card
    needed_s = PATIENCE_S + TIMEOUT_S + card.timeout_s
    return asked_at(card, "" if left_s is None or left_s < needed_s else card.service)


class CheaperTier:
    """How one step fares at the cheaper tier; times in seconds on the runner's clock."""

    def __init__(self, *, is_given_up: bool = False) -> None:
        self.is_given_up = is_given_up
        self._first_refused_s: float | None = None

    def refused(self, now_s: float, *, is_busy: bool) -> float:
        """Note a refusal; return for how long it may still be tried here, 0 once it is given up.

        What was refused for another reason than want of capacity is given up at once: the tier itself may be unknown.
        """
        if self._first_refused_s is None:
            self._first_refused_s = now_s
        left_s = max(self._first_refused_s + PATIENCE_S - now_s, 0.0) if is_busy else 0.0
        if not left_s:
            self.is_given_up = True
        return left_s
