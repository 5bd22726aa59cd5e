"""Runs inside the sandbox, before the program: takes the order from standard input, sets the limits, lets go.

It is given to the interpreter as a text, so it imports nothing of the project.
"""

import gc
import json
import os
import resource
import sys
from typing import Any

TOO_MUCH_MEMORY = 86
"""The exit status that says so."""
_LINK = 3
"""The descriptor of the socket to the other program, if there is one."""
_ENVIRONMENT = {"HOME": "/work", "TMPDIR": "/work", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _limit(order: dict[str, Any]) -> None:
    with_start = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = int(with_start.ru_utime + with_start.ru_stime) + order["cpu_s"]
    for name, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, order["memory_bytes"] + order["start_bytes"]),
        (resource.RLIMIT_FSIZE, order["disk_bytes"]),
        (resource.RLIMIT_NOFILE, order["open_files"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 64),  # and timers
    ):
        resource.setrlimit(name, (most, most))


def main() -> None:
    """Read the order, and become the program that it holds."""
    order = json.loads(sys.stdin.buffer.read())
    with open("/work/.stdin", "w+b") as given:  # noqa: PTH123  # pathlib takes 10 ms to import
        given.write(order["stdin"].encode("utf-8", "replace"))
        given.flush()
        given.seek(0)
        os.dup2(given.fileno(), 0)
    os.unlink("/work/.stdin")  # noqa: PTH108  # likewise
    if order["link"] not in (None, _LINK):
        os.dup2(order["link"], _LINK)
        os.close(order["link"])
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # likewise; it stays open
    os.environ.update(_ENVIRONMENT)
    # Last, so that no file there stands in for a module of Python's own.
    sys.path = [*sys.path, "/packages", "/work"]
    sys.argv = ["main.py"]
    source = order["source"]
    os.nice(10)  # what else works on this machine comes first
    _limit(order)
    del order
    gc.collect()
    module = type(sys)("__main__")
    sys.modules["__main__"] = module
    try:
        exec(compile(source, "main.py", "exec"), module.__dict__)  # noqa: S102  # that is what it is for
    except MemoryError:
        os._exit(TOO_MUCH_MEMORY)


if __name__ == "__main__":
    main()
