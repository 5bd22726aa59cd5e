"""How much of a small budget jobs can use where nothing fails: the engine's own holds, on the real ledger.

Jobs vote with one model of the operator's own until their money is spent. Nobody told Ponder how long its replies are:
finished jobs teach it, as in production, and others are measured before and after that. What stays unused is less than
one more call and what of the final write-up's reservation it did not need, so it matters how many calls a cent buys:
seventy of a model at the price that stands for electricity, eleven of a dear one.
"""

import asyncio
import itertools
import random
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from asgiref.sync import sync_to_async

from bench.load.workers import ENDLESS, make_user, submit
from bench.services import Database
from billing.prices.setting import LOCAL_INPUT_USD, LOCAL_OUTPUT_USD
from solver.core.money import NANO_PER_CENT
from solver.core.pricing import Usage
from solver.core.request import Reply, Request
from solver.judging.judge import Judge
from solver.providers.litellm_gateway import Gateway

if TYPE_CHECKING:
    from accounts.models import User
    from jobs.worker.writer import Writer

OWN, DEAR = "hosted_vllm/own", "hosted_vllm/dear"
SETTINGS = {
    "PONDER_MODELS": f"{OWN},{DEAR}",
    "PONDER_PRICES": f"{OWN}={LOCAL_INPUT_USD}/{LOCAL_OUTPUT_USD}/8192/512,{DEAR}=0.731337/13.131313/8192/512",
    "PONDER_LEASE_S": "3600",
}
"""The environment that `used_by_cents` needs."""
CENTS = {OWN: (1, 2, 20), DEAR: (1, 2, 5, 10, 20)}
_TEACHERS = 24
_AT_ONCE = 4
_PROBLEM = "What is the remainder of 17 to the power of 93, divided by 41?"
_MEDIAN_TOKENS, _SIGMA = 66, 0.35
_BYTES_PER_TOKEN = 4


class DrawnLengths(Gateway):
    """A provider in this process: replies of drawn lengths, cut at their caps.

    Two answers in turn: no vote is ever clear, and none stops because what is left could not change its leader.
    """

    def __init__(self) -> None:
        self._draw = random.Random(13)
        self._answers = itertools.cycle((17, 23))

    async def complete(self, request: Request) -> Reply:
        """Answer one call."""
        await asyncio.sleep(self._draw.uniform(0.001, 0.01))
        wanted = max(round(self._draw.lognormvariate(0, _SIGMA) * _MEDIAN_TOKENS), 8)
        tokens = min(wanted, request.max_output_tokens)
        was_cut = tokens < wanted
        prompt = sum(len(message.content) for message in request.messages) // _BYTES_PER_TOKEN
        return Reply(
            text="Reduced as asked. " + ("" if was_cut else f"Answer: {next(self._answers)}"),
            reasoning="",
            finish_reason="length" if was_cut else "stop",
            usage=Usage(prompt, tokens),
            raw_usage=None,
            provider_ref="",
        )

    async def close(self) -> None:
        """Nothing is open."""


class _Engine(NamedTuple):
    """What all jobs share."""

    writer: "Writer"
    gateway: Gateway
    judge: Judge


def used_by_cents(data: Database, jobs: int) -> dict[str, dict[str, float]]:
    """Return which mean share of a budget jobs use, by budget in cents: of either model, and before it was learned of."""
    from jobs.learning.learn import learn_due

    user = make_user("small")
    with asyncio.Runner() as loop:

        def measured(model: str) -> dict[str, float]:
            return {
                str(cents): round(statistics.mean(loop.run(_spend(data, user, model, cents, jobs))), 4)
                for cents in CENTS[model]
            }

        untaught = measured(DEAR)
        for model in (OWN, DEAR):
            loop.run(_spend(data, user, model, min(CENTS[model]), _TEACHERS))
        learn_due()
        return {
            "budget_used_by_cents": measured(OWN),
            "dear_model_by_cents": measured(DEAR),
            "dear_model_before_learning": untaught,
        }


async def _spend(data: Database, user: "User", model: str, cents: int, jobs: int) -> list[float]:
    """Run jobs of so many cents, and return which share of its budget each was charged."""
    from jobs.worker.writer import Writer

    engine, turns = _Engine(Writer(data.address), DrawnLengths(), Judge()), asyncio.Semaphore(_AT_ONCE)

    async def one() -> float:
        async with turns:
            return await _run(engine, user, model, cents)

    try:
        return await asyncio.gather(*(one() for _ in range(jobs)))
    finally:
        await engine.writer.close()
        await engine.judge.close()


async def _run(engine: _Engine, user: "User", model: str, cents: int) -> float:
    """Run one job as a worker does, and return the share of its budget that it was charged."""
    from jobs.lifecycle.finish import finish
    from jobs.models import Job
    from jobs.worker.execution import execute
    from jobs.worker.lease import claim_next
    from jobs.worker.load import load_job
    from solver.engine.control import Control

    def claimed() -> Any:
        options = replace(ENDLESS, models=(model,))
        job = submit(user, _PROBLEM, budget_nano=cents * NANO_PER_CENT, options=options, wake=False)
        lease = claim_next("bench", job.pk)
        assert lease is not None, "nobody else is there to claim it"
        return lease, load_job(lease)

    lease, snapshot = await sync_to_async(claimed)()
    outcome = await execute(
        lease=lease, snapshot=snapshot, control=Control(), patience_s=30.0, **engine._asdict()
    )
    await engine.writer.flush()
    await sync_to_async(finish)(lease, outcome)
    job = await Job.objects.aget(pk=lease.job_id)
    return job.charged_nano / job.budget_nano
