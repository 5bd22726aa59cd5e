"""The backend for calls of small functions: pydantic-monty, an interpreter for a subset of Python written in Rust.

It needs no right of any kind: the interpreter knows no files, no network and no processes, and runs in a worker process
of its own within limits of time and memory. It has no generators, few standard modules and no numpy; what it cannot run
is left to the other backend. Source: https://github.com/pydantic/monty.
"""

import re
import threading
import time
from typing import Any

import pydantic_monty

from sandbox.call import why_ended
from sandbox.request import CallRequest, CallResult, Ending, SandboxOff

_SPARE_S = 2.0
_RECURSION = 400
_MAY_DIFFER = re.compile(r"\b(?:try|with|round|sum|cbrt|re|hasattr|getattr)\b")
"""Words upon which its results were seen to differ from Python's (rounding, float sums, `$`), or by which a function
would take what it lacks (`except ImportError`) for an answer."""


class Monty:
    """Calls functions in worker processes; safe to be used by several threads at once."""

    name = "monty"

    def __init__(self, *, processes: int = 2) -> None:
        """Keep at most so many worker processes; the first starts at the first call."""
        self._processes = processes
        self._pool: pydantic_monty.Monty | None = None
        self._guard = threading.Lock()  # guards _pool: two threads may make the first call

    def call(self, request: CallRequest) -> CallResult:
        """Call a function once. Blocks. Raises SandboxOff where no worker process starts."""
        limits, began_s = request.limits, time.monotonic()
        bounds: pydantic_monty.ResourceLimits = {
            "max_feed_duration_secs": min(limits.wall_s, float(limits.cpu_s)),
            "max_memory": limits.memory_bytes,
            "max_recursion_depth": _RECURSION,
        }
        value, error, ending = None, "", Ending.FINISHED
        try:
            with self._opened().checkout(limits=bounds) as session:
                value = session.feed_run(
                    f"{request.source}\n\n{request.function}(argument__)\n",
                    inputs={"argument__": request.argument},
                    print_callback=pydantic_monty.CollectString(max_bytes=limits.output_bytes),
                )
        except pydantic_monty.MontyCrashedError as crash:
            ending = Ending.TIME if getattr(crash, "timed_out", False) else Ending.KILLED
            error = why_ended(ending)
        except pydantic_monty.MontyError as raised:
            inner = raised.exception()
            error = f"{type(inner).__name__}: {inner}"[:500]
            if isinstance(inner, TimeoutError | MemoryError):
                ending = Ending.TIME if isinstance(inner, TimeoutError) else Ending.MEMORY
        took_s = time.monotonic() - began_s
        # The interpreter does nothing but compute, on one processor; it does not say how long.
        return CallResult(_plain(value), error, self.name, took_s, ending, took_s)

    def close(self) -> None:
        """End the worker processes."""
        with self._guard:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.__exit__(None, None, None)

    def _opened(self) -> pydantic_monty.Monty:
        with self._guard:
            if self._pool is None:
                pool = pydantic_monty.Monty(
                    max_processes=self._processes, request_timeout=60.0, turn_duration_limit_grace=_SPARE_S
                )
                try:
                    self._pool = pool.__enter__()
                except (OSError, RuntimeError) as error:
                    raise SandboxOff(f"Monty's worker process cannot be started: {error}.") from error
            return self._pool


def may_differ(source: str) -> bool:
    """Tell whether a function may return something else here than in Python; if so, Python is to run it."""
    return _MAY_DIFFER.search(source) is not None


def _plain(value: Any) -> Any:
    """Return a result as JSON would bring it; what it could not bring becomes a text."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
