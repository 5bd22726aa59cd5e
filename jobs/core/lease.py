"""The right to run a job for a while: the lease and its fencing token."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds which job: the fencing token goes with every statement."""

    job_id: UUID
    token: int
    escrow_id: int
    workspace_id: int
