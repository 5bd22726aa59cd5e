"""Where strategies are compared: recorded pools and the simulated world, with and without a checker, always paired.

An arena runs every contestant on the same problems with the same luck: the n-th try of a model on a problem is the
same whoever buys it. `fixed` is what needs no engine: a fixed number of tries of one model, then the majority, or any
answer that the checker passes. `graded` is best-of-N: as many tries, each graded once, the best-graded one wins.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from bench.recordings.replay import POOL, PoolProblem, judgement_of, panel, pool, trial
from solver.core.models import ModelCard
from solver.core.pricing import Usage, cost_nano
from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from solver.simulation.simulate import Scenario, play
from solver.simulation.world import RIGHT, World, cards, parameters
from solver.text.extract import extract_answer
from solver.text.prompting.prompts import messages_for, read_grade


class Run(NamedTuple):
    """How one job went. The cost is in nano-USD."""

    right: bool
    cost_nano: int
    confidence: float = 0.0


class Arena(Protocol):
    """A set of problems and all models' replies to them."""

    @property
    def name(self) -> str:
        """What it is called in figures."""
        ...

    @property
    def models(self) -> Sequence[ModelCard]:
        """The panel, weak to strong."""
        ...

    def run(self, strategy: str, budget_nano: int) -> list[Run] | None:
        """Run a strategy on every problem; None where the arena holds no replies to what it asks."""
        ...

    def fixed(self, model: str, tries: int) -> list[Run] | None:
        """Return what so many tries of one model come to; None where so many are not there."""
        ...

    def graded(self, model: str, judge: str, tries: int) -> list[Run] | None:
        """Return what best-of-N comes to; None where the arena holds no grades."""
        ...


class Recorded:
    """Problems of one family of a recorded pool."""

    def __init__(
        self, kind: str, *, is_checkable: bool, folder: Path = POOL, most: int | None = None
    ) -> None:
        self.name = f"{kind}, {'checker' if is_checkable else 'no checker'}"
        self.is_checkable = is_checkable
        self.models = panel()
        self._items = [item for item in pool(folder) if item.unseen.kind == kind][:most]

    def run(self, strategy: str, budget_nano: int) -> list[Run] | None:
        """Run a strategy on every problem; a pool holds tries only."""
        try:
            trials = [
                trial(item, strategy, budget_nano, is_checkable=self.is_checkable) for item in self._items
            ]
        except ValueError:
            return None
        return [Run(each.right, each.cost_nano, each.confidence) for each in trials]

    def fixed(self, model: str, tries: int) -> list[Run] | None:
        """Return what the first so many recorded tries come to."""
        if any(len(item.recordings[model].samples) < tries for item in self._items):
            return None
        return [self._of(item, model, tries) for item in self._items]

    def _of(self, item: PoolProblem, model: str, tries: int) -> Run:
        [card] = [each for each in self.models if each.name == model]
        recording = item.recordings[model]
        said = [recording.answers[place] for place, _ in recording.samples[:tries]]
        cost = sum(
            cost_nano(card.rates, Usage(recording.prompt_tokens, tokens))
            for _, tokens in recording.samples[:tries]
        )
        if self.is_checkable:
            return Run(any(item.is_right(answer) for answer in said), cost)
        given = [
            (judgement_of(item, answer, is_checkable=False).key, answer)
            for answer in said
            if answer is not None
        ]
        leader = _majority([key for key, _ in given])
        shown = _majority([answer for key, answer in given if key == leader])
        return Run(item.is_right(shown), cost)

    def graded(self, model: str, judge: str, tries: int) -> None:
        """There are no grades in a pool."""


class Simulated:
    """Problems of the simulated world."""

    def __init__(self, *, is_checkable: bool, count: int) -> None:
        self.name = f"simulator, {'checker' if is_checkable else 'no checker'}"
        self.is_checkable = is_checkable
        self.models = cards()
        self._seeds = range(count)

    def run(self, strategy: str, budget_nano: int) -> list[Run]:
        """Run a strategy on every problem."""
        runs = []
        for seed in self._seeds:
            driven = play(Scenario(seed, budget_nano, strategy, is_checkable=self.is_checkable))
            best = driven.outcome.best
            runs.append(
                Run(
                    best is not None and best.answer == RIGHT,
                    driven.purse.settled_nano,
                    (best.confidence if best else None) or 0.0,
                )
            )
        return runs

    def fixed(self, model: str, tries: int) -> list[Run]:
        """Return what so many tries of one model come to."""
        return [self._of(seed, model, tries) for seed in self._seeds]

    def _of(self, seed: int, model: str, tries: int) -> Run:
        said = [_said(World(seed), model, turn) for turn in range(tries)]
        cost = sum(cost for _, cost in said)
        if self.is_checkable:
            return Run(any(answer == RIGHT for answer, _ in said), cost)
        return Run(_majority([answer for answer, _ in said]) == RIGHT, cost)

    def graded(self, model: str, judge: str, tries: int) -> list[Run]:
        """Return what best-of-N comes to, grades by one judge."""
        runs = []
        for seed in self._seeds:
            world = World(seed)
            said = [_said(world, model, turn) for turn in range(tries)]
            grades = [_grade(world, judge, str(answer), turn) for turn, (answer, _) in enumerate(said)]
            passed = [answer for (answer, _), (good, _) in zip(said, grades, strict=True) if good]
            cost = sum(cost for _, cost in (*said, *grades))
            runs.append(Run(_majority(passed or [answer for answer, _ in said]) == RIGHT, cost))
        return runs


def _said(world: World, model: str, turn: int) -> tuple[str | None, int]:
    said = world.reply(model, Problem(f"Problem {world.seed}").messages(), turn)
    return extract_answer(said.text), _cost_nano(model, said.tokens)


def _grade(world: World, judge: str, answer: str, turn: int) -> tuple[bool, int]:
    shown = [f"Answer: {answer}"]
    said = world.reply(judge, messages_for(StepKind.GRADE, f"Problem {world.seed}", shown), turn)
    grade = read_grade(said.text)
    return grade is not None and grade.passed, _cost_nano(judge, said.tokens)


def _cost_nano(model: str, tokens: int) -> int:
    [card] = [each for each in cards() if each.name == model]
    return cost_nano(card.rates, Usage(parameters()["prompt_tokens"], tokens))


def _majority[T](votes: Sequence[T]) -> T | None:
    """Return what has most votes, the earliest of equals."""
    return max(Counter(votes).items(), key=lambda item: item[1], default=(None, 0))[0]


@dataclass(frozen=True, slots=True)
class Summary:
    """The mean of an arm: accuracy, cost in nano-USD, problems."""

    accuracy: float
    cost_nano: float
    count: int


def summary(runs: Sequence[Run]) -> Summary:
    """Return the means of runs."""
    count = len(runs)
    return Summary(sum(run.right for run in runs) / count, sum(run.cost_nano for run in runs) / count, count)


def paired(ours: Sequence[Run], theirs: Sequence[Run]) -> tuple[float, float]:
    """Return by how much our accuracy is above theirs on the same problems, and half its 95 % interval (normal)."""
    gaps = [a.right - b.right for a, b in zip(ours, theirs, strict=True)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / max(len(gaps) - 1, 1)
    return mean, float(1.96 * (variance / len(gaps)) ** 0.5)
