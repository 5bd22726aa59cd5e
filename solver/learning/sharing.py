"""How much one workspace may teach all others: never more than a twentieth of what is believed, and a little per day.

Whoever can submit jobs can choose them, so what jobs teach is a statement of their workspace. Its own jobs it informs
in full. What all workspaces share takes each one's word for at most MOST_SHARE of a posterior's weight, the prior
included: even a workspace that says the worst moves a share by at most five percentage points. Ability and judging are
shared only where a computation proved what is right (solver/learning/observations.py: `FinishedJob.is_proven`).
"""

from collections.abc import Mapping

from solver.learning.observations import count

PRIOR_JOBS = 20.0
"""How many jobs the prior of a model is worth."""
_LEAST_GUESS_JOBS = 1.0
MOST_SHARE = 0.05
"""The share of a posterior's weight, the prior's included, that may come from one workspace."""
MOST_PER_DAY = 5.0
"""Observations that one workspace may add to one shared posterior per day."""


def guess_jobs(seen: float) -> float:
    """Return how many jobs a prior is worth that is a mere guess, `seen` jobs being known.

    Jobs take its place one by one until one is left, so guess and jobs together never weigh less than a prior.
    """
    return max(PRIOR_JOBS - seen, _LEAST_GUESS_JOBS)


def allowance(*, shared: float, given: float, given_today: float) -> float:
    """Return how many more observations a workspace may share.

    `shared` observations are there already, of which it has `given` so many, `given_today` of them today. Its share is
    that of the least weight which a posterior of so many has: where its prior is a mere guess.
    """
    of_the_whole = MOST_SHARE * (guess_jobs(shared) + shared) - given
    return max(min(of_the_whole, MOST_PER_DAY - given_today), 0.0)


def others(shared: Mapping[str, object], given: Mapping[str, object], halvings: int) -> dict[str, float]:
    """Return what others have shared: without what a workspace has `given`, which was halved so often since."""
    left = {name: count(shared, name) - count(given, name) / 2.0**halvings for name in shared}
    return {name: value for name, value in left.items() if value > 1e-9}
