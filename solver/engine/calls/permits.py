"""Permits to call a model: calls wait here until the limit that all workers share allows them."""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from solver.core.errors import ErrorCategory, ModelSuspended, ProviderError
from solver.engine.calls.concurrency import LEASE_S, ModelLimit, Refusal, Report

_LOOK_AGAIN_S = 0.25
"""How often calls that wait look whether another worker's have ended."""
_RENEWS_S = LEASE_S / 3
_GATHERS_S = 0.005
"""For how long reports are gathered into one."""
LONGEST_WAIT_S = 120.0
"""A model whose provider wants to be left alone for longer is taken for suspended."""


class LimitStore(Protocol):
    """Keeps the limits of models: of this process, or of all workers."""

    async def change[T](self, model: str, change: Callable[[ModelLimit, float], T]) -> T:
        """Change the limit of a model as `change` does, given the moment on the store's clock; return what that does.

        `change` may be called several times; the last time counts.
        """
        ...


class LocalLimits(LimitStore):
    """The limits of one process, for itself."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.limits: dict[str, ModelLimit] = {}

    async def change[T](self, model: str, change: Callable[[ModelLimit, float], T]) -> T:
        """Change the limit of a model."""
        return change(self.limits.setdefault(model, ModelLimit()), self._clock())


class Permit:
    """One call that may be made. It ends once: by its reply, its error or neither, with its block at the latest."""

    def __init__(self, lane: "_Lane | None" = None, job: str = "") -> None:
        """Without a lane it is one that nobody counts."""
        self._lane, self._job = lane, job
        self._began_s = lane.now_s if lane else 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def answered(self) -> None:
        """Note that the provider answered."""
        self._end(answered=True)

    def failed(self, error: ProviderError, *, closes: bool = True) -> None:
        """Note that the provider did not answer; where it had no room, the limit is cut.

        `closes`: all calls wait for as long as it wants to be left alone.
        """
        refusal = None
        if error.category in {ErrorCategory.BUSY, ErrorCategory.OVERLOADED}:
            refusal = Refusal(self._began_s, (error.retry_after_s or 0.0) if closes else 0.0)
        self._end(refusal=refusal)

    def end(self) -> None:
        """Note that nothing is known of how it ended; does nothing where it ended already."""
        self._end()

    def _end(self, *, answered: bool = False, refusal: Refusal | None = None) -> None:
        lane, self._lane = self._lane, None
        if lane:
            lane.ended(self._job, answered=answered, refusal=refusal)


class Permits:
    """Gives permits to the jobs of one process. Belongs to one event loop."""

    def __init__(self, store: LimitStore, host: str) -> None:
        """`host` names this process among those that share the store."""
        self._store, self._host = store, host
        self._lanes: dict[str, _Lane] = {}

    async def take(self, model: str, job: str, most: int = 0) -> Permit | None:
        """Wait for a job's permit to call a model; None: `give_up` was called meanwhile.

        `most`: as many calls its server answers at a time; 0: not known.

        Raises ModelSuspended where the provider wants to be left alone for long.
        """
        lane = self._lanes.get(model)
        if lane is None:
            lane = self._lanes[model] = _Lane(model, self._store, self._host)
        lane.most = most
        return await lane.take(job)

    def give_up(self, job: str) -> None:
        """Let the calls of a job wait no longer: they are not made."""
        for lane in self._lanes.values():
            lane.give_up(job)

    async def close(self) -> None:
        """Report that nothing is under way any more; the calls must have ended."""
        for lane in self._lanes.values():
            await lane.close()


class _Lane:
    """The calls of one process to one model."""

    def __init__(self, model: str, store: LimitStore, host: str) -> None:
        self._model, self._store, self._host = model, store, host
        self._waiting: dict[str, deque[asyncio.Future[Permit | None]]] = {}
        self._under_way: Counter[str] = Counter()
        self._answered = 0
        self._refused: list[Refusal] = []
        self._stir = asyncio.Event()
        self._reporter: asyncio.Task[None] | None = None
        self._closing = False
        self.most = 0
        self.now_s = 0.0
        """The store's clock at the last report."""

    async def take(self, job: str) -> Permit | None:
        """Wait for a permit. Raises ModelSuspended."""
        mine: asyncio.Future[Permit | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job, deque()).append(mine)
        self._report_soon()
        try:
            return await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled() and (permit := mine.result()):
                permit.end()
            raise

    def give_up(self, job: str) -> None:
        """End the waiting of a job's calls."""
        for each in self._waiting.pop(job, ()):
            if not each.done():
                each.set_result(None)

    def ended(self, job: str, *, answered: bool, refusal: Refusal | None) -> None:
        """Note that a call ended, and how."""
        self._under_way[job] -= 1
        if not self._under_way[job]:
            del self._under_way[job]
        self._answered += answered
        if refusal:
            self._refused.append(refusal)
        self._report_soon()

    async def close(self) -> None:
        """Report that nothing is under way any more, and no more after that."""
        if self._reporter:
            self._closing = True
            self._stir.set()
            await asyncio.gather(self._reporter, return_exceptions=True)
            self._under_way.clear()
            self._waiting.clear()
            await self._report()

    def _report_soon(self) -> None:
        self._stir.set()
        if self._reporter is None or self._reporter.done():
            self._reporter = asyncio.get_running_loop().create_task(self._keep_reporting())

    async def _keep_reporting(self) -> None:
        """Report until nothing is under way and nothing waits."""
        while not self._closing and (self._stir.is_set() or self._wanted() or self._under_way.total()):
            self._stir.clear()
            await asyncio.sleep(_GATHERS_S)
            try:
                await self._report()
            except Exception as error:
                self._end_waiting(error)
                raise
            pause_s = _LOOK_AGAIN_S if self._wanted() else _RENEWS_S
            if self._wanted() or self._under_way.total():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stir.wait(), pause_s)

    async def _report(self) -> None:
        report = Report(+self._under_way, self._wanted(), self._answered, tuple(self._refused), self.most)
        self._answered, self._refused = 0, []

        def change(limit: ModelLimit, now_s: float) -> tuple[dict[str, int], float, float]:
            return limit.tell(self._host, report, now_s), now_s, limit.closed_until_s - now_s

        granted, self.now_s, closed_s = await self._store.change(self._model, change)
        unused = sum(self._begin(job, count) for job, count in granted.items())
        if unused:
            # Given up meanwhile: others may have the place.
            self._stir.set()
        if closed_s > LONGEST_WAIT_S:
            self._suspend(closed_s)

    def _begin(self, job: str, count: int) -> int:
        """Let so many calls of a job begin; return how many of them nobody waits for any more."""
        waiting = self._waiting.get(job, deque())
        while count and waiting:
            mine = waiting.popleft()
            if not mine.done():
                self._under_way[job] += 1
                mine.set_result(Permit(self, job))
                count -= 1
        return count

    def _suspend(self, closed_s: float) -> None:
        """End all waiting: it would take too long."""
        why = f"The provider of {self._model} wants no calls for another {closed_s / 60:.0f} minutes."
        self._end_waiting(ModelSuspended(why))

    def _end_waiting(self, error: Exception) -> None:
        for each in (each for waiting in self._waiting.values() for each in waiting if not each.done()):
            each.set_exception(error)
        self._waiting.clear()

    def _wanted(self) -> dict[str, int]:
        self._waiting = {
            job: kept
            for job, waiting in self._waiting.items()
            if (kept := deque(each for each in waiting if not each.done()))
        }
        return {job: len(waiting) for job, waiting in self._waiting.items()}
