"""What it would mean if models agreed: how likely that is, and how probable their answer would then be."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from solver.inference.calibration import sigmoid
from solver.inference.item_response import Skill
from solver.inference.vote_likelihood import ErrorModel, likelihood, log_odds


class Agreement(NamedTuple):
    """How likely so many first tries all come to the right answer; how probable an answer is to which all come."""

    chance: float
    probability: float


def agreement_of(models: Sequence[str], skills: Mapping[str, Skill], error_model: ErrorModel) -> Agreement:
    """Return what it means if one try of each of `models` comes to the same answer."""
    traits = tuple(skills.values())
    votes = tuple(float(models.count(name)) for name in skills)
    [odds] = log_odds(traits, error_model, (votes,), votes, 1)
    return Agreement(math.exp(likelihood(traits, votes, votes)), sigmoid(odds))
