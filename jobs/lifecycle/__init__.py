"""Verbs of the jobs room: typed requests, typed results."""

from jobs.core.errors import SubmitError
from jobs.lifecycle.control import cancel_job, finish_early, pause_job, resume_job
from jobs.lifecycle.quotes.offer import quote_job
from jobs.lifecycle.raise_budget import raise_budget
from jobs.lifecycle.submission.compare import submit_comparison
from jobs.lifecycle.submission.request import JobRequest
from jobs.lifecycle.submission.submit import submit_job

__all__ = [
    "JobRequest",
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
