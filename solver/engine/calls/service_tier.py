"""Half price for calls that can wait: which ones ask for a cheaper service tier, and for how long they are tried there.

Flex may be refused for want of capacity, which costs nothing. Such a call is then tried there again for a bounded time
and made at the standard tier after that, with a hold of its own. A call is on the critical path of a job, and asks for
the standard tier at once, where so much waiting would not leave the time for it. A wave of calls may go as one batch
(batches.py), which takes hours, where the time is left to make them at flex all the same.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from solver.core.models import ModelCard
from solver.core.pricing import BATCH, FLEX, Rates

PATIENCE_S = 120.0
"""For how long a refused call is tried at the cheaper tier before it is made at the standard one."""
TIMEOUT_S = 900.0
"""The least time that a call at the cheaper tier is given."""
LEAST_CALLS = 8
"""So many calls to one model at once make a wave that may go as one batch."""
LEAST_BATCH_S = 7_200.0
"""The least time that a batch is given: of those that end early, most do so by then."""
BATCH_END_S = 900.0
"""How long a batch that is cancelled may take to end."""


def has_half_price(rates: Rates, *, has_batches: bool = False) -> bool:
    """Tell whether calls that can wait cost less."""
    return rates.has_service(FLEX) or (has_batches and rates.has_service(BATCH))


def at_cheaper_tier(card: ModelCard, *, may_wait_s: float = math.inf) -> ModelCard:
    """Return the card of a model for a job that may wait so long: at a cheaper tier, where its prices have one."""
    if card.bundled:
        return card
    if card.rates.has_service(FLEX):
        return replace(card, service=FLEX)
    batched = replace(card, service=BATCH)
    return batched if batch_s(batched, left_s=may_wait_s) >= LEAST_BATCH_S else card


def asked_at(card: ModelCard, service: str) -> ModelCard:
    """Return the card of a model as a call asks for it that was opened at a service tier."""
    if not service:
        return card.at_standard()
    return replace(card, service=service, timeout_s=max(card.timeout_s, TIMEOUT_S))


def batch_s(card: ModelCard, *, left_s: float | None) -> float:
    """Return how long a batch of a model's calls may take, `left_s` before its job should be done; 0: there can be none.

    Less than `LEAST_BATCH_S` is too little to start one; less than 0 is for how long one is late.
    """
    if left_s is None or not card.service or card.bundled:
        return 0.0
    if not card.has_batches or not card.rates.has_service(BATCH):
        return 0.0
    return left_s - BATCH_END_S - PATIENCE_S - TIMEOUT_S - card.timeout_s


def longest_batch_s(panel: Iterable[ModelCard], *, may_wait_s: float | None) -> float:
    """Return how long a batch may take that a job starts which may wait so long; 0: none of its models has any."""
    longest_s = max((batch_s(card, left_s=may_wait_s) for card in panel), default=0.0)
    return longest_s if longest_s >= LEAST_BATCH_S else 0.0


def card_now(card: ModelCard, *, left_s: float | None) -> ModelCard:
    """Return the card by which a call is made now by itself.

    `left_s` is the time until its job should be done; None: it may not wait.
    """
    if not card.service:
        return card
    needed_s = PATIENCE_S + TIMEOUT_S + card.timeout_s
    is_late = left_s is None or left_s < needed_s
    return asked_at(card, "" if is_late or card.service == BATCH else card.service)


class CheaperTier:
    """How one step fares at the cheaper tier; times in seconds on the runner's clock."""

    def __init__(self, *, is_given_up: bool = False) -> None:
        self.is_given_up = is_given_up
        self._first_refused_s: float | None = None

    def refused(self, now_s: float, *, is_busy: bool, service: str = FLEX) -> float:
        """Note a refusal; return for how long it may still be tried here, 0 once it is given up.

        What was refused for another reason than want of capacity is given up at once: the tier itself may be unknown.
        What did not go in a batch may go here yet.
        """
        if service == BATCH:
            return 0.0
        if self._first_refused_s is None:
            self._first_refused_s = now_s
        left_s = max(self._first_refused_s + PATIENCE_S - now_s, 0.0) if is_busy else 0.0
        if not left_s:
            self.is_given_up = True
        return left_s
