"""Money for an answer is kept back until there is one, and spent on the problem itself where all else came to nothing."""

import pytest

from solver.core.money import NANO_PER_CENT
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.core.steps import StepKind
from solver.engine.calls.bounds import long_hold_nano, prompt_bytes
from solver.engine.last_resort import LastResort, is_last_resort, last_resort_nano, last_resort_step
from solver.simulation.simulate import Scenario, play, simulate
from tests.solver.simulated import card

PROBLEM = Problem("What is 6 times 7?")
CHEAP, DEAR = card("demo/cheap", pico=500_000), card("other/dear", pico=50_000_000)
EXAMINER = card("demo/examiner", pico=100_000, solves=False)
PANEL = [DEAR, EXAMINER, CHEAP]
SIZE_BYTES = prompt_bytes(PROBLEM.messages())


def kept_back(budget_nano):
    return last_resort_nano(PANEL, SIZE_BYTES, budget_nano=budget_nano, markup_bp=0)


def test_four_cheap_tries_are_kept_back_of_a_budget_that_has_room_for_them():
    """More money does not make it more."""
    assert kept_back(NANO_PER_CENT) == kept_back(100 * NANO_PER_CENT) > 0


@pytest.mark.parametrize("budget_nano", [0, 100_000, 500_000, 900_000, 3 * NANO_PER_CENT])
def test_at_most_a_quarter_is_kept_back(budget_nano):
    """A small budget is for trying, the smallest ones altogether."""
    assert kept_back(budget_nano) <= budget_nano // 4
    assert kept_back(0) == kept_back(100_000) == 0


def test_the_cheapest_model_that_solves_gets_the_last_try():
    """Who only examines is not asked; who cannot be paid neither."""
    asked = {"affordable": {each.name for each in PANEL}, "made": 2, "markup_bp": 0, "size_bytes": SIZE_BYTES}
    step = last_resort_step(PANEL, PROBLEM, **asked)
    assert (step.key, step.kind, step.model) == ("last/2", StepKind.SAMPLE, CHEAP.name)
    assert is_last_resort(step.key)
    assert last_resort_step(PANEL, PROBLEM, **asked | {"affordable": {EXAMINER.name}}) is None


def test_what_is_kept_back_is_out_of_reach_but_for_the_last_step():
    """It is part of what remains all the same."""
    purse = Purse(1_000, reserve_nano=100, last_resort_nano=200)
    assert (purse.remaining_nano(), purse.spendable_nano(), purse.spendable_nano(final=True)) == (
        1_000,
        700,
        1_000,
    )


def test_a_longer_prompt_keeps_more_back_and_never_what_is_not_there():
    """As after hints: a try that carries them can still be paid when all else is spent."""
    purse = Purse(10 * NANO_PER_CENT, reserve_nano=100)
    kept = LastResort(PROBLEM, PANEL, purse, markup_bp=0)
    before = purse.last_resort_nano
    kept.heed(20_000)
    assert purse.last_resort_nano >= long_hold_nano(CHEAP, 20_000, 0) > before // 4
    purse.settled_nano = purse.limit_nano - 150
    kept.heed(30_000)
    assert purse.last_resort_nano == 50
    purse.last_resort_nano = 0
    kept.heed(20_000)
    assert purse.last_resort_nano == 0


def test_it_is_free_once_an_answer_is_there():
    """A job without trouble spends its whole budget as before."""
    driven = play(Scenario(3, NANO_PER_CENT, "vote", options={"confidence_target": 1.0}))
    assert driven.purse.last_resort_nano == 0
    assert not any(is_last_resort(result.key) for result in driven.results)
    assert driven.purse.remaining_nano() < NANO_PER_CENT // 10


@pytest.mark.parametrize(
    "scenario",
    [
        # Each ended with most of its money in doubt and no answer, before any was kept back.
        Scenario(10562, 10_000_000, "decompose", faults=True, slots=3),
        Scenario(11066, 120_000_000, "decompose", is_checkable=True, faults=True, slots=11),
        Scenario(11308, 70_000_000, "swiss", is_checkable=True, faults=True, slots=13),
        Scenario(21777, 20_000_000, "auto", faults=True, slots=2),
        Scenario(28183, 20_000_000, "vote", faults=True, slots=8),
        Scenario(69496, 40_000_000, "aggregate", is_checkable=True, faults=True, slots=9),
        Scenario(64339, 20_000_000, "deep", faults=True, slots=4),
    ],
    ids=lambda scenario: scenario.strategy,
)
def test_a_job_whose_calls_came_to_nothing_is_answered(scenario):
    """Time-outs, kills and cut replies took the rest; the budget holds."""
    job = simulate(scenario)
    assert job.outcome.best is not None
    assert job.in_doubt_nano > job.budget_nano // 3
    assert job.charged_nano + job.in_doubt_nano <= job.budget_nano
