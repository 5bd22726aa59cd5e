"""The child's side of a pool: serves requests within limits, and may be killed at any moment.

Protocol, one JSON document per line. The child says `{"ready": true}` once after its imports; then the parent
sends a request and the child says its replies.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

MEMORY_ABOVE_START_BYTES = 1 << 30
_PR_SET_PDEATHSIG = 1

type Handler = Callable[[dict[str, Any]], Iterator[dict[str, Any]]]


def serve(load: Callable[[], Handler]) -> None:
    """Serve requests from standard input until it closes, with the handler that `load` imports.

    Arguments of the program: the parent's id and the CPU seconds of a request.
    """
    parent, cpu_s = int(sys.argv[1]), float(sys.argv[2])
    _die_with(parent)
    # A Ctrl-C for the whole terminal must not cost what the parent still waits for.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    replies = _private_stdout()
    handle = load()
    limit_memory()
    _say(replies, {"ready": True})
    for line in sys.stdin:
        _limit_cpu(cpu_s)
        for reply in handle(json.loads(line)):
            _say(replies, reply)


def _say(replies: TextIO, message: dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def _private_stdout() -> TextIO:
    """Keep the real standard output for replies; whatever a library prints goes nowhere."""
    replies = os.fdopen(os.dup(1), "w", encoding="ascii")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return replies


def _die_with(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies, even in the middle of a computation."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def limit_memory() -> None:
    """Allow this process a gigabyte of address space more than it has now."""
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  # one read, no pathlib at start
            used = int(statm.read().split()[0]) * resource.getpagesize()
        most = used + MEMORY_ABOVE_START_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_cpu(cpu_s: float) -> None:
    """Allow this process `cpu_s` seconds of CPU from now on; beyond, the kernel kills it.

    A timer rather than RLIMIT_CPU, which counts in whole seconds.
    """
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
