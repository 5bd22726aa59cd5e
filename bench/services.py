"""A PostgreSQL and a Redis of a measurement's own, with Ponder's tables and prices, for as long as a block lasts."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import VAR
from reasoning_app.embedded import Services

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Database:
    """A running PostgreSQL: its connection string and the process that everything of it descends from; and Redis."""

    address: str
    pid: int
    redis_pid: int

    def cpu_s(self) -> float:
        """Return the CPU time that its living processes have used; NaN where the system does not say (no /proc)."""
        if not Path("/proc/self/stat").exists():
            return float("nan")
        family, ticks = {self.pid}, 0
        for pid, parent, used in sorted(_processes()):
            if parent in family or pid == self.pid:
                family.add(pid)
                ticks += used
        return ticks / _TICKS_PER_S


def _processes() -> Iterator[tuple[int, int, int]]:
    """Yield pid, parent and CPU ticks of every process."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(") ")[2].split()
            yield int(path.parent.name), int(fields[1]), int(fields[11]) + int(fields[12])


@contextlib.contextmanager
def database(**settings: str) -> Iterator[Database]:
    """Start PostgreSQL as production runs it (synchronous commits) and set Django up on it.

    Django's settings are read once a process, so a process can do this once. Raises UpError where it does not start.
    """
    VAR.mkdir(exist_ok=True)
    # Beside the data of `make run`, so that commits reach the same disk; a temporary directory may be memory.
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=VAR))
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PONDER_", "DATABASE_URL", "REDIS_URL"))
    }
    services = Services(directory, env=clean, role="a measurement")
    try:
        with services:
            os.environ |= {name: services.environ[name] for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR")}
            os.environ |= {"DJANGO_SETTINGS_MODULE": "reasoning_app.settings", **settings}
            import django

            django.setup()
            from django.core.management import call_command
            from django.db import connections

            call_command("migrate", verbosity=0)
            pids = {child.name: child.pid for child in services.children}
            yield Database(os.environ["DATABASE_URL"], pids["postgres"] or 0, pids["redis"] or 0)
            connections.close_all()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
