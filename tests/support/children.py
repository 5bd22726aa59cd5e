"""The processes below a process."""

from contextlib import suppress
from pathlib import Path

from solver.processes.pool import ProcessPool


def children_of(pid: int) -> set[int]:
    """List the living child processes, whichever thread started them."""
    found: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            found.update(map(int, thread.read_text().split()))
    return found


def all_below(pid: int) -> set[int]:
    """List the living descendants."""
    children = children_of(pid)
    return children.union(*map(all_below, children))


def worker_of(pool: ProcessPool) -> int | None:
    """Return the process that reads texts in a pool of one child; None while there is none."""
    template = pool._children[0]._process
    return next(iter(children_of(template.pid)), None) if template else None


def is_alive(pid: int) -> bool:
    """Tell whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except FileNotFoundError:
        return False
