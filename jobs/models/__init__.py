"""Tables of the jobs room."""

from jobs.models.comparison import Comparison
from jobs.models.job import Job, JobQuerySet
from jobs.models.outbox import OutboxKind, OutboxMessage, OutboxState
from jobs.models.step import Prompt, StepRecord, StepState

__all__ = [
    "Comparison",
    "Job",
    "JobQuerySet",
    "OutboxKind",
    "OutboxMessage",
    "OutboxState",
    "Prompt",
    "StepRecord",
    "StepState",
]
