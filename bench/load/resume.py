"""How soon a job of 10,000 calls continues: from the claim by a real worker to its next call, for each strategy.

The journal is written by the real runner with a scripted gateway (replies of 2 kB that settle nothing). Then a worker
claims the job, makes calls and is told to pause, again and again. Both moments are the database's: the claim's own
transaction, and the hold of the first call under the new token. A strategy that ends before that is left out.
"""

import asyncio
import statistics
from typing import TYPE_CHECKING, Any

from bench.load.workers import ENDLESS, Process, fleet, make_user, percentile, submit, wait_for
from solver.core.money import NANO_PER_USD
from solver.core.pricing import Usage
from solver.core.request import Reply, Request
from solver.providers.litellm_gateway import Gateway

if TYPE_CHECKING:
    from accounts.models import User
    from jobs.models import Job
    from solver.engine.control import Control

CALLS = 10_000
LEASE_S = 60
SLOTS = 32
STRATEGIES = ("vote", "tree")
GOAL_S = 1.0
_THOUGHT = "Reduce each product modulo m before adding, so that no number grows large. " * 27


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return seconds from claim to next call."""
    times, strategies = (3, STRATEGIES[:1]) if quick else (20, STRATEGIES)
    figures: dict[str, Any] = {"calls": CALLS, "times": times, "goal_s": GOAL_S}
    with fleet(delay_ms=200, PONDER_LEASE_S=str(LEASE_S)) as ours:
        user = make_user("bench")
        jobs = {strategy: _long_job(user, strategy, ours.data.address) for strategy in strategies}
        worker = ours.start_worker()
        for strategy, job in jobs.items():
            resumed = [_resumed(job, worker) for _ in range(times)]
            took_s = [wall_s for wall_s, _ in resumed]
            figures |= {
                f"{strategy}_p50_s": round(statistics.median(took_s), 3),
                f"{strategy}_worst_s": percentile(took_s, 1),
                f"{strategy}_worker_cpu_p50_s": round(statistics.median(cpu_s for _, cpu_s in resumed), 3),
            }
        figures["worker_peak_mb"] = round(worker.peak_mb(), 1)
    figures["worst_s"] = max(figures[f"{strategy}_worst_s"] for strategy in strategies)
    return figures


class Scripted(Gateway):
    """A gateway that answers at once, one of two answers in turn, and pauses the job after a number of calls."""

    def __init__(self, control: "Control", calls: int) -> None:
        self._control, self._calls = control, calls

    async def complete(self, request: Request) -> Reply:
        """Return a reply that the asking step can read, or the same verdicts in turn."""
        from solver.engine.control import Stop

        self._calls -= 1
        if self._calls == 0:
            self._control.request(Stop.PAUSE)
        await asyncio.sleep(0)
        text = _said(request.messages[-1].content.rpartition("\nTask: ")[2], self._calls)
        return Reply(f"{_THOUGHT}\n{text}", "", "stop", Usage(180, 120), None, "")

    async def close(self) -> None:
        """Do nothing: there is no connection."""


def _said(task: str, turn: int) -> str:
    match task:
        case "grade":
            return f"Verdict: {('correct', 'incorrect')[turn % 2]}"
        case "compare":
            return f"Better: {'AB'[turn % 2]}"
    return f"Answer: {(17, 23)[turn % 2]}"


def _long_job(user: "User", strategy: str, address: str) -> "Job":
    """Return a paused job with 10,000 settled calls."""
    from django.conf import settings

    from jobs.core.states import JobState
    from jobs.lifecycle import control as verbs
    from jobs.worker import lease as leases

    job = submit(
        user, f"A long {strategy}: what is 7 to the power of 222?", strategy=strategy, wake=False,
        budget_nano=500 * NANO_PER_USD, options=ENDLESS,
    )  # fmt: skip
    settings.PONDER_LEASE_S, settings.PONDER_CALLS_PER_JOB = 3_600, SLOTS
    lease = leases.claim_next("bench", job.pk)
    assert lease is not None, "nobody else is there to claim it"
    asyncio.run(_write(lease, address))
    verbs.pause_job(job=job)
    leases.give_back(lease, state=JobState.PAUSED)
    settled = _settled(job)
    if settled < CALLS:
        raise RuntimeError(
            f"The {strategy} made {settled} of {CALLS:,} calls; the figures would not be comparable."
        )
    return job


async def _write(lease: Any, address: str) -> None:
    from asgiref.sync import sync_to_async

    from jobs.worker.execution import execute
    from jobs.worker.load import load_job
    from jobs.worker.writer import Writer
    from solver.core.errors import Interrupted
    from solver.engine.control import Control
    from solver.judging.judge import Judge

    control, writer, judge = Control(), Writer(address), Judge()
    snapshot = await sync_to_async(load_job)(lease)
    try:
        await execute(
            lease=lease, snapshot=snapshot, writer=writer, gateway=Scripted(control, CALLS), judge=judge,
            control=control, patience_s=30.0,
        )  # fmt: skip
    except Interrupted:
        pass
    finally:
        await judge.close()
        await writer.close()


def _settled(job: "Job") -> int:
    from billing.models import Call, CallState

    return Call.objects.filter(job_id=job.pk, state=CallState.SETTLED).count()


def _resumed(job: "Job", worker: Process) -> tuple[float, float]:
    """Resume a paused job, let it make a call, pause it; return seconds between claim and call, and of CPU until then."""
    from datetime import timedelta

    from billing.models import Call
    from jobs.lifecycle import control as verbs

    job.refresh_from_db()
    token, cpu_s = job.token + 1, worker.cpu_s()
    verbs.resume_job(job=job)

    def claimed() -> bool:
        job.refresh_from_db()
        return job.token == token and job.lease_until is not None

    wait_for(claimed, what="The claim")
    # The first heartbeat comes after ten seconds: until then the lease tells when it began.
    assert job.lease_until is not None, "it is claimed"
    claimed_at = job.lease_until - timedelta(seconds=LEASE_S)
    calls = Call.objects.filter(job_id=job.pk, lease_token=token).order_by("created_at")
    wait_for(calls.exists, what="The next call")
    first = calls.first()
    assert first is not None, "it exists"
    cpu_s = worker.cpu_s() - cpu_s
    verbs.pause_job(job=job)

    def rests() -> bool:
        job.refresh_from_db()
        return job.state == "paused"

    wait_for(rests, what="The pause")
    return (first.created_at - claimed_at).total_seconds(), cpu_s
