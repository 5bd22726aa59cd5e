"""What heartbeat and fair share need of the host: the jobs that run in this process, and ways to reach them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from solver import Control, Stop


@dataclass(slots=True)
class RunningJob:
    """One job running here: its fencing token, its control, since when (monotonic seconds), and whose it is."""

    token: int
    control: Control
    began_s: float
    user_id: int = 0
    gives_way: bool = False


class RunningJobs(Protocol):
    """The jobs of one process. Every method may be called from any thread."""

    @property
    def owner(self) -> str:
        """The name under which this process holds its leases."""
        ...

    def free_slots(self) -> int:
        """Return how many more jobs may run here."""
        ...

    def tokens(self) -> Mapping[UUID, int]:
        """Return the jobs running here with their fencing tokens."""
        ...

    def running_jobs(self) -> Mapping[UUID, RunningJob]:
        """Return the jobs running here."""
        ...

    def wish(self, job_id: UUID, token: int, wanted: str) -> None:
        """Pass a user's wish on to a job that runs here under this token."""
        ...

    def raise_limit(self, job_id: UUID, token: int | None, limit_nano: int) -> None:
        """Tell a job that runs here its budget, which may have grown."""
        ...

    def hear_hints(self, job_id: UUID, token: int | None, count: int) -> None:
        """Tell a job that runs here its hints, where there are more than it knows."""
        ...

    def ask_to_give_way(self, job_id: UUID, token: int) -> None:
        """Ask a job that runs here under this token to stop at a quiet point and be continued later."""
        ...

    def stop_job(self, job_id: UUID, token: int | None, stop: Stop) -> None:
        """Stop a job's calls, if it runs here."""
        ...

    def stop_all(self, stop: Stop) -> None:
        """Stop all calls of this process."""
        ...

    def tick(self, then: Callable[[], None]) -> None:
        """Run `then` on the event loop."""
        ...
