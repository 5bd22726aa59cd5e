"""The sample job of a new installation: a real puzzle, solved by the bundled models, and shown to every visitor."""

from uuid import UUID

from accounts.models import User
from accounts.services import ensure_personal_workspace
from jobs.core.states import JobState
from jobs.lifecycle.submission.request import JobRequest
from jobs.lifecycle.submission.submit import submit_job
from jobs.models import Job
from solver.checkers import recognise_checker
from solver.core.money import NANO_PER_CENT
from solver.core.steps import StopReason

SAMPLE_PROBLEM = "Use 3, 7, 12, 25 to make 58."
SAMPLE_BUDGET_NANO = 25 * NANO_PER_CENT
SAMPLE_ID = UUID("5a3b1e00-0058-4c0d-9a58-030712250058")
"""Of the job of each installation, so that it is found among all others without a search."""


def submit_sample_job(user: User) -> Job:
    """Submit the sample for `user`. Raises SubmitError."""
    return submit_job(
        JobRequest(
            user=user,
            workspace=ensure_personal_workspace(user),
            problem=SAMPLE_PROBLEM,
            budget_nano=SAMPLE_BUDGET_NANO,
            checker=recognise_checker(SAMPLE_PROBLEM),
            request_id=SAMPLE_ID,
        )
    )


def solved_sample() -> Job | None:
    """Return the sample once it is solved. The id is no secret: what somebody else submitted under it is not shown."""
    sample = Job.objects.filter(pk=SAMPLE_ID, created_by__is_staff=True, problem=SAMPLE_PROBLEM)
    return sample.filter(state=JobState.DONE, stop_reason=StopReason.SOLVED).select_related("escrow").first()
