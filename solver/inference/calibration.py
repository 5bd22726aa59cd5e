"""Probabilities and log odds: how one becomes the other, and which probability is shown for a posterior one."""

import math
from collections.abc import Sequence

from solver.inference.parameters import Calibration


def calibrated(probability: float, by: Calibration) -> float:
    """Return the probability to show for a posterior one: the one place where measured outcomes correct it."""
    shown = sigmoid(by.intercept + by.slope * logit(probability))
    return min(max(shown, by.floor), by.ceiling)


def logit(p: float) -> float:
    """Return ln(p / (1 − p)), p kept away from 0 and 1."""
    p = min(max(p, 1e-6), 1.0 - 1e-6)
    return math.log(p / (1.0 - p))


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e^−x)."""
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0


def shares(log_odds: Sequence[float]) -> list[float]:
    """Return the probabilities of hypotheses with these log odds against one more, which has 0."""
    top = max([0.0, *log_odds])
    weights = [math.exp(x - top) for x in log_odds]
    whole = math.exp(-top) + sum(weights)
    return [w / whole for w in weights]
