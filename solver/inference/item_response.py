"""How likely a model's tries are right on one problem: a common difficulty, and the model's own luck with the problem.

At difficulty z (standard normal, shared by all models) a try of model m is right with probability
σ(b_m − slope_m·z + scatter_m·u): item response theory (Rasch, 1960) with a discrimination a model, and with a residual
u, standard normal, drawn once for model and problem: a model may be blind to a problem that others find easy. Both
are integrated on small grids, so that everything below is a finite sum.
"""

import math
from collections.abc import Sequence
from functools import cache, lru_cache

from solver.core.trait import Trait

_REMEMBERED = 5_000


def _normal(points: int, reach: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return evenly spaced points of a standard normal and the logarithms of their weights, which sum to one."""
    at = [reach * (2.0 * i / (points - 1) - 1.0) for i in range(points)]
    whole = sum(math.exp(-x * x / 2.0) for x in at)
    return tuple(at), tuple(-x * x / 2.0 - math.log(whole) for x in at)


# Evenly spaced, so that the tails are there: a hard problem is what most money is spent on.
GRID, LOG_WEIGHTS = _normal(11, 2.6)
"""Difficulties and the logarithms of their weights."""
_LUCK, _LUCK_WEIGHTS = _normal(7, 2.6)
_BLIND = -6.0
"""Logit of a right try of a blind model."""


class Skill:
    """A trait worked out on the grid of difficulties."""

    def __init__(self, trait: Trait) -> None:
        self.trait = trait
        p = min(max(trait.ability / (1.0 - trait.blind), 1e-4), 1.0 - 1e-4)
        handicap = handicap_of(p, spread=math.hypot(trait.slope, trait.scatter))
        log_right, log_wrong = [], []
        for z in GRID:
            logits = [handicap - trait.slope * z + trait.scatter * u for u in _LUCK] + [_BLIND]
            log_right.append([-_softplus(-x) for x in logits])
            log_wrong.append([-_softplus(x) for x in logits])
        seeing, blind = math.log1p(-trait.blind), math.log(max(trait.blind, 1e-9))
        weights = [*(seeing + u for u in _LUCK_WEIGHTS), blind]
        # For each difficulty and each luck ln P(right), ln P(wrong), ln P(luck).
        self._log_chances = [
            list(zip(rights, wrongs, weights, strict=True))
            for rights, wrongs in zip(log_right, log_wrong, strict=True)
        ]
        self._known: dict[tuple[float, float], Sequence[float]] = {}
        self._foreseen: dict[tuple[float, float, int], Sequence[Sequence[float]]] = {}

    def log_likelihood(self, right: float, wrong: float) -> Sequence[float]:
        """Return ln P(so many right and wrong tries), in a given order, at each difficulty of the grid."""
        known = self._known.get((right, wrong))
        if known is None:
            at_each = [[right * r + wrong * w + u for r, w, u in row] for row in self._log_chances]
            known = tuple([log_sum(values) for values in at_each])
            _remember(self._known, (right, wrong), known)
        return known

    def chances(self, right: float, wrong: float, tries: int) -> Sequence[Sequence[float]]:
        """Return P(j of the next `tries` are right) after what was seen: for j = 0…tries a row, by difficulty."""
        known = self._foreseen.get((right, wrong, tries))
        if known is None:
            before = self.log_likelihood(right, wrong)
            rows = [self.log_likelihood(right + j, wrong + tries - j) for j in range(tries + 1)]
            known = [
                [ways * math.exp(after - was) for after, was in zip(row, before, strict=True)]
                for ways, row in zip(binomials(tries), rows, strict=True)
            ]
            _remember(self._foreseen, (right, wrong, tries), known)
        return known


def handicap_of(ability: float, *, spread: float) -> float:
    """Return the logit b for which σ(b + a normal with standard deviation `spread`) is `ability` on average.

    The probit approximation of the logistic function (MacKay, 1992).
    """
    return math.log(ability / (1.0 - ability)) * math.sqrt(1.0 + math.pi * spread * spread / 8.0)


@lru_cache(maxsize=256)
def skill_of(trait: Trait) -> Skill:
    """Return the skill of a trait; jobs with the same traits share what was worked out."""
    return Skill(trait)


@cache
def binomials(n: int) -> tuple[int, ...]:
    """Return the binomial coefficients of n."""
    return tuple(math.comb(n, k) for k in range(n + 1))


def log_sum(values: Sequence[float]) -> float:
    """Return ln of the sum of exponentials."""
    top = max(values)
    # A list and `map`: this is the innermost loop of all weighing.
    return top + math.log(sum(map(math.exp, [v - top for v in values])))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _remember[K, V](known: dict[K, V], key: K, value: V) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value
