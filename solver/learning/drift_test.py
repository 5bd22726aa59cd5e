"""Has the world moved away from what was learned? Recent outcomes against the posterior of those before them.

Each watched share (a model's first tries that are right, its replies longer than its usual median, jobs won, quotes
exceeded) is a beta-binomial: the two-sided posterior predictive probability of what was seen of late, given what was
seen before (Box, 1980; Gelman et al., Bayesian Data Analysis, chapter 6). A watch over n shares calls what is less
probable than 1 % / n (Bonferroni): while nothing changes, at most one run in a hundred raises a false alarm.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

FALSE_ALARMS = 0.01
"""The share of runs that may raise an alarm though nothing has changed."""
LEAST_RECENT, LEAST_BEFORE = 20, 40
"""Jobs below which nothing is said."""


class Watched(NamedTuple):
    """One share: successes and jobs, of late and before. Counts may be fractions; they are rounded."""

    name: str
    recent_yes: float
    recent: float
    before_yes: float
    before: float


class Drift(NamedTuple):
    """A share that moved, and how improbable that is if nothing has changed."""

    name: str
    recent_share: float
    before_share: float
    recent: int
    probability: float


def drifts(watched: Sequence[Watched], *, false_alarms: float = FALSE_ALARMS) -> list[Drift]:
    """Return what has moved, the most improbable first."""
    enough = [each for each in watched if each.recent >= LEAST_RECENT and each.before >= LEAST_BEFORE]
    found = []
    for each in enough:
        p = surprise(round(each.recent_yes), round(each.recent), each.before_yes, each.before)
        if p < false_alarms / len(enough):
            shares = each.recent_yes / each.recent, each.before_yes / each.before
            found.append(Drift(each.name, *shares, round(each.recent), p))
    return sorted(found, key=lambda drift: drift.probability)


def surprise(yes: int, tries: int, before_yes: float, before: float) -> float:
    """Return the two-sided predictive probability of `yes` of `tries`, after `before_yes` of `before` (uniform prior)."""
    a, b = before_yes + 1.0, before - before_yes + 1.0
    chances = [math.exp(_log_predictive(k, tries, a, b)) for k in range(tries + 1)]
    return min(2.0 * min(sum(chances[: yes + 1]), sum(chances[yes:])), 1.0)


def _log_predictive(k: int, n: int, a: float, b: float) -> float:
    """Return ln P(k of n) of a beta-binomial."""
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + _log_beta(k + a, n - k + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def yes_of(aspect: str, counts: Mapping[str, float], *, longer_than: int) -> dict[str, tuple[float, float]]:
    """Return the watched shares of one lesson by name: (yes, jobs). `longer_than` is a bin of lengths."""
    get = counts.get
    match aspect:
        case "ability":
            return {"right": (get("right", 0.0), 1.0)}
        case "output":
            above = sum(v for key, v in counts.items() if int(key.partition(":")[2]) > longer_than)
            return {"long": (above, 1.0)}
        case "strategy":
            return {
                which: (get(f"{which}_won", 0.0), get(f"{which}_won", 0.0) + get(f"{which}_lost", 0.0))
                for which in ("checked", "open")
                if get(f"{which}_won") or get(f"{which}_lost")
            }
        case "quote":
            return {"exceeded": (get("exceeded", 0.0), 1.0)}
    return {}
