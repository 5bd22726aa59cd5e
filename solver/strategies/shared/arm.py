"""An arm of a search: how often its trials succeeded, and a Thompson draw of its chance (Thompson, 1933)."""

import random
from dataclasses import dataclass

# Prior strength: problems differ, so failures must count soon.
_PRIOR_TRIALS = 2.0


@dataclass(slots=True)
class Arm:
    """What came of the trials of one model from one starting point."""

    good: float = 0.0
    bad: float = 0.0

    def add(self, reward: float) -> None:
        """Count one trial, whose reward is between 0 and 1."""
        self.good += reward
        self.bad += 1.0 - reward


def draw(rng: random.Random, arm: Arm | None, prior: float, pending: int) -> float:
    """Return a draw from the posterior of an arm's chance of success; pending trials count as failures."""
    good, bad = (arm.good, arm.bad) if arm else (0.0, 0.0)
    a = prior * _PRIOR_TRIALS + good
    b = (1.0 - prior) * _PRIOR_TRIALS + bad + pending
    return rng.betavariate(max(a, 1e-3), max(b, 1e-3))
