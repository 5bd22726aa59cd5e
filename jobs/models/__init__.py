"""Tables of the jobs room."""

from jobs.models.comparison import Comparison
from jobs.models.job import Job, JobQuerySet
from jobs.models.learning import DriftAlarm, Learned, Lesson
from jobs.models.outbox import OutboxKind, OutboxMessage, OutboxState
from jobs.models.pinned import Pinned
from jobs.models.program_run import ProgramRun, ProgramRunState
from jobs.models.quote import JobQuote
from jobs.models.share_link import ShareLink
from jobs.models.spending_limit import LimitAlert, Period, SpendingLimit
from jobs.models.step import Prompt, StepRecord, StepState
from jobs.models.template import JobTemplate
from jobs.models.webhook import Webhook

__all__ = [
    "Comparison",
    "DriftAlarm",
    "Job",
    "JobQuerySet",
    "JobQuote",
    "JobTemplate",
    "Learned",
    "Lesson",
    "LimitAlert",
    "OutboxKind",
    "OutboxMessage",
    "OutboxState",
    "Period",
    "Pinned",
    "ProgramRun",
    "ProgramRunState",
    "Prompt",
    "ShareLink",
    "SpendingLimit",
    "StepRecord",
    "StepState",
    "Webhook",
]
