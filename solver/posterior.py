"""How probable each answer is, given votes, grades and comparisons: pure formulas, their parameters in evidence.json.

Hypotheses are “answer c is right”, for each answer seen, and “none of them is”. Under each, a try of model m is right
with probability σ(b_m − d): d is the difficulty of the problem, unknown and shared by all models, so it is integrated
over (Rasch, 1960). Wrong tries of one family repeat each other as a Dirichlet process does (few favourites, some new:
Blackwell and MacQueen, 1973); a second family falls for the same wrong answer with a fixed probability. Both keep
agreement from counting as if tries erred independently. Grades and comparisons add their log likelihood ratio, each
further one by the same judge damped.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

_GRID = [NormalDist().inv_cdf((i + 0.5) / 15) for i in range(15)]
NEVER = -1e9
"""Log odds of what a checker has refused."""


@cache
def parameters() -> Mapping[str, Any]:
    """Return the committed parameters."""
    read: dict[str, Any] = json.loads(Path(__file__).with_name("evidence.json").read_text())
    return read


@dataclass(slots=True)
class Votes:
    """Votes for one answer (or for all): by model, and by family. Weights may be fractions."""

    by_model: dict[str, float]
    by_family: dict[str, float]
    total: float = 0.0

    def add(self, model: str, family: str, weight: float) -> None:
        """Count one vote."""
        self.by_model[model] = self.by_model.get(model, 0.0) + weight
        self.by_family[family] = self.by_family.get(family, 0.0) + weight
        self.total += weight


class Quality(NamedTuple):
    """How a judge decides: P(pass | right), P(fail | wrong), P(prefers the right one of two)."""

    sensitivity: float
    specificity: float
    comparison: float


class Ability:
    """What a try of one model is worth: its handicap b and ln P(wrong) at each point of the grid of difficulties."""

    def __init__(self, ability: float) -> None:
        spread = parameters()["difficulty_sd"]
        # Averaged over the difficulties, σ(b − d) is the ability again (probit approximation of the logistic).
        self.handicap = logit(ability) * math.sqrt(1.0 + math.pi * spread * spread / 8.0)
        self.log_wrong = [-_softplus(self.handicap - spread * d) for d in _GRID]


def vote_log_odds(
    answers: Sequence[Votes], everything: Votes, abilities: Mapping[str, Ability], *, options: int, seen: int
) -> list[float]:
    """Return for each answer its log odds against “none of those seen”, from votes alone.

    `options` is the number of possible answers, `seen` that of different answers among `everything`.
    """
    pinned = parameters()
    scale = min(1.0, pinned["vote_cap"] / everything.total) if everything.total else 1.0
    base = [
        scale * sum(count * abilities[model].log_wrong[i] for model, count in everything.by_model.items())
        for i in range(len(_GRID))
    ]
    none = _log_sum(base)
    found = []
    for votes in answers:
        gain = scale * sum(count * abilities[model].handicap for model, count in votes.by_model.items())
        slope = scale * votes.total * pinned["difficulty_sd"]
        right = _log_sum([at + gain - slope * d for at, d in zip(base, _GRID, strict=True)])
        coincidence = _log_coincidence(votes, everything, options, scale)
        found.append(right - none - coincidence - math.log(max(options - seen, 0.5)))
    return found


def _log_coincidence(votes: Votes, everything: Votes, options: int, scale: float) -> float:
    """Return ln P(so many wrong tries fall on this answer)."""
    pinned = parameters()
    theta, total = pinned["concentration"], 0.0
    share = 1.0 / max(options - 1, 1)
    for family, count in sorted(votes.by_family.items(), key=lambda item: -item[1]):
        mine = max(count * scale, min(count, 1.0))
        others = max(everything.by_family[family] * scale - mine, 0.0)
        alpha = theta * share
        total += math.lgamma(alpha + mine) - math.lgamma(alpha)
        total += math.lgamma(theta + others) - math.lgamma(theta + others + mine)
        # Once one family fell for it, the next is likelier to.
        share = max(share, pinned["shared"])
    return total


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


def _log_sum(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(v - top) for v in values))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
