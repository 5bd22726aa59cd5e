"""How fast the journal is written, against what the disk can flush: rows/s of the group-commit writer, and calls/s.

In one run, on one file system: how often a block can be written and flushed (fdatasync, one after another, as a commit
alone would), then told steps per second from many callers at once, each durable before its caller goes on (synchronous
commits), then whole calls: a hold committed before, result and charge committed together after. A told step is one row
of the journal; a call is one row of the journal written twice, with its call's row, its transfer and its entries.
"""

import asyncio
import os
import statistics
import time
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.load.workers import MODEL, make_user, submit
from bench.services import Database, database
from solver.core.pricing import Usage
from solver.core.problem.statement import Problem
from solver.core.steps import Status, Step, StepKind, StepResult
from solver.engine.journal import Charge, OpenCall

if TYPE_CHECKING:
    from jobs.core.lease import Lease
    from jobs.worker.journal import PostgresJournal

JOBS = 40
CALLERS_A_JOB = 8
BLOCK = bytes(8192)
HOLD_NANO = 1_000_000
_TEXT = "Reduce each product modulo m before adding, so that no number grows large. " * 5 + "\n\nAnswer: 17"

type Work = Callable[["PostgresJournal", str], Coroutine[Any, Any, None]]


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return flushes/s, rows/s and calls/s: medians over rounds that alternate."""
    rounds, seconds = (3, 2.0) if quick else (9, 5.0)
    with database(PONDER_MODELS=MODEL, PONDER_TRIAL_MODELS="all", PONDER_LEASE_S="3600") as data:
        leases = _claimed_jobs()
        flushes, rows, calls, call = list[float](), list[Rate](), list[Rate](), _calling(_price_id())
        for turn in range(rounds):
            flushes.append(_flushes_per_s(Path(os.environ["DATA_DIR"]), seconds / 2))
            rows.append(asyncio.run(_rate(data, leases, _tell, seconds, f"row/{turn}")))
            calls.append(asyncio.run(_rate(data, leases, call, seconds, f"call/{turn}")))
        from jobs.upkeep.audit import violations

        if broken := violations():
            raise RuntimeError(f"The books do not balance: {broken[0]}")
    flushes_per_s, rows_per_s = statistics.median(flushes), statistics.median(rate.per_s for rate in rows)
    goal = min(10 * flushes_per_s, 4_000)
    return {
        "callers": JOBS * CALLERS_A_JOB,
        "rounds": rounds,
        "flushes_per_s": round(flushes_per_s),
        "journal_rows_per_s": round(rows_per_s),
        "journal_rows_goal_per_s": round(goal),
        "journal_rows_worst_round_per_s": round(min(rate.per_s for rate in rows)),
        "rows_to_flushes": round(rows_per_s / flushes_per_s, 1),
        "row_cpu_ms": round(statistics.median(rate.cpu_ms for rate in rows), 3),
        "row_database_cpu_ms": round(statistics.median(rate.database_cpu_ms for rate in rows), 3),
        "calls_per_s": round(statistics.median(rate.per_s for rate in calls)),
        "calls_worst_round_per_s": round(min(rate.per_s for rate in calls)),
        "call_cpu_ms": round(statistics.median(rate.cpu_ms for rate in calls), 3),
        "call_database_cpu_ms": round(statistics.median(rate.database_cpu_ms for rate in calls), 3),
    }


def _flushes_per_s(directory: Path, seconds: float) -> float:
    path, count = directory / "flushed", 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, BLOCK)
        os.fsync(descriptor)
        began_s = time.perf_counter()
        while time.perf_counter() - began_s < seconds:
            os.pwrite(descriptor, BLOCK, 0)
            os.fdatasync(descriptor)
            count += 1
        return count / (time.perf_counter() - began_s)
    finally:
        os.close(descriptor)
        path.unlink()


def _claimed_jobs() -> "list[Lease]":
    from jobs.worker.lease import claim_next

    user = make_user("bench")
    leases = []
    for number in range(JOBS):
        lease = claim_next("bench", submit(user, f"Job {number}: is this decidable?", wake=False).pk)
        assert lease is not None, "nobody else is there to claim it"
        leases.append(lease)
    return leases


class Rate(NamedTuple):
    """How often a second, and the CPU time of each: this process's and PostgreSQL's."""

    per_s: float
    cpu_ms: float
    database_cpu_ms: float


async def _rate(data: Database, leases: "list[Lease]", work: Work, seconds: float, name: str) -> Rate:
    """Let all callers do `work` for `seconds`; return how often per second it was done, and what it cost."""
    from jobs.worker.journal import PostgresJournal
    from jobs.worker.writer import Writer

    writer, done = Writer(data.address), 0
    journals = [PostgresJournal(writer, lease, told=(), attempts={}) for lease in leases]
    # The connection is made outside the measured time, and ended after it: the dead have no CPU time to be read.
    await work(journals[0], f"{name}/first")
    cpu_s, database_s, began_s = time.process_time(), data.cpu_s(), time.perf_counter()

    async def caller(journal: PostgresJournal, number: int) -> None:
        nonlocal done
        turn = 0
        while time.perf_counter() < began_s + seconds:
            await work(journal, f"{name}/{number}/{turn}")
            done, turn = done + 1, turn + 1

    async with asyncio.TaskGroup() as group:
        for number in range(CALLERS_A_JOB):
            for journal in journals:
                group.create_task(caller(journal, number))
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    database_s = data.cpu_s() - database_s
    await writer.close()
    return Rate(done / took_s, 1000 * cpu_s / done, 1000 * database_s / done)


async def _tell(journal: "PostgresJournal", key: str) -> None:
    """Tell one step that cost nothing: one row."""
    await journal.tell(
        StepResult(key=key, kind=StepKind.NOTE, status=Status.NOTE, note={"because": "measured"})
    )


def _price_id() -> int:
    from jobs.models import Job

    return int(Job.objects.values_list("pinned", flat=True)[0]["panel"][0]["price_id"])


def _calling(price_id: int) -> Work:
    """Return the work of opening a call and settling it, with all that money asks for."""

    async def call(journal: "PostgresJournal", key: str) -> None:
        step = Step(key, StepKind.SAMPLE, "sample", MODEL, _MESSAGES)
        opened = OpenCall(uuid.uuid4(), step, 1, price_id, HOLD_NANO, 800, 400)
        if not await journal.open(opened):
            raise RuntimeError("The budget of a measured job is too small.")
        result = StepResult(
            key=key, kind=StepKind.SAMPLE, status=Status.OK, model=MODEL, text=_TEXT, answer="17", answer_key="17",
            finish_reason="stop", charged_nano=10_000, tokens=300,
        )  # fmt: skip
        charge = Charge(10_000, 10_000, 10_000, Usage(180, 120), None, usage_missing=False, provider_ref="")
        await journal.settle(opened, result, charge)

    return call


_MESSAGES = tuple(Problem("Is this decidable?").messages())
