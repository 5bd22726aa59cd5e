"""The processes below a process."""

from pathlib import Path

from solver.processes.pool import ProcessPool


def children_of(pid: int) -> set[int]:
    """List the living child processes, whichever thread started them."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for thread in threads for child in thread.read_text().split()}


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
