"""Verbs of the jobs room: keyword-only arguments, typed results."""

from jobs.services.compare import submit_comparison
from jobs.services.control import cancel_job, finish_early, pause_job, resume_job
from jobs.services.errors import SubmitError
from jobs.services.quote import quote_job
from jobs.services.raise_budget import raise_budget
from jobs.services.submit import submit_job

__all__ = [
    "SubmitError",
    "cancel_job",
    "finish_early",
    "pause_job",
    "quote_job",
    "raise_budget",
    "resume_job",
    "submit_comparison",
    "submit_job",
]
