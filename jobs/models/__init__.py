"""Tables of the jobs room."""

from jobs.models.job import Job, JobQuerySet
from jobs.models.outbox import OutboxKind, OutboxMessage
from jobs.models.step import Prompt, StepRecord, StepState

__all__ = ["Job", "JobQuerySet", "OutboxKind", "OutboxMessage", "Prompt", "StepRecord", "StepState"]
