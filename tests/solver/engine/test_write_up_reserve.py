"""The finalisation reserve pays a whole write-up, and keeps no more than that from the tries."""

import pytest

from solver.core.problem.hints import Hint, heeding, with_hints
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.core.steps import Candidate
from solver.engine.calls.bounds import bound_call, long_hold_nano, prompt_bytes
from solver.engine.last_resort import LastResort
from solver.engine.plan import reserve_nano
from solver.engine.write_up import write_up_bytes, write_up_step
from tests.solver.simulated import card

WRITER = card("openai/writer", bundled=False)
PROBLEM = Problem("What is 6 times 7?")


def reserve(budget_nano: int, problem: Problem = PROBLEM) -> int:
    return reserve_nano([WRITER], problem, budget_nano=budget_nano, markup_bp=0)


def tokens_bought(kept_nano: int, problem: Problem, working: str, hints: tuple[Hint, ...] = ()) -> int:
    """Return the output cap of the write-up that `kept_nano` alone buys; 0: none."""
    step = write_up_step(problem, Candidate("42", working, "num:42", "sample/0", 0.9, ""), [WRITER])
    assert step is not None
    size = prompt_bytes(heeding(step, hints).messages)
    bound = bound_call(WRITER, size, budget_left_nano=kept_nano, markup_bp=0, may_cut_short=True)
    return bound.max_output_tokens if bound else 0


@pytest.mark.parametrize("cents", [1, 2, 5, 20, 100])
@pytest.mark.parametrize("working", ["So. " * 900, "所以答案是四十二。" * 400, "<problem>" * 400, ""])
@pytest.mark.parametrize("problem", [PROBLEM, Problem("Was ist 6 × 7? " * 9)])
def test_the_reserve_alone_buys_a_write_up_of_median_length(cents, working, problem):
    """However long the working is and in whatever script; at the smallest budgets nothing is kept back."""
    kept_nano = reserve(cents * 10_000_000, problem)
    assert kept_nano > 0
    assert tokens_bought(kept_nano, problem, working) >= WRITER.output.q50


def test_a_larger_budget_reserves_one_long_write_up_and_no_more():
    """A tenth of a large budget would be out of reach of the tries for nothing."""
    long_nano = long_hold_nano(WRITER, write_up_bytes(PROBLEM, WRITER), 0)
    assert reserve(100 * long_nano) == reserve(1_000 * long_nano) == long_nano
    assert reserve(10 * long_nano - 100) < long_nano
    assert reserve(long_nano) == 0


def test_hints_make_the_reserve_larger_as_far_as_the_money_is_there():
    """The write-up carries them, too."""
    hints = tuple(Hint(number, "It is even. " * 40) for number in (1, 2, 3))
    purse = Purse(10**9, reserve_nano=reserve(10**9))
    kept = LastResort(PROBLEM, [WRITER], purse, markup_bp=0)
    kept.heed(prompt_bytes(with_hints(PROBLEM, hints).messages()))
    assert tokens_bought(purse.reserve_nano, PROBLEM, "So. " * 900, hints) >= WRITER.output.q50
    before = purse.reserve_nano
    purse.last_resort_nano, purse.settled_nano = 0, purse.limit_nano - before - 7
    kept.heed(20_000)
    assert purse.reserve_nano == before + 7
    kept.heed(30_000)
    assert (purse.reserve_nano, purse.spendable_nano()) == (before + 7, 0)
