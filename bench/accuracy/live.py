"""Every strategy live on the three demo models, at five cents, no checker: recorded pools hold tries only.

The real engine, gateway and servers, on problems that training never saw, the same ones for every strategy: modular
arithmetic, where votes count, and Countdown with four numbers, where judging is easier than finding.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.recordings.demo import Unseen, countdown_problems, modular_problems, panel
from solver.checkers import checker_from_json
from solver.core.models import ModelCard
from solver.core.money import NANO_PER_CENT
from solver.core.problem import Problem
from solver.core.purse import Purse
from solver.core.result_kind import ResultKind
from solver.core.steps import StepKind
from solver.engine.control import Control
from solver.engine.journal import MemoryJournal
from solver.engine.runner import Runner
from solver.judging.judge import Judge
from solver.providers.litellm_gateway import LiteLLMGateway
from solver.strategies import Setting, make_strategy, names_for

BUDGET_NANO = 5 * NANO_PER_CENT
SEED = 20_261_129
AT_A_TIME = 4
_COUNTS = {False: 60, True: 4}


@dataclass(frozen=True, slots=True)
class Solved:
    """How one problem went: was the answer right, what was paid (nano-USD), how sure it was, calls by kind."""

    right: bool
    cost_nano: int
    confidence: float
    kinds: Mapping[StepKind, int]

    @property
    def calls(self) -> int:
        """Return how many calls were made."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Place:
    """Where problems are solved live: the served models, and what talks to them and judges."""

    cards: Sequence[ModelCard]
    gateway: LiteLLMGateway
    judge: Judge

    async def solve(self, unseen: Unseen, strategy: str, budget_nano: int, *, seed: int) -> Solved:
        """Run one strategy on one problem, without a checker."""
        problem = Problem(unseen.text, kind=unseen.kind)
        purse, journal = Purse(budget_nano), MemoryJournal()
        setting = Setting(problem, self.cards, budget_nano, 0, {}, seed=seed)
        outcome = await Runner(
            problem=problem, strategy=make_strategy(strategy, setting), panel=self.cards, purse=purse, journal=journal,
            gateway=self.gateway, judge=self.judge, control=Control(), seed=seed,
        ).run()  # fmt: skip
        best = outcome.best
        return Solved(
            right=best is not None and is_right(unseen, best.answer),
            cost_nano=purse.settled_nano,
            confidence=(best.confidence if best else None) or 0.0,
            kinds=Counter(call.step.kind for call, _ in journal.calls.values()),
        )


@asynccontextmanager
async def place() -> AsyncIterator[Place]:
    """Serve the demo models for the block."""
    gateway, judge = LiteLLMGateway(), Judge()
    try:
        async with panel() as cards:
            yield Place(cards, gateway, judge)
    finally:
        await gateway.close()
        await judge.close()


def is_right(unseen: Unseen, answer: str | None) -> bool:
    """Tell whether an answer solves a problem."""
    checker = checker_from_json(unseen.checker)
    if answer is None or checker is None:
        return answer is not None and answer == unseen.right
    return bool(checker.check(answer).passed)


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return accuracy, mean cost and calls by kind of every strategy in both families."""
    count = _COUNTS[quick]
    families = {"modular": modular_problems(count, SEED), "countdown": countdown_problems(count, SEED)}
    figures = asyncio.run(_all(families))
    return {"problems": count, "budget_cents": BUDGET_NANO // NANO_PER_CENT, **figures}


async def _all(families: Mapping[str, Sequence[Unseen]]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    async with place() as here:
        gate = asyncio.Semaphore(AT_A_TIME)

        async def one(unseen: Unseen, strategy: str, seed: int) -> Solved:
            async with gate:
                return await here.solve(unseen, strategy, BUDGET_NANO, seed=seed)

        for family, problems in families.items():
            for strategy in names_for(ResultKind.ANSWER):
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(one(unseen, strategy, seed)) for seed, unseen in enumerate(problems)
                    ]
                figures[f"{family} {strategy}"] = _summary([task.result() for task in tasks])
    return figures


def _summary(solved: Sequence[Solved]) -> dict[str, Any]:
    count = len(solved)
    kinds = sum((Counter(each.kinds) for each in solved), Counter[StepKind]())
    return {
        "accuracy": round(sum(each.right for each in solved) / count, 4),
        "cents": round(sum(each.cost_nano for each in solved) / count / NANO_PER_CENT, 4),
        "confidence": round(sum(each.confidence for each in solved) / count, 4),
        "calls": {kind.value: round(made / count, 2) for kind, made in kinds.most_common()},
    }
