"""`drift`: an unlikely share is noticed, chance is not, and false alarms are as rare as promised."""

import random

import pytest

from solver.learning.drift_test import Watched, drifts, surprise, yes_of


def test_a_model_that_got_worse_is_noticed():
    """Nine of ten before, five of ten now."""
    [found] = drifts([Watched("right", 20, 40, 180, 200), Watched("same", 36, 40, 180, 200)])
    assert found.name == "right"
    assert found.probability < 0.001


def test_one_that_got_better_is_noticed_too():
    """The test is two-sided."""
    assert drifts([Watched("right", 39, 40, 100, 200)])


def test_too_few_jobs_say_nothing():
    """Ten failures in a row may be chance after so few jobs before."""
    assert drifts([Watched("right", 0, 10, 180, 200), Watched("new", 0, 40, 20, 20)]) == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_false_alarms_are_as_rare_as_promised(share):
    """Ten shares that do not change, watched 300 times: at most about one run in a hundred raises an alarm."""
    rng = random.Random(share)
    alarms = 0
    for _ in range(300):
        watched = [
            Watched(str(n), sum(rng.random() < share for _ in range(40)), 40,
                    sum(rng.random() < share for _ in range(120)), 120)
            for n in range(10)
        ]  # fmt: skip
        alarms += bool(drifts(watched))
    assert alarms <= 10


def test_predictive_probabilities_add_up():
    """Nothing is more usual than the middle, nothing rarer than the ends."""
    assert surprise(5, 10, 50, 100) == 1.0
    assert surprise(0, 10, 50, 100) == pytest.approx(surprise(10, 10, 50, 100))
    assert surprise(0, 10, 50, 100) < 0.01


def test_lessons_are_read_as_shares():
    """Each aspect has its own share."""
    assert yes_of("ability", {"right": 0.5, "wrong": 0.5}, longer_than=0) == {"right": (0.5, 1.0)}
    assert yes_of("output", {"seen:30": 0.25, "cut:40": 0.75}, longer_than=35) == {"long": (0.75, 1.0)}
    assert yes_of("strategy", {"open_lost": 1.0}, longer_than=0) == {"open": (0.0, 1.0)}
    assert yes_of("quote", {"covered": 1.0}, longer_than=0) == {"exceeded": (0.0, 1.0)}
    assert yes_of("judging", {"pass_right": 1.0}, longer_than=0) == {}
