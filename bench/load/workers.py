"""Real worker processes, and a Beat, on a measurement's database; and the user whose jobs they run."""

import contextlib
import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.endpoint import endpoint
from bench.services import Database, database
from jobs.core.options import JobOptions
from reasoning_app.embedded import commands
from reasoning_app.embedded.child import Child
from solver.core.money import NANO_PER_USD

if TYPE_CHECKING:
    from accounts.models import User
    from jobs.models import Job

MODEL = "demo/expert"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_READY_TIMEOUT_S = 900.0
ENDLESS = JobOptions(is_never_sure=True, max_tries=10_000_000)
"""Options of a vote that goes on for as long as there is money: the endpoint gives two answers in turn."""


def wait_for(condition: Callable[[], object], *, what: str, timeout_s: float = 300.0) -> None:
    """Wait until `condition()` holds. Raises RuntimeError naming `what` did not come."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"{what} did not come within {timeout_s:.0f} s.")
        time.sleep(0.05)


class Process:
    """One process of a fleet, read through /proc."""

    def __init__(self, name: str, command: list[str], logs: Path, env: Mapping[str, str]) -> None:
        self.child = Child(name, command, env={**os.environ, **env}, log=logs / f"{name}.log", grace_s=60)
        self.child.start()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.child.pid is not None, "it is started when it is made"
        return self.child.pid

    def peak_mb(self) -> float:
        """Return the most memory that it ever had resident, in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024

    def open_files(self) -> int:
        """Return how many file descriptors it holds."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def cpu_s(self) -> float:
        """Return the CPU time that it has used, in seconds."""
        return cpu_s(self.pid)


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


class Fleet:
    """The processes of one measurement. `provider` is the endpoint's address; a worker's settings come with it."""

    def __init__(self, data: Database, provider: str, logs: Path) -> None:
        self.data = data
        self.provider = provider
        self._logs = logs
        self._processes: list[Process] = []

    def start_worker(self, **env: str) -> Process:
        """Start a worker and wait until its host hears of users' wishes, which is the last thing it sets up."""
        name = f"worker-{len(self._processes)}"
        env = {"DATABASE_URL": f"{self.data.address}&application_name={name}"} | env
        process = Process(name, commands.worker(), self._logs, env)
        self._processes.append(process)
        wait_for(lambda: _listens(name), what="A worker that is ready", timeout_s=_READY_TIMEOUT_S)
        return process

    def start_beat(self) -> Process:
        """Start the clock and wait until it has read its schedule."""
        from django.conf import settings

        self._processes.append(Process("beat", commands.beat(), self._logs, {}))
        schedule = Path(settings.CELERY_BEAT_SCHEDULE_FILENAME)
        wait_for(
            lambda: any(schedule.parent.glob(f"{schedule.name}*")), what="Beat", timeout_s=_READY_TIMEOUT_S
        )
        return self._processes[-1]

    def stop(self) -> None:
        """End every process, the way a deploy does."""
        for process in self._processes:
            process.child.signal(signal.SIGTERM)
        for process in self._processes:
            process.child.stop()


def _listens(name: str) -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND application_name = %s", [name]
        )
        return cursor.fetchone() is not None


@contextlib.contextmanager
def fleet(*, delay_ms: int, **settings: str) -> Iterator[Fleet]:
    """Run services and an endpoint for the block; workers are the caller's to start.

    Afterwards the books must balance: raises RuntimeError where they do not.
    """
    settings = {"PONDER_MODELS": MODEL, "PONDER_TRIAL_MODELS": "all", "LOG_LEVEL": "WARNING"} | settings
    with endpoint(delay_ms) as base, database(DEMO_EXPERT_URL=base, **settings) as data:
        made = Fleet(data, base, Path(os.environ["DATA_DIR"]) / "logs")
        try:
            yield made
        finally:
            made.stop()
        from jobs.upkeep.audit import violations

        if broken := violations():
            raise RuntimeError(f"The books do not balance: {broken[0]}")


def make_user(name: str) -> "User":
    """Return a new user with money enough for any measurement."""
    from accounts.models import User
    from accounts.services import ensure_personal_workspace
    from billing.books.wallet import grant

    user = User.objects.create_user(f"{name}@example.org")
    workspace = ensure_personal_workspace(user)
    grant(workspace=workspace, amount_nano=1_000_000 * NANO_PER_USD, by=user, reason="bench")
    return user


def submit(
    user: "User", text: str, *, budget_nano: int = 10 * NANO_PER_USD, wake: bool = True, **more: Any
) -> "Job":
    """Submit a job that goes on for as long as there is money, unless told otherwise."""
    from accounts.services import ensure_personal_workspace
    from jobs.lifecycle import JobRequest, submit_job

    fields: dict[str, Any] = {"strategy": "vote", "options": ENDLESS} | more
    workspace = ensure_personal_workspace(user)
    request = JobRequest(user=user, workspace=workspace, problem=text, budget_nano=budget_nano, **fields)
    return submit_job(request, wake=wake)


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that is not exceeded by `share` of the values (nearest rank)."""
    return round(sorted(values)[max(math.ceil(len(values) * share) - 1, 0)], 3)
