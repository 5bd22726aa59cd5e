"""What judges say of an answer, and what probability to show: pure formulas, their parameters in evidence.json.

Grades and comparisons add their log likelihood ratio to that of the votes (solver/inference/vote_likelihood.py), each
further one by the same judge damped.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

NEVER = -1e9
"""Log odds of what a checker has refused."""


@cache
def parameters() -> Mapping[str, Any]:
    """Return the committed parameters."""
    read: dict[str, Any] = json.loads(Path(__file__).with_name("evidence.json").read_text())
    return read


class Quality(NamedTuple):
    """How a judge decides: P(pass | right), P(fail | wrong), P(prefers the right one of two)."""

    sensitivity: float
    specificity: float
    comparison: float


def grade_log_odds(passes: int, fails: int, quality: Quality, *, same_family: bool) -> float:
    """Return what grades of one judge say for an answer: log likelihood ratio, repeats damped."""
    count = passes + fails
    if not count:
        return 0.0
    said = passes * math.log(quality.sensitivity / (1.0 - quality.specificity))
    said += fails * math.log((1.0 - quality.sensitivity) / quality.specificity)
    damp = parameters()["same_family"] if same_family else 1.0
    return damp * said * _distinct(count, parameters()["grade_decay"]) / count


def compare_log_odds(wins: int, losses: int, quality: Quality) -> float:
    """Return what comparisons by one judge say for an answer, against answers that took no part."""
    count = wins + losses
    if not count:
        return 0.0
    said = wins * math.log(2.0 * quality.comparison) + losses * math.log(2.0 * (1.0 - quality.comparison))
    return said * _distinct(count, parameters()["compare_decay"]) / count


def calibrated(probability: float, kind: str = "") -> float:
    """Return the probability to show for a posterior one: the one place where measured outcomes correct it.

    `kind` is the problem kind; a kind without a calibration of its own uses the common one.
    """
    table = parameters()["calibration"]
    pinned = {**table, **table.get("kinds", {}).get(kind, {})}
    shown = sigmoid(pinned["intercept"] + pinned["slope"] * logit(probability))
    return float(min(max(shown, pinned["floor"]), pinned["ceiling"]))


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


def _distinct(count: int, decay: float) -> float:
    """Return how many independent observations so many repeated ones are worth."""
    return float((1.0 - decay**count) / (1.0 - decay))
