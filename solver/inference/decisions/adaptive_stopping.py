"""How sure a vote makes us: the regularised incomplete beta function and the weight of a vote, without scipy."""

import math

_TINY = 1e-30
_CONVERGED = 1e-12
_MANY_VOTES = 400
_PRIOR_TRIES = 2.0
"""What a model's ability is worth on one problem: problems differ, so failures must count soon."""


def lead_probability(first: float, second: float) -> float:
    """Return P(the leading answer is the majority) after `first` votes against `second`: 1 − I½(first+1, second+1).

    The stopping criterion of Adaptive-Consistency (Aggarwal et al., EMNLP 2023), votes being possibly weighted.
    """
    if first + second > _MANY_VOTES:
        # The beta distribution is all but normal here, and its continued fraction would take long.
        return 0.5 * (1.0 + math.erf((first - second) / math.sqrt(2.0 * (first + second + 3.0))))
    return 1.0 - incomplete_beta(0.5, first + 1.0, second + 1.0)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) by Lentz's continued fraction.

    Source: Press et al., Numerical Recipes, section 6.4.
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(x, a, b) / a
    return 1.0 - front * _beta_fraction(1.0 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    h = d
    for m in range(1, 400):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / _not_zero(1.0 + step * d)
            c = _not_zero(1.0 + step / c)
            h *= d * c
        if abs(d * c - 1.0) < _CONVERGED:
            break
    return h


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def chance_after_failures(ability: float, failures: int) -> float:
    """Return how likely the next try of a model is right after so many wrong ones, its ability being worth two tries."""
    return ability * _PRIOR_TRIES / (_PRIOR_TRIES + failures)


def vote_weight(ability: float, options: int) -> float:
    """Return the log-odds that one vote of a model with this ability contributes: log(p/(1−p)·(K−1)), at least 0.

    The optimal weight of independent voters among K answers (Nitzan and Paroush, 1982).
    """
    p = min(max(ability, 0.01), 0.99)
    return max(math.log(p / (1.0 - p) * (max(options, 2) - 1)), 0.0)
