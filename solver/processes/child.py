"""The child's side of a pool: serves requests within limits, and may be killed at any moment.

A child is two processes. The first, the template, imports what is needed and then only waits; it forks the second, the
worker, which serves, and forks another when that one dies. So a request that overruns costs no second start.

Protocol, one JSON document per line. The template says READY before each fork. Then the parent sends requests, one at a
time; to each the worker says BEGAN and its replies. READY after BEGAN tells that the worker died of the request; READY
before it, that one died with nothing to do, and the next takes the request.
"""

import ctypes
import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TextIO

MEMORY_ABOVE_START_BYTES = 1 << 30
READY = {"ready": True}
BEGAN = {"began": True}
_PR_SET_PDEATHSIG = 1
# How a worker ends that no signal killed.
_SERVED, _DIED, _NO_START = range(3)

type Handler = Callable[[dict[str, Any]], Iterator[dict[str, Any]]]
"""Returns the replies to a request. Only what happens while they are iterated counts towards the limit of CPU."""


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
    # Imports leave little garbage, and the collector would look through all of it again and again.
    gc.disable()
    handle = load()
    # What was imported stays in memory that template and workers share.
    gc.collect()
    gc.freeze()
    gc.enable()
    template = os.getpid()
    ended = _DIED
    while ended not in {_SERVED, _NO_START}:
        _say(replies, READY)
        worker = os.fork()
        if worker == 0:
            _work(template, handle, replies, cpu_s)
        ended = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])


def _work(template: int, handle: Handler, replies: TextIO, cpu_s: float) -> NoReturn:
    """Serve requests until standard input closes, and end the process."""
    status = _NO_START
    try:
        _die_with(template)
        limit_memory()
        status = _DIED
        for line in sys.stdin:
            _say(replies, BEGAN)
            answers = handle(json.loads(line))
            _limit_cpu(cpu_s)
            for reply in answers:
                _say(replies, reply)
            _limit_cpu(0)
        status = _SERVED
    finally:
        os._exit(status)


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
    """Allow this process `cpu_s` seconds of CPU from now on, 0: any; beyond, the kernel kills it.

    A timer rather than RLIMIT_CPU, which counts in whole seconds.
    """
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
