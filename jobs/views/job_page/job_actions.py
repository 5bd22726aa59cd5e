"""The actions that a job's page offers. One list decides which buttons are shown and which clicks come too late."""

from collections.abc import Callable
from typing import NamedTuple

from jobs.core.states import ACTIVE, JobState, Wanted
from jobs.lifecycle import cancel_job, finish_early, pause_job, resume_job
from jobs.models import Job


class JobAction(NamedTuple):
    """One action: its name in addresses, its button, the message after it, and the function that does it."""

    action: str
    label: str
    style: str
    done: str
    verb: Callable[..., bool] | None


_RUNNING_CALLS = "no new calls are made; calls in progress have up to 30 seconds to finish."
PAUSE = JobAction("pause", "Pause", "button-secondary", f"Pausing: {_RUNNING_CALLS}", pause_job)
RESUME = JobAction("resume", "Resume", "button", "The job continues.", resume_job)
START_NOW = JobAction("resume", "Start now", "button", "The job starts now.", resume_job)
RAISE = JobAction("raise", "Raise budget", "button-secondary", "", None)
HINT = JobAction("hint", "Add a hint", "button-secondary", "", None)
FINISH = JobAction("finish", "Finish now", "button-secondary", f"Finishing: {_RUNNING_CALLS}", finish_early)
CANCEL = JobAction("cancel", "Cancel", "button-danger", f"Cancelling: {_RUNNING_CALLS}", cancel_job)
BY_ACTION = {offer.action: offer for offer in (PAUSE, RESUME, HINT, RAISE, FINISH, CANCEL)}


def offers_of(job: Job) -> list[JobAction]:
    """Return what can be done with a job now, in the order of its buttons."""
    if job.state == JobState.AWAITING_PAYMENT:
        return [CANCEL]
    if job.state in ACTIVE:
        return _offers_of_active(job)
    return [RAISE] if job.may_continue else []


def _offers_of_active(job: Job) -> list[JobAction]:
    if job.wanted == Wanted.FINISH:
        return [CANCEL]
    if job.wanted == Wanted.CANCEL:
        return []
    if job.is_scheduled:
        return [START_NOW, HINT, RAISE, CANCEL]
    if job.wanted == Wanted.PAUSE:
        return [RESUME, HINT, RAISE, FINISH, CANCEL]
    if job.state == JobState.ASKING:
        return [HINT, RAISE, FINISH, CANCEL]
    return [HINT, PAUSE, RAISE, FINISH, CANCEL]


def offered_key(job: Job) -> str:
    """Return a short text that changes when other buttons belong on the page."""
    return ".".join([job.state, str(len(job.questions)), *(offer.action for offer in offers_of(job))])
