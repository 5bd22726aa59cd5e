"""Learns from quotes that were off: each quantile moves a little after each job, until it covers as often as it says.

Online quantile tracking, as in adaptive conformal inference (Gibbs and Candès, 2021): after a job that cost more than
its quoted quantile at level q the shift grows by rate·q, else it falls by rate·(1 − q). In the long run the quantile
covers a share q of the jobs whatever their distribution does; the rate falls from 0.3 to 0.05 (in logarithms of cost).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver.learning.observations import count
from solver.learning.sharing import PRIOR_JOBS
from solver.quotes.quote import LEVELS, Shift

_COSTS = ("cost_p10", "cost_p50", "cost_p90")
_TIMES = ("time_low", "time_high")
_WIDEST = 3.0
_LEAST_RATE, _FIRST_RATE, _HALVES_AFTER = 0.05, 0.25, 10.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A quote and what came of it: nano-USD and seconds."""

    quoted_nano: tuple[int, int, int]
    quoted_s: tuple[int, int]
    win_probability: float
    budget_nano: int
    charged_nano: int
    took_s: float
    won: bool

    @property
    def covered(self) -> bool:
        """Whether the job cost no more than its p90."""
        return self.charged_nano <= self.quoted_nano[2]


def shift_of(stats: Mapping[str, Any], *, checked: bool, shrunk: bool = False) -> Shift:
    """Return the shift that was learned for quotes of a strategy, with or without a checker.

    `shrunk`: little where few jobs taught it, as if PRIOR_JOBS more had needed none.
    """
    which = _which(checked)
    jobs = count(stats, f"{which}_jobs")
    share = jobs / (PRIOR_JOBS + jobs) if shrunk else 1.0
    a, b, c = (share * _number(stats, f"{which}_{name}") for name in _COSTS)
    low, high = (share * _number(stats, f"{which}_{name}") for name in _TIMES)
    return Shift((a, b, c), (low, high), share * _number(stats, f"{which}_win"))


def tracked_jobs(stats: Mapping[str, Any]) -> float:
    """Return how many jobs have taught a state."""
    return sum(count(stats, f"{_which(checked)}_jobs") for checked in (True, False))


def tracked(
    stats: Mapping[str, Any], seen: Measured, *, checked: bool, weight: float = 1.0
) -> dict[str, float]:
    """Return the state after one more job, which counts as `weight` jobs."""
    which = _which(checked)
    jobs = count(stats, f"{which}_jobs")
    rate = weight * (_LEAST_RATE + _FIRST_RATE / (1.0 + jobs / _HALVES_AFTER))
    moved = dict(stats)
    for name, level, quoted in zip(_COSTS, LEVELS, seen.quoted_nano, strict=True):
        # A quote that the budget bounds covers everything; from it nothing follows.
        if quoted < seen.budget_nano:
            _move(moved, f"{which}_{name}", rate, level, above=seen.charged_nano > quoted)
    for name, level, quoted_s in zip(_TIMES, (LEVELS[0], LEVELS[2]), seen.quoted_s, strict=True):
        _move(moved, f"{which}_{name}", rate, level, above=seen.took_s > quoted_s)
    win = _number(stats, f"{which}_win") + 2.0 * rate * (seen.won - min(max(seen.win_probability, 0.0), 1.0))
    moved[f"{which}_win"] = round(min(max(win, -_WIDEST), _WIDEST), 4)
    moved[f"{which}_jobs"] = jobs + weight
    moved[f"{which}_covered"] = count(stats, f"{which}_covered") + weight * seen.covered
    return moved


def _move(stats: dict[str, Any], name: str, rate: float, level: float, *, above: bool) -> None:
    by = rate * level if above else -rate * (1.0 - level)
    stats[name] = round(min(max(_number(stats, name) + by, -_WIDEST), _WIDEST), 4)


def _which(checked: bool) -> str:  # noqa: FBT001  (private, and one word)
    return "checked" if checked else "open"


def _number(stats: Mapping[str, Any], name: str) -> float:
    """Return a bounded number, or 0 for anything that is not a number."""
    value = stats.get(name, 0.0)
    # Comparisons with what is not a number are false.
    return float(value) if isinstance(value, int | float) and -_WIDEST <= value <= _WIDEST else 0.0
