"""The sample job of a new installation: a real puzzle, solved by the bundled models."""

from accounts.models import User
from accounts.services import ensure_personal_workspace
from jobs.lifecycle.submission.request import JobRequest
from jobs.lifecycle.submission.submit import submit_job
from jobs.models import Job
from solver.checkers import recognise_checker
from solver.core.money import NANO_PER_CENT

SAMPLE_PROBLEM = "Use 3, 7, 12, 25 to make 58."
SAMPLE_BUDGET_NANO = 25 * NANO_PER_CENT


def submit_sample_job(user: User) -> Job:
    """Submit the sample for `user`. Raises SubmitError."""
    return submit_job(
        JobRequest(
            user=user,
            workspace=ensure_personal_workspace(user),
            problem=SAMPLE_PROBLEM,
            budget_nano=SAMPLE_BUDGET_NANO,
            checker=recognise_checker(SAMPLE_PROBLEM),
        )
    )
