"""What a job keeps of the moment it was submitted: it stays the same whatever prices, settings and releases become."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from jobs.core.errors import CannotContinue
from jobs.models.job import Job
from solver.checkers import CheckerError, checker_from_json
from solver.core.models import ModelCard
from solver.core.problem.attached import files_from_json, pictures_of, with_files
from solver.core.problem.earlier import Earlier, with_context
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem

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
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """By which the evidence is weighed (solver/inference/parameters.py); empty: by what this release ships."""

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return what a job has pinned; what an older release did not pin has the value it then had.

        Raises CannotContinue for a checker or a price that this release cannot read.
        """
        pinned = job.pinned
        engine = pinned.get("engine", 0)
        try:
            files, result = files_from_json(job.files), ResultKind(pinned.get("result", ResultKind.ANSWER))
            context = with_context(job.problem, Earlier.from_json(job.context))
            return cls(
                problem=Problem(
                    with_files(context, files, may_cite=result is ResultKind.TEXT),
                    pinned.get("kind", "open"),
                    checker_from_json(job.checker),
                    result,
                    pictures_of(files),
                ),
                panel=[ModelCard.from_json(card) for card in pinned.get("panel", [])],
                reserve_nano=pinned.get("reserve_nano", 0),
                seed=pinned.get("seed", 0),
                engine=engine,
                parameters=pinned.get("parameters", {}),
            )
        except CheckerError as error:
            raise CannotContinue(
                f"its checker, “{str(job.checker.get('kind'))[:40]}”", engine=engine
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise CannotContinue("the prices and models that it began with", engine=engine) from error

    def to_json(self) -> dict[str, Any]:
        """Return what goes into `Job.pinned`; problem and checker have columns of their own."""
        return {
            "kind": self.problem.kind,
            "result": self.problem.result.value,
            "panel": [card.as_json() for card in self.panel],
            "reserve_nano": self.reserve_nano,
            "seed": self.seed,
            "engine": self.engine,
            "parameters": self.parameters,
        }
