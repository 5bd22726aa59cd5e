"""What is assumed of a model's tries: averages, tails, predictions."""

import math

import pytest

from solver.core.trait import Trait
from solver.inference.item_response import LOG_WEIGHTS, Skill, log_sum

TRAITS = [
    Trait(0.2),
    Trait(0.5, slope=3.0, scatter=2.0),
    Trait(0.75, slope=0.5, scatter=0.1, blind=0.2),
]


def averaged(values):
    return math.exp(log_sum([value + weight for value, weight in zip(values, LOG_WEIGHTS, strict=True)]))


@pytest.mark.parametrize("trait", TRAITS)
def test_the_average_chance_is_the_ability(trait):
    """Over difficulties and luck a try is right as often as the trait says."""
    skill = Skill(trait)
    assert averaged(skill.log_likelihood(1, 0)) == pytest.approx(trait.ability, abs=0.03)
    assert averaged(skill.log_likelihood(0, 1)) == pytest.approx(1 - trait.ability, abs=0.03)


@pytest.mark.parametrize("trait", TRAITS)
def test_predictions_are_probabilities_and_learn(trait):
    """Chances of all numbers of right tries sum to one, and earlier successes raise the next chance."""
    skill = Skill(trait)
    for outcomes in zip(*skill.chances(2, 3, 4), strict=True):
        assert sum(outcomes) == pytest.approx(1.0)
    after_failures, after_successes = (skill.chances(right, 5 - right, 1)[1] for right in (0, 5))
    assert all(low <= high for low, high in zip(after_failures, after_successes, strict=True))


def test_a_blind_model_stays_blind():
    """Where a model may be blind to a problem, failures count for more than where it may not."""
    seeing, blind = (Skill(Trait(0.6, blind=share)) for share in (0.0, 0.3))
    after = [
        averaged(skill.log_likelihood(1, 12)) / averaged(skill.log_likelihood(0, 12))
        for skill in (seeing, blind)
    ]
    assert after[1] < after[0] / 2
