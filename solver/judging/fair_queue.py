"""Turns at something scarce, fairly among those who want it: nobody waits behind all that another one asked for."""

import asyncio
import contextlib
import itertools
from collections import Counter, deque
from collections.abc import AsyncIterator


class FairQueue:
    """Gives at most `slots` turns at a time; the next one goes to whom has the fewest, then to whom waited longest."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._at_work: Counter[str] = Counter()
        self._last_turn: dict[str, int] = {}
        self._turns = itertools.count(1)
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @contextlib.asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        """Wait for a turn of `owner`, and end it with the block."""
        ready = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(ready)
        self._give()
        try:
            await ready
            yield
        finally:
            # Cancelled while it waited, it leaves the queue; with the turn given, it hands it on.
            if ready.done() and not ready.cancelled():
                self._free += 1
                self._at_work[owner] -= 1
            self._forget(owner, ready)
            self._give()

    def _give(self) -> None:
        while self._free and self._waiting:
            owner = min(self._waiting, key=lambda each: (self._at_work[each], self._last_turn.get(each, 0)))
            ready = self._waiting[owner].popleft()
            if not self._waiting[owner]:
                del self._waiting[owner]
            if not ready.done():
                self._free -= 1
                self._at_work[owner] += 1
                self._last_turn[owner] = next(self._turns)
                ready.set_result(None)

    def _forget(self, owner: str, ready: asyncio.Future[None]) -> None:
        queue = self._waiting.get(owner)
        if queue is not None and ready in queue:
            queue.remove(ready)
            if not queue:
                del self._waiting[owner]
        if owner not in self._waiting and not self._at_work[owner]:
            del self._at_work[owner]
            self._last_turn.pop(owner, None)
