"""What a job keeps of the moment it was submitted: it stays the same whatever prices, settings and releases become."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from jobs.models.job import Job
from solver.checkers import checker_from_json
from solver.core.models import ModelCard
from solver.core.problem import Problem

ENGINE = 1
"""The version of what strategies note and how results are weighed; a job says which one it began with."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The problem as it was posed, the panel at its prices, and what makes decisions repeatable."""

    problem: Problem
    panel: Sequence[ModelCard]
    reserve_nano: int = 0
    seed: int = 0
    engine: int = ENGINE

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return what a job has pinned; what an older release did not pin has the value it then had.

        Raises CheckerError for a checker that this release does not know.
        """
        pinned = job.pinned
        return cls(
            problem=Problem(job.problem, pinned.get("kind", "open"), checker_from_json(job.checker)),
            panel=[ModelCard.from_json(card) for card in pinned.get("panel", [])],
            reserve_nano=pinned.get("reserve_nano", 0),
            seed=pinned.get("seed", 0),
            engine=pinned.get("engine", 0),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what goes into `Job.pinned`; problem and checker have columns of their own."""
        return {
            "kind": self.problem.kind,
            "panel": [card.as_json() for card in self.panel],
            "reserve_nano": self.reserve_nano,
            "seed": self.seed,
            "engine": self.engine,
        }
