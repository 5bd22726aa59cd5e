"""The worker host: what all jobs of one process share.

One event loop in a daemon thread, one group-commit writer, one gateway, one judge, one heartbeat thread with its own
connection. Celery's threads only claim, wait and finish.
"""

import asyncio
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, connections

from files.store import picture_bytes
from jobs.core.database import connection_string
from jobs.core.errors import CannotContinue
from jobs.core.lease import Lease
from jobs.core.states import JobState, Wanted
from jobs.core.wake import wake_sandbox_worker
from jobs.lifecycle.control import WANTED_CHANNEL
from jobs.models import Job
from jobs.upkeep.benched_models import notify_of_benched
from jobs.worker import lease as leases
from jobs.worker.execution import execute
from jobs.worker.heartbeat import Heartbeat
from jobs.worker.load import load_job
from jobs.worker.outcomes import AFTER_FAULT, end_as_it_stands, record_outcome_of
from jobs.worker.programs.host import ProgramHost
from jobs.worker.programs.queue import AT_ONCE, QueuedPrograms
from jobs.worker.programs.rows import RAN_CHANNEL
from jobs.worker.retry import retry_while_database_is_down
from jobs.worker.running_jobs import RunningJob
from jobs.worker.shared_limits import SharedLimits
from jobs.worker.tools import make_tool_host, tools_of
from jobs.worker.writer import Writer
from solver import Benched, Control, Gateway, Judge, LiteLLMGateway, Permits, Stop
from solver.core.checker import Checker
from solver.core.problem.hints import hints_of
from solver.core.programs import ProgramsOff

logger = logging.getLogger(__name__)

_STOPS = {Wanted.FINISH: Stop.FINISH, Wanted.CANCEL: Stop.CANCEL, Wanted.PAUSE: Stop.PAUSE}
PATIENCE_S = 30.0
"""How long an execution bears a panel of which no model can be reached before the job waits."""


