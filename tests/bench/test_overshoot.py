"""The bench `overshoot` finds what goes wrong: its comparison of books and bill, and its provider of drawn lengths."""

import pytest

from bench.ledger.overshoot import BUDGET_NANO, Finding, Run, compare
from bench.ledger.small_budgets import DrawnLengths
from solver.core.request import Message, Request
from tests.solver.simulated import card

HALF = BUDGET_NANO // 2


def ours(charged: int, recorded: dict[str, int], *, was_killed: bool = False) -> Run:
    return Run("1", "ledger", was_killed, charged, recorded)


@pytest.mark.parametrize(
    ("run", "bill", "found"),
    [
        (ours(HALF, {"a": HALF}), {"a": HALF}, Finding(1, 0, 0, 0.5)),
        (ours(HALF, {"a": HALF}), {"a": HALF, "b": 7}, Finding(1, 0, 7, 0.5)),
        (ours(HALF, {"a": HALF, "b": HALF}), {"a": HALF, "b": HALF + 3}, Finding(1, 3, 3, 1.0)),
        (ours(BUDGET_NANO + 1, {"a": HALF}), {"a": HALF}, Finding(1, 1, 0, 0.5)),
        # In doubt after a kill: the whole hold is in the house's book.
        (ours(0, {"a": HALF}, was_killed=True), {"a": 5}, Finding(1, 0, 0, 0.0)),
        (
            Run("1", "check_then_add", was_killed=False, charged_nano=HALF, recorded={}),
            {"a": HALF + 9},
            Finding(1, 0, 9, 0.5),
        ),
    ],
)
def test_books_are_held_against_the_bill(run, bill, found):
    """Beyond the budget, missing in the books, and used: each on its own."""
    assert compare([run], {"1": bill}) == found


async def test_the_provider_of_small_budgets_cuts_replies_at_their_caps():
    """Half of its replies are longer than the median; none is billed beyond its cap, and what is cut answers nothing."""
    provider = DrawnLengths()
    replies = [
        await provider.complete(Request(card(), (Message("user", "x" * 400),), 66, seed))
        for seed in range(40)
    ]
    cut = [reply for reply in replies if reply.finish_reason == "length"]
    assert 8 < len(cut) < 32
    assert all(reply.usage.output_tokens == 66 and "Answer" not in reply.text for reply in cut)
    assert {reply.usage.input_tokens for reply in replies} == {100}
    assert {reply.text[-2:] for reply in replies if reply not in cut} == {"17", "23"}
