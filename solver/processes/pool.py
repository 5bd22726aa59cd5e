"""A small pool of killable processes that read hostile text.

Each child is a fresh interpreter (nothing of the caller's memory, no secret of its environment), started at
the first need and ended after a while without work. A request that overruns costs its child's worker, a fork
(child.py), never a process of the pool's.

Limits are of CPU time: on a busy machine a request takes longer and is read all the same. Wall time has a limit
of its own far behind, for a child that hangs without computing.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from solver.processes.child import BEGAN, READY

START_LIMIT_S = 90.0
_WALL_PER_CPU = 8
"""A busy machine may give a child so small a share of a core."""
_ROOT = str(Path(__file__).resolve().parent.parent.parent)


class ProcessPool:
    """Up to `size` children; requests wait for a free one in the order in which they came.

    A child runs `main()` of `module`, which calls `solver.processes.child.serve`.
    """

    def __init__(
        self, module: str, *, size: int, cpu_limit_s: float, idle_s: float, max_reply_bytes: int = 1 << 20
    ) -> None:
        """Allow a request `cpu_limit_s` seconds of CPU, and eight times as long in all; end a child idle for `idle_s`."""
        self._idle_s = idle_s
        self._free = asyncio.LifoQueue[_Child]()
        self._children = [_Child(module, cpu_limit_s, max_reply_bytes) for _ in range(size)]
        for child in self._children:
            self._free.put_nowait(child)

    async def ask(self, request: Mapping[str, Any], *, replies: int = 1) -> list[dict[str, Any]]:
        """Return a child's replies to a request: fewer than asked for where it overruns or dies."""
        async with self._child() as child:
            return await child.ask(request, replies)

    async def close(self) -> None:
        """End every child, whatever it is doing."""
        for child in self._children:
            await child.end()

    @contextlib.asynccontextmanager
    async def _child(self) -> AsyncIterator["_Child"]:
        child = await self._free.get()
        child.stay()
        try:
            yield child
        finally:
            child.leave_after(self._idle_s)
            self._free.put_nowait(child)


class _Child:
    """One process of the pool, or the place of one. Used by one request at a time."""

    def __init__(self, module: str, cpu_limit_s: float, max_reply_bytes: int) -> None:
        self._module = module
        self._cpu_limit_s = cpu_limit_s
        self._max_reply_bytes = max_reply_bytes
        self._process: asyncio.subprocess.Process | None = None
        self._leave: asyncio.TimerHandle | None = None
        self._dying: set[asyncio.Task[int]] = set()

    async def ask(self, request: Mapping[str, Any], replies: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        is_usable = False
        try:
            process = await self._ready()
            assert process.stdin is not None  # both are pipes, see _start
            process.stdin.write(json.dumps(request).encode() + b"\n")
            async with asyncio.timeout(self._cpu_limit_s * _WALL_PER_CPU):
                await self._hear(process, found, replies)
            is_usable = True
        except (TimeoutError, EOFError, OSError, ValueError):
            return found
        finally:
            # Also when this task is cancelled: nobody computes what nobody waits for.
            if not is_usable:
                self._kill()
        return found

    def stay(self) -> None:
        if self._leave is not None:
            self._leave.cancel()
            self._leave = None

    def leave_after(self, idle_s: float) -> None:
        if self._process is not None:
            self._leave = asyncio.get_running_loop().call_later(idle_s, self._kill)

    async def end(self) -> None:
        self.stay()
        self._kill()
        if self._dying:
            await asyncio.wait(self._dying)

    async def _ready(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = await self._start()
        async with asyncio.timeout(START_LIMIT_S):
            await self._line(self._process)
        return self._process

    async def _start(self) -> asyncio.subprocess.Process:
        boot = f"import sys; sys.path.insert(0, sys.argv.pop()); from {self._module} import main; main()"
        environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", boot, str(os.getpid()), str(self._cpu_limit_s), _ROOT,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=environment, limit=self._max_reply_bytes, close_fds=True,
        )  # fmt: skip

    async def _hear(
        self, process: asyncio.subprocess.Process, found: list[dict[str, Any]], replies: int
    ) -> None:
        """Add the replies to a request to what was found, until there are so many or the worker has died of it."""
        has_begun = False
        while len(found) < replies:
            said = await self._line(process)
            if said == BEGAN:
                has_begun = True
            elif said != READY:
                found.append(said)
            elif has_begun:
                return

    async def _line(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None  # a pipe, see _start
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the child ended")
        said: dict[str, Any] = json.loads(line)
        return said

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        # Reaped in the background; `end` waits for it, so that no pipe outlives the event loop.
        reaper = asyncio.ensure_future(process.wait())
        self._dying.add(reaper)
        reaper.add_done_callback(self._dying.discard)
