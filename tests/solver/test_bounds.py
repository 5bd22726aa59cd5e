"""The bound of a call: what room it needs is known without working it out."""

import random

from solver.engine.bounds import bound_call, least_budget_left_nano
from tests.solver.simulated import card


def test_the_least_room_is_the_least_that_allows_a_call():
    """One nano less and the call is refused, for all sorts of prices, prompts and markups."""
    rng = random.Random(3)
    for _ in range(300):
        model, size, markup = (
            card(pico=rng.randrange(1, 10**8)),
            rng.randrange(1, 5_000),
            rng.randrange(3_000),
        )
        least = least_budget_left_nano(model, size, markup)
        assert bound_call(model, size, budget_left_nano=least, markup_bp=markup)
        assert bound_call(model, size, budget_left_nano=least - 1, markup_bp=markup) is None
