"""The simulated world: repeatable, and the engine keeps its promises in it whatever goes wrong."""

import statistics

import pytest

from solver.core.money import NANO_PER_CENT
from solver.simulation.simulate import Scenario, play, simulate
from solver.simulation.sync_runner import RunRecord
from solver.simulation.world import RIGHT, cards


def test_the_same_scenario_gives_the_same_job():
    """Nothing depends on the clock or on a global random state."""
    scenario = Scenario(seed=5, budget_nano=5 * NANO_PER_CENT, faults=True)
    assert simulate(scenario) == simulate(scenario)


def test_driving_directly_is_the_runner_s_run():
    """Without faults the quick way gives the runner's very job: answer, reason, charge, doubt, time."""
    for seed in range(60):
        scenario = Scenario(
            seed, (1 + seed % 30) * NANO_PER_CENT, is_checkable=seed % 2 == 0, slots=1 + seed % 16
        )
        job, driven = simulate(scenario), play(scenario)
        assert job.outcome == driven.outcome, scenario
        assert (job.charged_nano, job.in_doubt_nano) == (
            driven.purse.settled_nano,
            driven.purse.in_doubt_nano,
        ), scenario
        assert job.virtual_s == pytest.approx(driven.virtual_s), scenario


def test_a_vote_beats_one_sample_and_money_helps():
    """In the pinned world accuracy grows with the budget, and a vote beats its strongest model's single sample."""
    small, large = (
        statistics.mean(right(play(Scenario(seed, budget))) for seed in range(150))
        for budget in (NANO_PER_CENT, 100 * NANO_PER_CENT)
    )
    assert large > small
    assert large > cards()[-1].ability_for("") + 0.05


def right(driven: RunRecord) -> bool:
    """Whether a drive ended with the world's right answer."""
    return driven.outcome.best is not None and driven.outcome.best.answer == RIGHT