class WorkerHost:
    """Runs jobs in this process."""

    def __init__(self, *, patience_s: float = PATIENCE_S, runs_programs: bool = False) -> None:
        """`runs_programs`: without Celery, programs of this host's jobs are run in this process."""
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self.draining = threading.Event()
        self._patience_s = patience_s
        self._running: dict[uuid.UUID, RunningJob] = {}
        self._guard = (
            threading.RLock()
        )  # guards _running: read by the heartbeat thread, written by job threads
        self._claiming = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)
        self._thread.start()
        self.program_host = ProgramHost(only_of=self.owner) if runs_programs else None
        self._programs = QueuedPrograms(
            self.owner,
            ring=self.program_host.ring if self.program_host else wake_sandbox_worker,
            is_on=lambda: settings.PONDER_RUN_CODE,
        )
        self._tools = make_tool_host(self._programs)
        self._writer, self._gateway, self._judge = self._on_loop(self._open())
        self._limits = SharedLimits()
        self._permits = Permits(self._limits, self.owner)
        self._listener = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._heartbeat = Heartbeat(self)
        self._heartbeat.start()

    # Jobs -----------------------------------------------------------------------------------------------------

    def claim_and_run(self) -> bool:
        """Claim the fairest runnable job and run this execution of it to its end. False: there was none."""
        if self.draining.is_set() or not self.free_slots():
            return False
        # Claims wait for one another in the database. If this host is cut off meanwhile, each of its claims in that
        # queue holds all others up until the database gives it up; so there is never more than one.
        with self._claiming:
            lease = leases.claim_next(self.owner)
        if lease is None:
            return False
        self.run(lease)
        return True

    def run(self, lease: Lease, report: Callable[[str], None] | None = None) -> None:
        """Run a claimed job: to its end, or until another execution must continue it."""
        control = Control()
        with self._guard:
            self._running[lease.job_id] = RunningJob(lease.token, control, time.monotonic())
        try:
            self._load_and_execute(lease, control, report)
        finally:
            with self._guard:
                # The job may have been claimed anew on this very host meanwhile.
                if self.tokens().get(lease.job_id) == lease.token:
                    del self._running[lease.job_id]
            connections.close_all()

    def _load_and_execute(self, lease: Lease, control: Control, report: Callable[[str], None] | None) -> None:
        if retry_while_database_is_down(lambda: leases.idle_claims(lease)) > leases.MAX_IDLE_CLAIMS:
            end_as_it_stands(lease, _POISON)
            return
        try:
            snapshot = retry_while_database_is_down(lambda: load_job(lease))
        except CannotContinue as error:
            logger.exception("Job %s cannot be continued by this release.", lease.job_id)
            end_as_it_stands(lease, str(error))
            return
        except Exception:
            leases.give_back(lease, state=JobState.QUEUED, next_after=AFTER_FAULT, at_fault=True)
            raise
        if known := self._running_job(lease.job_id, lease.token):
            known.user_id = snapshot.job.created_by_id
        # The wish may have been uttered before anyone listened.
        self.wish(lease.job_id, lease.token, snapshot.job.wanted)
        control.hear_hints(hints_of(snapshot.job.hints))
        if self.draining.is_set():
            self._loop.call_soon_threadsafe(control.request, Stop.DRAIN)
        tools = retry_while_database_is_down(lambda: tools_of(snapshot.job, self._tools))
        # 200 threads must not each keep a connection of the pool while programs run and models think.
        connection.close()
        if fault := self._fault_of(snapshot.pinned.problem.checker, snapshot.job):
            end_as_it_stands(lease, fault)
            return
        benched: dict[str, Benched] = {}
        running = execute(
            lease=lease,
            snapshot=snapshot,
            writer=self._writer,
            gateway=self._gateway,
            judge=self._judge,
            control=control,
            patience_s=self._patience_s,
            report=report,
            benched=benched,
            permits=self._permits,
            tools=tools,
            leaves_batches=report is None,
        )
        record_outcome_of(lease, asyncio.run_coroutine_threadsafe(running, self._loop))
        if details := {model: each.detail for model, each in benched.items() if each.detail}:
            retry_while_database_is_down(lambda: notify_of_benched(details))

    def _fault_of(self, checker: Checker | None, job: Job) -> str:
        """Return why a job's checker cannot be trusted or run here, before it costs a call.

        If the user gave an example, it should pass.
        """
        example = str(job.options.get("example") or "")
        if checker is None or not (example or checker.trials()):
            return ""
        try:
            judge = self._judge.for_job(str(job.workspace_id), str(job.pk))
            fault = self._on_loop(judge.fault_of(checker, example))
        except ProgramsOff as error:
            return f"The check of this job needs to run code, which this site cannot do safely. The reason: {error}"
        return f"The check of this job cannot be trusted, so the job was ended. {fault}" if fault else ""

    def free_slots(self) -> int:
        """Return how many more jobs may run here."""
        return max(settings.PONDER_JOBS_PER_WORKER - len(self.tokens()), 0)

    def tokens(self) -> dict[uuid.UUID, int]:
        """Return the jobs running here with their fencing tokens."""
        with self._guard:
            return {job_id: running.token for job_id, running in self._running.items()}

    def running_jobs(self) -> dict[uuid.UUID, RunningJob]:
        """Return the jobs running here."""
        with self._guard:
            return dict(self._running)

    def wish(self, job_id: uuid.UUID, token: int, wanted: str) -> None:
        """Pass a user's wish on to the job if it runs here under this token."""
        if wanted in _STOPS:
            self.stop_job(job_id, token, _STOPS[Wanted(wanted)])

    def stop_job(self, job_id: uuid.UUID, token: int | None, stop: Stop) -> None:
        """Stop a job's calls. Does nothing if it does not run here (under this token)."""
        if running := self._running_job(job_id, token):
            self._loop.call_soon_threadsafe(running.control.request, stop)

    def raise_limit(self, job_id: uuid.UUID, token: int | None, limit_nano: int) -> None:
        """Tell a job that runs here (under this token) its budget, which may have grown."""
        if running := self._running_job(job_id, token):
            self._loop.call_soon_threadsafe(running.control.raise_limit, limit_nano)

    def hear_hints(self, job_id: uuid.UUID, token: int | None, count: int) -> None:
        """Tell a job that runs here (under this token) its hints, where there are more than it knows."""
        running = self._running_job(job_id, token)
        if running and count > len(running.control.hints):
            hints = hints_of(Job.objects.values_list("hints", flat=True).get(pk=job_id))
            self._loop.call_soon_threadsafe(running.control.hear_hints, hints)

    def ask_to_give_way(self, job_id: uuid.UUID, token: int) -> None:
        """Ask a job that runs here under this token to end this execution at a quiet point."""
        if running := self._running_job(job_id, token):
            running.gives_way = True
            self._loop.call_soon_threadsafe(running.control.ask_to_give_way)

    def _running_job(self, job_id: uuid.UUID, token: int | None) -> RunningJob | None:
        with self._guard:
            running = self._running.get(job_id)
        return running if running and token in {None, running.token} else None

    def stop_all(self, stop: Stop) -> None:
        """Stop all calls of this process."""
        for job_id, token in self.tokens().items():
            self.stop_job(job_id, token, stop)

    def drain(self) -> None:
        """Claim nothing more and give every job back as soon as its running calls have ended."""
        self.draining.set()
        self.stop_all(Stop.DRAIN)

    def tick(self, then: Callable[[], None]) -> None:
        """Run `then` on the event loop: the heartbeat's proof that it reacts."""
        self._loop.call_soon_threadsafe(then)

    def close(self) -> None:
        """Stop the heartbeat and close every connection; jobs must have ended."""
        self._heartbeat.stop()
        self._listener.cancel()
        self._on_loop(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    # On the loop ----------------------------------------------------------------------------------------------

    async def _open(self) -> tuple[Writer, Gateway, Judge]:
        gateway = LiteLLMGateway(picture_bytes)
        await gateway.warm_up()
        judge = Judge(programs=self._programs, programs_at_once=AT_ONCE)
        return Writer(connection_string()), gateway, judge

    async def _shut(self) -> None:
        await self._permits.close()
        await self._limits.close()
        await self._writer.close()
        await self._gateway.close()
        await self._judge.close()
        self._tools.close()
        self._programs.close()
        if self.program_host:
            self.program_host.close()
        # litellm keeps a logging task of its own on the loop.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _listen(self) -> None:
        """Listen for users' requests and results of programs; what is missed while reconnecting is found by looking."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(connection_string(), autocommit=True) as ear:
                    await ear.execute(f"LISTEN {WANTED_CHANNEL}; LISTEN {RAN_CHANNEL}")
                    async for notice in ear.notifies():
                        if notice.channel == RAN_CHANNEL:
                            self._programs.heard(notice.payload)
                            continue
                        job_id, what, value = notice.payload.split(":")
                        if what == "budget":
                            self.raise_limit(uuid.UUID(job_id), None, int(value))
                        elif what == "hints":
                            self._loop.run_in_executor(None, self._read_hints, uuid.UUID(job_id), int(value))
                        elif value in _STOPS:
                            self.stop_job(uuid.UUID(job_id), None, _STOPS[Wanted(value)])
            except (psycopg.Error, OSError, ValueError):
                await asyncio.sleep(1)

    def _read_hints(self, job_id: uuid.UUID, count: int) -> None:
        try:
            self.hear_hints(job_id, None, count)
        except (DatabaseError, Job.DoesNotExist) as error:
            logger.warning("The hints of job %s are read at the next heartbeat: %s", job_id, error)
        finally:
            connection.close()

    def _on_loop[T](self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()


_POISON = (
    "This job crashed its worker several times without making progress. It was ended with the best "
    "answer it had, and the rest of its budget was returned. Please tell the operator."
)
