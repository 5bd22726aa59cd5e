"""Programs as the workers of jobs have them run: a row, a bell for a sandbox worker, and the wait for the result.

The result is announced by NOTIFY. What is lost costs seconds: each wait looks at its row every `LOOK_S` seconds, and
rings again where nobody has taken it.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

from django.db import connection

from jobs.worker.programs import rows as program_rows
from jobs.worker.programs.rows import Asked
from jobs.worker.programs.sandboxed import TURNED_OFF
from jobs.worker.programs.texts import digest_of, read_result, written
from jobs.worker.retry import retry_while_database_is_down
from solver.core.programs import Asker, FunctionCall, Program, ProgramsOff, Ran

LOOK_S = 2.0
PATIENCE_S = 60.0
"""So long nobody takes any program before one that waits is given up. A sandbox worker's start takes half of that."""
AT_ONCE = 16
"""So many programs of one worker wait at the sandbox workers; the next ones take turns by workspace before that."""
_NOBODY = "No sandbox worker of this site has taken a program for {seconds:.0f} seconds. The operator can start one."
_OVER = "Its job has ended."
_DATABASE_THREADS = 2


class QueuedPrograms:
    """Has programs run by sandbox workers. Belongs to one event loop; `ring` may block and returns whether it rang."""

    def __init__(
        self,
        asked_by: str,
        *,
        ring: Callable[[UUID], bool],
        is_on: Callable[[], bool] = lambda: True,
        patience_s: float = PATIENCE_S,
        look_s: float = LOOK_S,
    ) -> None:
        """Ask in the name of `asked_by`; nothing while `is_on` says no."""
        self._asked_by = asked_by
        self._ring = ring
        self._is_on = is_on
        self._patience_s = patience_s
        self._look_s = look_s
        self._threads = ThreadPoolExecutor(_DATABASE_THREADS, thread_name_prefix="program-rows")
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._gave_up_at_s = float("-inf")

    async def run(self, wanted: Program | FunctionCall, asker: Asker, /) -> Ran:
        """Have it run and return what came of it. Raises ProgramsOff, also where nobody runs programs."""
        if not self._is_on():
            raise ProgramsOff(TURNED_OFF)
        run_id = await self._in_thread(
            partial(
                program_rows.ask,
                job_id=UUID(asker.job),
                sha256=digest_of(wanted),
                asked_by=self._asked_by,
                wanted=written(wanted),
            )
        )
        if run_id is None:
            raise ProgramsOff(_OVER)
        ended = await self._end_of(run_id)
        if not ended.was_run:
            raise ProgramsOff(ended.result)
        self._gave_up_at_s = float("-inf")
        return read_result(ended.result, ran_for=ended.wanted, wanted=wanted)

    def heard(self, payload: str) -> None:
        """Take note that a run, named as NOTIFY brings it, has ended. On the loop alone."""
        for news in self._waiting.get(UUID(payload), ()):
            news.set()

    def close(self) -> None:
        """Ask for no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _end_of(self, run_id: UUID) -> Asked:
        """Wait for the end of a run. Raises ProgramsOff where its row is gone."""
        news = asyncio.Event()
        self._waiting[run_id].add(news)
        rings_since_s = time.monotonic()
        try:
            while True:
                news.clear()
                run = await self._in_thread(partial(program_rows.look, run_id))
                if run is None:
                    raise ProgramsOff(_OVER)
                if run.has_ended:
                    return run
                if run.is_free:
                    if not await self._in_thread(partial(self._ring, run_id)):
                        # Nobody can hear that there is something to run, so nobody is silent.
                        rings_since_s = time.monotonic()
                    if min(run.silent_s, time.monotonic() - rings_since_s) > self._patience_left_s():
                        self._gave_up_at_s = time.monotonic()
                        why = _NOBODY.format(seconds=self._patience_s)
                        await self._in_thread(partial(program_rows.give_up, run_id, why))
                        continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), self._look_s)
        finally:
            self._waiting[run_id].discard(news)
            if not self._waiting[run_id]:
                del self._waiting[run_id]

    def _patience_left_s(self) -> float:
        """Return how long to wait for a sandbox worker: where none came just now, only for a sign of life."""
        gave_up_just_now = time.monotonic() - self._gave_up_at_s < self._patience_s
        return self._look_s if gave_up_just_now else self._patience_s

    async def _in_thread[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _done, work)


def _done[T](work: Callable[[], T]) -> T:
    try:
        return retry_while_database_is_down(work)
    finally:
        connection.close()  # back into the pool: these threads live as long as the process
