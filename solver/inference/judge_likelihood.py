"""How likely grades and comparisons are if an answer is right, and if it is wrong: log likelihood ratios of judges.

They add to that of the votes (solver/inference/vote_likelihood.py), each further one by the same judge damped.
"""

import math
from typing import NamedTuple

from solver.inference.parameters import EvidenceParameters

NEVER = -1e9
"""Log odds of what a checker has refused."""


class Quality(NamedTuple):
    """How a judge decides: P(pass | right), P(fail | wrong), P(prefers the right one of two)."""

    sensitivity: float
    specificity: float
    comparison: float


def grade_log_odds(
    passes: int, fails: int, quality: Quality, parameters: EvidenceParameters, *, same_family: bool
) -> float:
    """Return what grades of one judge say for an answer: log likelihood ratio, repeats damped."""
    count = passes + fails
    if not count:
        return 0.0
    said = passes * math.log(quality.sensitivity / (1.0 - quality.specificity))
    said += fails * math.log((1.0 - quality.sensitivity) / quality.specificity)
    damp = parameters.same_family if same_family else 1.0
    return damp * said * _distinct(count, parameters.grade_decay) / count


def compare_log_odds(wins: int, losses: int, quality: Quality, parameters: EvidenceParameters) -> float:
    """Return what comparisons by one judge say for an answer, against answers that took no part."""
    count = wins + losses
    if not count:
        return 0.0
    said = wins * math.log(2.0 * quality.comparison) + losses * math.log(2.0 * (1.0 - quality.comparison))
    return said * _distinct(count, parameters.compare_decay) / count


def _distinct(count: int, decay: float) -> float:
    """Return how many independent observations so many repeated ones are worth."""
    return float((1.0 - decay**count) / (1.0 - decay))
