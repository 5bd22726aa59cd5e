"""Watches a sandboxed process from outside: reads what it writes, within bounds, and ends it at its limits.

Nothing is believed that the process could say: its size, threads and files are read from the host's /proc.
"""

import contextlib
import json
import os
import select
import selectors
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandbox.request import Ending, Limits

_LOOK_S = 0.05
_READ_BYTES = 64 << 10
_LEAVE_S = 10.0
"""So long bwrap may take to leave after the process inside has ended."""


@dataclass(slots=True)
class Watched:
    """What was seen of a run. `ending` is None where nobody ended it."""

    has_started: bool = False
    exit: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_memory_bytes: int = 0
    ending: Ending | None = None


@dataclass(slots=True)
class _Inner:
    """The process inside, which is the first of its namespace, and a handle on it that no other process can take."""

    pid: int
    handle: int
    has_begun: bool = False

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class _Until:
    """How long a run may go on."""

    limits: Limits
    end_s: float
    is_over: threading.Event | None

    def reached(self, now_s: float) -> Ending | None:
        """Return the ending of a run that has no more time, or is not wanted any more."""
        if self.is_over is not None and self.is_over.is_set():
            return Ending.FINISHED
        return Ending.TIME if now_s >= self.end_s else None


def watch(
    process: subprocess.Popen[bytes],
    info: IO[bytes],
    limits: Limits,
    began_s: float,
    is_over: threading.Event | None = None,
) -> Watched:
    """Watch a bwrap process until it ends, and reap it. `info` is what `--info-fd` writes to.

    It is ended, as if by itself, once `is_over` is set.
    """
    seen = Watched()
    inner = None
    try:
        pid = _pid_inside(info, limits.wall_s)
        seen.has_started = pid is not None
        inner = _inner(pid) if pid is not None else None
        _follow(process, inner, _Until(limits, began_s + limits.wall_s, is_over), seen)
    finally:
        # Whatever happened here, the process does not outlive its watch.
        if inner is not None:
            inner.end()
            os.close(inner.handle)
        elif not (seen.has_started and _has_left(process.pid, _LEAVE_S)):
            # Not `process.kill()`, which would reap it if it has ended.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        _reap(process, seen)
        seen.wall_s = time.monotonic() - began_s
    return seen


def _follow(process: subprocess.Popen[bytes], inner: _Inner | None, until: _Until, seen: Watched) -> None:
    """Read both outputs until they close, or until a limit is passed."""
    assert process.stdout is not None  # both are pipes, see the caller
    assert process.stderr is not None
    outputs: dict[int, bytearray] = {}
    limits, next_look_s = until.limits, 0.0
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            outputs[pipe.fileno()] = bytearray()
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map() and seen.ending is None:
            now_s = time.monotonic()
            seen.ending = until.reached(now_s)
            if seen.ending is None and inner is not None and now_s >= next_look_s:
                seen.ending = _look(inner, limits, seen)
                next_look_s = now_s + _LOOK_S
            for key, _ in selector.select(min(_LOOK_S, max(until.end_s - now_s, 0))):
                chunk = os.read(key.fd, _READ_BYTES)
                outputs[key.fd] += chunk
                if not chunk:
                    selector.unregister(key.fileobj)
                if len(outputs[key.fd]) > limits.output_bytes:
                    seen.ending = Ending.OUTPUT
    seen.stdout, seen.stderr = (bytes(output[: limits.output_bytes]) for output in outputs.values())
    # With both outputs closed it may still work.
    while inner is not None and seen.ending is None and not _has_ended(inner, _LOOK_S):
        seen.ending = until.reached(time.monotonic()) or _look(inner, limits, seen)


def _pid_inside(info: IO[bytes], wait_s: float) -> int | None:
    """Return the id of the process that bwrap made, None where it made none within the time."""
    if not _readable(info.fileno(), wait_s):
        return None
    # Bubblewrap writes this at once and closes the pipe.
    written = info.read()
    return int(json.loads(written)["child-pid"]) if written.strip() else None


def _inner(pid: int) -> _Inner | None:
    """Return a handle on the process inside, None where it has ended already."""
    try:
        return _Inner(pid, os.pidfd_open(pid))
    except ProcessLookupError:
        return None


def _look(inner: _Inner, limits: Limits, seen: Watched) -> Ending | None:
    """Look at size, threads and files; return which limit is passed."""
    here = Path(f"/proc/{inner.pid}")
    try:
        lines = (here / "status").read_text(encoding="utf-8", errors="replace").splitlines()
        values = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        if "VmHWM" in values:
            seen.peak_memory_bytes = max(seen.peak_memory_bytes, int(values["VmHWM"][0]) << 10)
        if int(values["Threads"][0]) > limits.threads:
            return Ending.KILLED
        if (here / "root").samefile("/"):
            return None  # it is not yet in its own world
        disk = os.statvfs(here / "root" / "work")
    except (FileNotFoundError, ProcessLookupError):
        return None  # it has not begun, or has just ended
    except PermissionError:
        # While bwrap builds its world nobody may look; later, what cannot be watched does not run.
        return Ending.KILLED if inner.has_begun else None
    inner.has_begun = True
    return Ending.KILLED if disk.f_files - disk.f_ffree > limits.files else None


def _has_ended(inner: _Inner, wait_s: float) -> bool:
    return _readable(inner.handle, wait_s)


def _has_left(pid: int, wait_s: float) -> bool:
    """Tell whether a child of this process, not reaped yet, has ended."""
    handle = os.pidfd_open(pid)
    try:
        return _readable(handle, wait_s)
    finally:
        os.close(handle)


def _readable(descriptor: int, wait_s: float) -> bool:
    """Tell whether a descriptor, of any number, becomes readable within the time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(wait_s * 1000))


def _reap(process: subprocess.Popen[bytes], seen: Watched) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = seen.exit = os.waitstatus_to_exitcode(status)
    if seen.exit < 0:
        seen.exit = 128 - seen.exit
    seen.cpu_s = used.ru_utime + used.ru_stime
