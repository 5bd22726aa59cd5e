"""The group-commit writer: callers await a future, one connection commits whatever has gathered, one fsync a batch.

Statements must be idempotent: a batch whose commit may or may not have been applied is sent again. Statements of one
group run in the order in which they were handed in, and their futures resolve in that order.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

logger = logging.getLogger(__name__)

_MAX_BATCH = 256
_RECONNECT_FIRST_S = 0.1
_RECONNECT_MAX_S = 5.0
# Classes of SQLSTATE: connection, transaction rollback, insufficient resources, operator intervention, system error.
_PASSING = frozenset({"08", "40", "53", "57", "58"})


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    parameters: Sequence[Any]
    group: str
    done: "asyncio.Future[Any]"


class Writer:
    """Commits statements in groups. Belongs to one event loop."""

    def __init__(self, connection_string: str) -> None:
        self._connection_string = connection_string
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._queue: asyncio.Queue[_Statement | None] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._work(), name="writer")

    async def execute(self, sql: str, parameters: Sequence[Any], *, group: str) -> Any:
        """Run a statement that returns one value, durably; return the value.

        `group` names the row that the statement locks first: a batch takes its locks in the order of groups, as every
        other transaction does, so that none waits for the other for ever. Within a group the order is kept.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Statement(sql, parameters, group, done))
        # A caller that gives up must not take the statement with it: it may be in the batch being committed.
        return await asyncio.shield(done)

    async def close(self) -> None:
        """Commit what is queued, then close the connection."""
        self._queue.put_nowait(None)
        await self._task

    async def _work(self) -> None:
        closing = False
        while not closing:
            batch: list[_Statement] = []
            item = await self._queue.get()
            while True:
                if item is None:
                    closing = True
                else:
                    batch.append(item)
                if closing or len(batch) >= _MAX_BATCH or self._queue.empty():
                    break
                item = self._queue.get_nowait()
            if batch:
                await self._commit(sorted(batch, key=lambda statement: statement.group))
        if self._connection:
            await self._connection.close()

    async def _commit(self, batch: list[_Statement]) -> None:
        """Commit a batch, for as long as it takes; an error in a statement reaches its own caller only."""
        pause_s = _RECONNECT_FIRST_S
        while True:
            try:
                values = await self._send(batch)
            except Exception as error:  # noqa: BLE001  (the writer must outlive any statement)
                if not _may_pass(error):
                    await self._drop_connection()
                    await self._refuse(batch, error)
                    return
                logger.warning("The database does not answer (%s); trying again in %.1f s.", error, pause_s)
                await self._drop_connection()
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _RECONNECT_MAX_S)
            else:
                for statement, value in zip(batch, values, strict=True):
                    if not statement.done.cancelled():
                        statement.done.set_result(value)
                return

    async def _refuse(self, batch: list[_Statement], error: Exception) -> None:
        """Commit the statements of a broken batch one by one; the one at fault fails alone."""
        if len(batch) > 1:
            for statement in batch:
                await self._commit([statement])
        elif not batch[0].done.cancelled():
            batch[0].done.set_exception(error)

    async def _send(self, batch: list[_Statement]) -> list[Any]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._connection_string, autocommit=True)
        connection = self._connection
        cursors: list[psycopg.AsyncCursor[Any]] = []
        async with connection.pipeline(), connection.transaction():
            for statement in batch:
                cursor = connection.cursor()
                await cursor.execute(statement.sql, statement.parameters, prepare=True)
                cursors.append(cursor)
        values = []
        for cursor in cursors:
            row = await cursor.fetchone()
            values.append(row[0] if row else None)
        return values

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
