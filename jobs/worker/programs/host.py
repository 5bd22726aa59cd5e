"""The sandbox worker of a process: takes programs that jobs want run, runs them and answers."""

import logging
import os
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connection

from jobs.core.code_checks import leave_word
from jobs.worker.programs import rows as program_rows
from jobs.worker.programs.rows import Taken
from jobs.worker.programs.sandboxed import SandboxPrograms
from jobs.worker.programs.texts import read, without_files, written_result
from solver.core.programs import ProgramsOff

logger = logging.getLogger(__name__)

DEADLY = (
    f"It was not run again, because its sandbox worker died {program_rows.MOST_TAKEN} times while it ran."
)


class ProgramHost:
    """Runs programs of any job, or of those of one worker alone; at most `PONDER_PROGRAMS_AT_ONCE` at a time.

    Idle it costs nothing: it looks for programs only when a bell rings.
    """

    def __init__(self, *, only_of: str = "", stopping: threading.Event | None = None) -> None:
        """Take programs that the worker `only_of` asked for, if it is named; none once `stopping` is set."""
        at_once = settings.PONDER_PROGRAMS_AT_ONCE
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self._only_of = only_of
        self._stopping = stopping or threading.Event()
        self._turns = threading.BoundedSemaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="programs")
        self._bells = 0
        self.programs = SandboxPrograms(at_once=at_once, is_on=lambda: settings.PONDER_RUN_CODE)

    def ring(self, _: uuid.UUID) -> bool:
        """Run what waits, on a thread of this host: the bell of a process without Celery."""
        self._threads.submit(self.run_waiting)
        return True

    def run_waiting(self) -> None:
        """Run programs until none waits; at once where as many threads as may are at it already."""
        self._bells += 1
        while not self._stopping.is_set():
            # A bell that finds all turns taken may ring after the last look of those who have them: they look again.
            heard = self._bells
            if not self._turns.acquire(blocking=False):
                return
            try:
                while self._run_next():
                    pass
            finally:
                connection.close()
                self._turns.release()
            if heard == self._bells:
                return

    def test(self) -> None:
        """Test whether this machine can run code safely, and leave word of it for the pages. Blocks for seconds."""
        if settings.PONDER_RUN_CODE:
            found = self.programs.availability()
            leave_word(programs=found.programs, calls=found.calls, why_off=found.why_off)

    def close(self) -> None:
        """Take no more; what runs ends within its limits."""
        self._stopping.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.programs.close()

    def _run_next(self) -> bool:
        if self._stopping.is_set():
            return False
        taken = program_rows.take(owner=self._owner, only_of=self._only_of)
        # Others may need a connection of the pool while this thread waits for a program.
        connection.close()
        if taken is None:
            return False
        try:
            self._run(taken)
        except ProgramsOff as error:
            program_rows.refuse(taken.id, str(error))
        return True

    def _run(self, taken: Taken) -> None:
        """Run a program and answer. Raises ProgramsOff."""
        if taken.times_taken > program_rows.MOST_TAKEN:
            raise ProgramsOff(DEADLY)
        wanted = read(taken.wanted)
        ran = self.programs.run_here(wanted)
        program_rows.answer(
            taken.id,
            ran_for=without_files(wanted),
            result=written_result(ran),
            cpu_ms=round(ran.cpu_s * 1_000),
            wall_ms=round(ran.wall_s * 1_000),
            had_time=ran.ending != "time",
        )
