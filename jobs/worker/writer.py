"""The group-commit writer: callers await a future, one connection commits whatever has gathered, one fsync a batch.

A batch is one statement, `jobs_write` (jobs/models/sql/write.sql): what a statement costs to send is paid once for all
acts of the batch. Acts must be idempotent: a batch whose commit may or may not have been applied is sent again. Acts of
one job happen in the order in which they were handed in, and their futures resolve in that order.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

logger = logging.getLogger(__name__)

_MAX_BATCH = 256
_MAX_BATCH_CHARS = 8_000_000
"""Replies can be long, and PostgreSQL takes 256 MB of JSON at most."""
_RECONNECT_FIRST_S = 0.1
_RECONNECT_MAX_S = 5.0
# Classes of SQLSTATE: connection, transaction rollback, insufficient resources, operator intervention, system error.
_PASSING = frozenset({"08", "40", "53", "57", "58"})


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a job's journal under a lease, as `jobs_write` takes it; `text` is all of it as JSON."""

    name: str
    job_id: UUID
    token: int
    data: Mapping[str, Any]
    text: str
    done: "asyncio.Future[Any]"


class Writer:
    """Commits acts in groups. Belongs to one event loop."""

    def __init__(self, connection_string: str) -> None:
        self._connection_string = connection_string
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._queue: asyncio.Queue[Act | None] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._work(), name="writer")

    async def write(self, name: str, job_id: UUID, token: int, data: Mapping[str, Any]) -> Any:
        """Carry out one act, durably; return its outcome.

        A batch takes the locks of jobs in the order of their ids, as every other transaction does, so that none waits
        for the other for ever.
        """
        text = json.dumps((name, str(job_id), token, data), separators=(",", ":"))
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(Act(name, job_id, token, data, text, done))
        # A caller that gives up cancels the future alone: the act may be in the batch being committed.
        return await done

    async def flush(self) -> None:
        """Wait until everything handed in so far is committed."""
        await self._queue.join()

    async def close(self) -> None:
        """Commit what is queued, then close the connection."""
        self._queue.put_nowait(None)
        await self._task

    async def _work(self) -> None:
        closing = False
        while not closing:
            batch: list[Act] = []
            chars, taken = 0, 0
            item = await self._queue.get()
            while True:
                taken += 1
                if item is None:
                    closing = True
                else:
                    batch.append(item)
                    chars += len(item.text)
                full = len(batch) >= _MAX_BATCH or chars >= _MAX_BATCH_CHARS
                if closing or full or self._queue.empty():
                    break
                item = self._queue.get_nowait()
            if batch:
                await self._commit(sorted(batch, key=lambda act: act.job_id))
            for _ in range(taken):
                self._queue.task_done()
        if self._connection:
            await self._connection.close()

    async def _commit(self, batch: list[Act]) -> None:
        """Commit a batch, for as long as it takes; an error in an act reaches its own caller only."""
        pause_s = _RECONNECT_FIRST_S
        while True:
            try:
                values = await self._send(batch)
            except Exception as error:  # noqa: BLE001  (the writer must outlive any act)
                if not _may_pass(error):
                    await self._drop_connection()
                    await self._refuse(batch, error)
                    return
                logger.warning("The database does not answer (%s); trying again in %.1f s.", error, pause_s)
                await self._drop_connection()
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _RECONNECT_MAX_S)
            else:
                for act, value in zip(batch, values, strict=True):
                    if not act.done.cancelled():
                        act.done.set_result(value)
                return

    async def _refuse(self, batch: list[Act], error: Exception) -> None:
        """Commit the acts of a broken batch one by one; the one at fault fails alone."""
        if len(batch) > 1:
            for act in batch:
                await self._commit([act])
        elif not batch[0].done.cancelled():
            batch[0].done.set_exception(error)

    async def _send(self, batch: list[Act]) -> Sequence[Any]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._connection_string, autocommit=True)
        connection = self._connection
        acts = "[" + ",".join(act.text for act in batch) + "]"
        async with connection.pipeline(), connection.transaction():
            cursor = await connection.execute("SELECT jobs_write(%s::jsonb)", (acts,), prepare=True)
        row = await cursor.fetchone()
        assert row is not None, "a function returns"
        outcomes: Sequence[Any] = row[0]
        return outcomes

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            try:
                await connection.close()
            except psycopg.Error:
                logger.debug("Closing a broken connection failed.", exc_info=True)


def _may_pass(error: Exception) -> bool:
    """Tell whether sending again may help: a lost or restarting server, a deadlock; not a fault of the statement."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return error.sqlstate is None or error.sqlstate[:2] in _PASSING
    return isinstance(error, OSError)
