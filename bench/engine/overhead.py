"""What durability costs: calls/s and CPU of runner + journal + ledger + litellm against bare litellm and bare aiohttp.

All three call the same local endpoint (a process of its own with a fixed delay) with the same request, from one event
loop, with the same number of calls in flight, in rounds that alternate; figures are medians over rounds. Ours is what
a worker runs: `jobs.worker.execution` with the group-commit writer on a real PostgreSQL with synchronous commits, every
call held before it is sent and settled with its result. CPU is this process's and, apart, PostgreSQL's.
"""

import asyncio
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from bench.endpoint import OUTPUT_TOKENS, endpoint
from bench.plot import Panel
from bench.recordings.demo import modular_problems
from bench.services import Database, database
from solver.core.money import NANO_PER_USD
from solver.core.problem.statement import Problem
from solver.judging.judge import Judge
from solver.providers.litellm_gateway import LiteLLMGateway

if TYPE_CHECKING:
    from jobs.core.lease import Lease

# Calls in flight in all, and of each job.
IN_FLIGHT = {50: 10, 400: 16}
DELAY_MS = 20
MODEL = "demo/expert"
MAX_TOKENS = 4 * OUTPUT_TOKENS
SEED = 20_261_126
OWNER = "bench"

type Way = Callable[[int, int], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Round:
    """One way's figures in one round."""

    calls_per_s: float
    cpu_ms: float
    database_cpu_ms: float


def panels(figures: Mapping[str, Any]) -> list[Panel]:
    """Return the diagrams: calls a second and CPU a call by the number of calls in flight."""
    ways = {
        "ponder": "runner + journal + ledger + litellm",
        "litellm": "bare litellm",
        "aiohttp": "bare aiohttp",
    }

    def lines(what: str, *shown: str) -> dict[str, list[tuple[float, float]]]:
        return {
            ways[way]: [(count, figures[f"{way}_{count}_{what}"]) for count in IN_FLIGHT] for way in shown
        }

    return [
        Panel("calls a second", lines("calls_per_s", "ponder", "litellm"), "in flight", "calls/s"),
        Panel("CPU a call, without PostgreSQL's", lines("cpu_ms", *ways), "in flight", "ms"),
    ]


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return calls/s, CPU per call and the ratios."""
    rounds, calls = (2, 600) if quick else (9, 1_000)
    settings = {"PONDER_MODELS": MODEL, "PONDER_LEASE_S": "3600", "PONDER_TRIAL_MODELS": "all"}
    with (
        asyncio.Runner() as loop,
        endpoint(DELAY_MS) as base,
        database(DEMO_EXPERT_URL=base, **settings) as data,
    ):
        results = _rounds(loop, base, data, rounds, calls)
    figures: dict[str, Any] = {"rounds": rounds, "calls_a_round": calls, "delay_ms": DELAY_MS}
    for in_flight, of_way in results.items():
        for way, of_rounds in of_way.items():
            figures |= _medians(f"{way}_{in_flight}", of_rounds)
        figures[f"vs_bare_litellm_{in_flight}"] = _ratio(of_way["ponder"], of_way["litellm"])
    figures["vs_bare_litellm"] = min(figures[f"vs_bare_litellm_{n}"] for n in IN_FLIGHT)
    return figures


def _medians(prefix: str, rounds: list[Round]) -> dict[str, float]:
    return {
        f"{prefix}_calls_per_s": round(statistics.median(r.calls_per_s for r in rounds), 1),
        f"{prefix}_cpu_ms": round(statistics.median(r.cpu_ms for r in rounds), 3),
        f"{prefix}_database_cpu_ms": round(statistics.median(r.database_cpu_ms for r in rounds), 3),
    }


def _ratio(ours: list[Round], bare: list[Round]) -> float:
    """Return the median ratio of calls/s, paired by round: both of a pair ran within seconds of each other."""
    return round(statistics.median(a.calls_per_s / b.calls_per_s for a, b in zip(ours, bare, strict=True)), 3)


def _rounds(
    loop: asyncio.Runner, base: str, data: Database, rounds: int, calls: int
) -> dict[int, dict[str, list[Round]]]:
    bare, durable = loop.run(_bare(base)), Durable(loop, data)
    results: dict[int, dict[str, list[Round]]] = {n: defaultdict(list) for n in IN_FLIGHT}
    try:
        for turn in range(rounds + 1):
            for in_flight in IN_FLIGHT:
                durable.prepare(in_flight, calls)
                ways: dict[str, Way] = {
                    "aiohttp": bare.aiohttp,
                    "litellm": bare.litellm,
                    "ponder": durable.run,
                }
                for name, way in ways.items():
                    measured = _timed(loop, way, data, in_flight, calls)
                    if turn:  # the first turn imports, connects and prepares statements
                        results[in_flight][name].append(measured)
                durable.finish(calls)
    finally:
        loop.run(bare.close())
        durable.close()
    return results


def _timed(loop: asyncio.Runner, way: Way, data: Database, in_flight: int, calls: int) -> Round:
    gc.collect()
    database_s, cpu_s, began_s = data.cpu_s(), time.process_time(), time.perf_counter()
    loop.run(way(in_flight, calls))
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    return Round(calls / wall_s, 1000 * cpu_s / calls, 1000 * (data.cpu_s() - database_s) / calls)


class Bare:
    """The two ways without Ponder."""

    def __init__(self, base: str) -> None:
        self._url = f"{base}/chat/completions"
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        LiteLLMGateway()  # sets litellm up as Ponder uses it
        import litellm

        self._litellm = litellm
        [unseen] = modular_problems(1, SEED)
        messages = Problem(unseen.text, kind="modular").messages()
        self._messages = [{"role": message.role, "content": message.content} for message in messages]
        self._arguments = {
            "model": "openai/expert", "api_base": base, "api_key": "none", "max_tokens": MAX_TOKENS,
            "temperature": 1.0, "max_retries": 0, "num_retries": 0, "timeout": 60.0,
        }  # fmt: skip

    async def aiohttp(self, in_flight: int, calls: int) -> None:
        """Call the endpoint with nothing in between."""

        async def call(seed: int) -> None:
            body = {
                "model": "expert", "messages": self._messages, "max_tokens": MAX_TOKENS, "temperature": 1.0, "seed": seed
            }  # fmt: skip
            async with self._session.post(self._url, json=body) as response:
                reply = await response.json()
            assert reply["usage"]["completion_tokens"] == OUTPUT_TOKENS

        await _at_once(in_flight, calls, call)

    async def litellm(self, in_flight: int, calls: int) -> None:
        """Call the endpoint through litellm, with the arguments of Ponder's gateway."""

        async def call(seed: int) -> None:
            reply = await self._litellm.acompletion(messages=self._messages, seed=seed, **self._arguments)
            assert reply.usage.completion_tokens == OUTPUT_TOKENS

        await _at_once(in_flight, calls, call)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


async def _bare(base: str) -> Bare:
    return Bare(base)


async def _at_once(in_flight: int, calls: int, call: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            await call(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(worker())


class Durable:
    """Ponder's way: jobs claimed before and finished after the clock runs."""

    def __init__(self, loop: asyncio.Runner, data: Database) -> None:
        from accounts.models import User
        from accounts.services import ensure_personal_workspace
        from billing.books.wallet import grant
        from jobs.worker.writer import Writer

        self._loop = loop
        self._user = User.objects.create_user("bench@example.org", is_staff=True)
        self._workspace = ensure_personal_workspace(self._user)
        grant(workspace=self._workspace, amount_nano=100_000 * NANO_PER_USD, by=self._user, reason="bench")

        async def engine() -> tuple[Writer, LiteLLMGateway, Judge]:
            return Writer(data.address), LiteLLMGateway(), Judge()

        self._writer, self._gateway, self._judge = loop.run(engine())
        self._leases: list[Lease] = []
        self._executions: list[Coroutine[Any, Any, Any]] = []
        self._outcomes: list[Any] = []

    def prepare(self, in_flight: int, calls: int) -> None:
        """Submit and claim the jobs of a round; each makes its share of the calls by a vote that is never clear."""
        from django.conf import settings

        from jobs.core.options import JobOptions
        from jobs.lifecycle import JobRequest, submit_job
        from jobs.worker.execution import execute
        from jobs.worker.lease import claim_next
        from jobs.worker.load import load_job
        from solver.engine.control import Control

        settings.PONDER_CALLS_PER_JOB = IN_FLIGHT[in_flight]
        jobs = in_flight // IN_FLIGHT[in_flight]
        options = JobOptions(max_tries=calls // jobs, is_never_sure=True)
        self._leases = []
        for unseen in modular_problems(jobs, SEED):
            request = JobRequest(
                user=self._user, workspace=self._workspace, problem=unseen.text, budget_nano=10 * NANO_PER_USD,
                strategy="vote", options=options,
            )  # fmt: skip
            job = submit_job(request, wake=False)
            lease = claim_next(OWNER, job.pk)
            assert lease is not None, "nobody else is there to claim it"
            self._leases.append(lease)
        self._executions = [
            execute(
                lease=lease, snapshot=load_job(lease), writer=self._writer, gateway=self._gateway, judge=self._judge,
                control=Control(), patience_s=30.0,
            )
            for lease in self._leases
        ]  # fmt: skip

    async def run(self, in_flight: int, calls: int) -> None:
        """Run the prepared jobs."""
        del in_flight, calls
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in self._executions]
        self._outcomes = [task.result() for task in tasks]
        # What the page was last shown may be in a batch still: it must not wait, half sent, for the next round.
        await self._writer.flush()

    def finish(self, calls: int) -> None:
        """End the jobs, and check that every call was settled."""
        from billing.models import Call, CallState
        from jobs.lifecycle.finish import finish

        ours = [lease.job_id for lease in self._leases]
        settled = Call.objects.filter(job_id__in=ours, state=CallState.SETTLED).count()
        if settled != calls:
            raise RuntimeError(
                f"{settled} of {calls} calls were settled; the figures would not be comparable."
            )
        for lease, outcome in zip(self._leases, self._outcomes, strict=True):
            finish(lease, outcome)

    def close(self) -> None:
        """Close writer, gateway and judge; the books must balance."""
        from jobs.upkeep.audit import violations

        for work in (self._writer.close(), self._gateway.close(), self._judge.close()):
            self._loop.run(work)
        if broken := violations():
            raise RuntimeError(f"The books do not balance: {broken[0]}")
