"""What `Job.questions` keeps of one question, and how it was closed."""

from datetime import datetime, timedelta
from typing import Any

from jobs.core.states import JobState
from jobs.models.job import Job

ANSWERED = "answered"
WITHOUT = "without"
YES = "yes"
ALL = "all"
NO = "no"
TIMED_OUT = "timed_out"


def open_question(job: Job) -> dict[str, Any] | None:
    """Return what the job waits to be told, or None where it waits for nothing."""
    if job.state != JobState.ASKING or not job.questions or job.questions[-1]["how"]:
        return None
    asked: dict[str, Any] = job.questions[-1]
    return asked


def waited_for_answers(job: Job) -> timedelta:
    """Return how long the job has waited for answers that have come, or were given up: no time of its own."""
    ended = [each for each in job.questions if each["how"]]
    waits = (
        datetime.fromisoformat(each["answered_at"]) - datetime.fromisoformat(each["asked_at"])
        for each in ended
    )
    return sum(waits, timedelta())


def was_forbidden(job: Job) -> bool:
    """Tell whether the last that this version of the job asked was a price, which was not allowed."""
    last = job.questions[-1] if job.questions else {"cost_nano": 0}
    return bool(last["cost_nano"]) and last["version"] == job.version and last["how"] in {NO, TIMED_OUT}
