"""Run a model's server as a child process for as long as a block lasts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demo_model.parent import PARENT

START_SECONDS: Final = 30
STOP_SECONDS: Final = 5


@dataclass(frozen=True)
class Running:
    """A server that is ready."""

    socket: Path
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether the server still runs."""
        return self.process.returncode is None


@contextlib.asynccontextmanager
async def running(
    model: str,
    socket: Path,
    *,
    slots: int | None = None,
    options: Sequence[str] = (),
    start_s: float = START_SECONDS,
) -> AsyncIterator[Running]:
    """Start the server of one model on a Unix socket, wait until it is ready, stop it after.

    `options` are further words of its command line. Raises RuntimeError where it does not start in time.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "demo_model.server"),
        *("--model", model, "--socket", str(socket), *options),
        *(() if slots is None else ("--slots", str(slots))),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, PARENT: str(os.getpid())},
    )
    try:
        assert process.stdout is not None  # asked for above
        line = b""
        with contextlib.suppress(TimeoutError):
            line = await asyncio.wait_for(process.stdout.readline(), start_s)
        if line.strip() != b"ready":
            raise RuntimeError(f"The server of '{model}' did not start; its message is above.")
        yield Running(socket, process)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
