"""Does a vote at five cents beat one sample? Modular arithmetic without a checker, on problems training never saw.

Each problem is voted on once with the real engine, gateway and demo models; the single sample is the expert's, drawn
apart from the vote. The interval is the paired bootstrap's of the difference (95 %, percentage points).
"""

import asyncio
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.accuracy.live import Place, place
from bench.recordings.demo import Unseen, modular_problems
from solver.core.money import NANO_PER_CENT, usd_decimal
from solver.core.problem.statement import Problem
from solver.core.request import Request
from solver.text.extract import extract_answer

BUDGET_NANO = 5 * NANO_PER_CENT
SEED = 20_261_124
AT_A_TIME = 4
PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Trial:
    """One problem: was the vote right, was the single sample, what did the vote cost (nano-USD) and say."""

    vote_right: bool
    single_right: bool
    cost_nano: int
    calls: int
    confidence: float


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return accuracy and cost of both ways; a quick run is no shorter, for fewer problems would say nothing."""
    del quick
    trials = asyncio.run(_trials(PROBLEMS))
    vote = [trial.vote_right for trial in trials]
    single = [trial.single_right for trial in trials]
    low, high = _bootstrap([v - s for v, s in zip(vote, single, strict=True)])
    return {
        "problems": len(trials),
        "budget_usd": usd_decimal(BUDGET_NANO),
        "vote_accuracy": round(statistics.mean(vote), 4),
        "single_accuracy": round(statistics.mean(single), 4),
        "gain_points": round(100 * (statistics.mean(vote) - statistics.mean(single)), 1),
        "gain_low_points": round(100 * low, 1),
        "gain_high_points": round(100 * high, 1),
        "vote_mean_cost_usd": usd_decimal(round(statistics.mean(trial.cost_nano for trial in trials))),
        "vote_most_cost_usd": usd_decimal(max(trial.cost_nano for trial in trials)),
        "vote_mean_calls": round(statistics.mean(trial.calls for trial in trials), 1),
        "vote_mean_confidence": round(statistics.mean(trial.confidence for trial in trials), 4),
        "seed": SEED,
    }


async def _trials(count: int) -> list[Trial]:
    async with place() as here:
        gate = asyncio.Semaphore(AT_A_TIME)

        async def one(index: int, unseen: Unseen) -> Trial:
            async with gate:
                return await _trial(unseen, index, here)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(*item)) for item in enumerate(modular_problems(count, SEED))]
        return [task.result() for task in tasks]


async def _trial(unseen: Unseen, index: int, here: Place) -> Trial:
    vote = await here.solve(unseen, "vote", BUDGET_NANO, seed=index)
    messages = Problem(unseen.text, kind=unseen.kind).messages()
    single = await here.gateway.complete(Request(here.cards[-1], messages, 256, seed=2**30 + index))
    return Trial(
        vote_right=vote.right,
        single_right=extract_answer(single.text) == unseen.right,
        cost_nano=vote.cost_nano,
        calls=vote.calls,
        confidence=vote.confidence,
    )


def _bootstrap(differences: Sequence[int], rounds: int = 4_000) -> tuple[float, float]:
    rng = random.Random(SEED)
    means = sorted(statistics.mean(rng.choices(differences, k=len(differences))) for _ in range(rounds))
    return means[rounds // 40], means[-rounds // 40]
