"""`aggregate`: many attempts, combined a few at a time into better ones, for up to three rounds.

Mechanism: recursive self-aggregation. A population of N tries is sampled; in each round N calls each see K random
members and combine what is right in them into a new one; after T rounds the next population starts from nothing, until
the evidence suffices or the money ends. N, K and T come from the budget. Where the panel has several affordable
models they take turns in every round, which is mixture-of-agents. A repeated answer counts little, a changed one fully
(solver/inference/evidence.py), so agreement that aggregation made itself is not mistaken for confirmation.

Source: RSA (Venkatraman et al., 2025), mixture-of-agents (Wang et al., 2024), Self-MoA (Li et al., 2025).
Wins on long problems whose attempts are each right in parts; loses on short answers, where a vote says as much for
less, and with models that copy rather than combine.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from solver.core.steps import Resources, Step, StepKind, StepResult
from solver.core.strategy import Setting
from solver.strategies.shared.common import MAX_TRIES, Common, usable
from solver.strategies.shared.notes import Note, Plan


@dataclass(frozen=True, slots=True)
class Shape(Plan):
    """Size of the population, how many members a combination sees, how many rounds; without any, only tries."""

    population: int = MAX_TRIES
    combined: int = 0
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class Generation(Note):
    """The keys of a generation's members, and whether they are combined or the next population starts anew."""

    population: tuple[str, ...] = ()
    combine: bool = False


_SHAPES = ((8, 4, 3), (8, 3, 2), (6, 3, 2), (6, 3, 1), (4, 3, 1), (4, 2, 1))


class Aggregate(Common[Shape]):
    """The state of successive populations; only the newest generation of the newest population is kept."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._population = 0
        self._round = 0
        self._parents: list[StepResult] = []
        self._members: dict[str, StepResult] = {}
        self._landed = 0

    def make_plan(self) -> Shape:
        """Take the largest shape that the budget covers; with too little for any, or a checker, there are only tries."""
        solvers = self.roles.rotation()
        shapes = (Shape(solvers, *shape) for shape in _SHAPES)
        fits = (shape for shape in shapes if self._typical_nano(shape) <= self.setting.budget_nano * 9 // 10)
        alone = Shape(solvers)
        return alone if self.problem.is_checkable else next(fits, alone)

    def _typical_nano(self, shape: Shape) -> int:
        per_call = [
            self.roles.typical_nano(name) + shape.rounds * self.roles.typical_nano(name, shown=shape.combined)
            for name in shape.solvers
        ]
        return shape.population * sum(per_call) // len(per_call)

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for the members of the generation that are missing, then fix it and go on to the next."""
        steps = (
            self._combinations(resources)
            if self._round
            else self.samples(resources, self._path(), upto=self._size)
        )
        if steps or any(key.startswith(f"{self._path()}/") for key in resources.in_flight):
            return steps
        if not self._landed or self._size >= MAX_TRIES:
            return ()
        grown = self._round < self.plan.rounds and self._can_combine(resources)
        purpose = "Choose what to combine" if grown else "Start the next population"
        note = Generation(tuple(self._members), grown).as_note()
        return [Step(f"{self._path()}/told", StepKind.NOTE, purpose, note=note)]

    @property
    def _size(self) -> int:
        return self.plan.population

    def _path(self) -> str:
        return f"population/{self._population}/{self._round}"

    def _can_combine(self, resources: Resources) -> bool:
        """Tell whether there is something to combine, and money for it: a population that agrees has no more to give."""
        answers = {result.answer_key for result in self._members.values()}
        differ = len(answers) > 1 or None in answers
        shown = min(self.plan.combined, len(self._members))
        return len(self._members) > 1 and differ and self.solver(0, resources, shown=shown) is not None

    def _combinations(self, resources: Resources) -> list[Step]:
        steps: list[Step] = []
        count = min(self.plan.combined, len(self._parents))
        for index in range(self._size):
            key = f"{self._path()}/{index}"
            if len(steps) >= resources.free_slots or not self.untried(key, resources):
                continue
            model = self.solver(index, resources, shown=count)
            if model is None:
                break
            # Who is combined depends on the key alone, so another execution combines the same.
            rng = random.Random(f"{self.setting.seed}:{key}")  # noqa: S311
            shown = rng.sample(self._parents, count)
            purpose = f"Combine {count}, round {self._round}"
            steps.append(self.about(key, StepKind.AGGREGATE, model, shown, purpose=purpose))
        return steps

    def take(self, result: StepResult) -> None:
        """Keep the members of the present generation; a note ends it."""
        if result.kind is StepKind.NOTE:
            self._next_generation(Generation.from_note(result.note))
        elif result.key.startswith(f"{self._path()}/"):
            self._landed += 1
            if usable(result):
                self._members[result.key] = result

    def _next_generation(self, ended: Generation) -> None:
        if ended.combine:
            self._parents = [self._members[key] for key in ended.population if key in self._members]
            self._round += 1
        else:
            self._parents = []
            self._population, self._round = self._population + 1, 0
        self._members, self._landed = {}, 0

    def stage(self) -> str:
        """Say whether tries are made or combined."""
        return f"Combine, round {self._round}" if self._round else "Explore"
