"""The sample job of a new installation: a real puzzle for its own models, whose result every visitor sees."""

from uuid import UUID

from accounts.models import User
from accounts.services import ensure_personal_workspace
from jobs.lifecycle.submission.request import JobRequest
from jobs.lifecycle.submission.submit import submit_job
from jobs.models import Job, ShareLink
from solver.checkers import recognise_checker
from solver.core.money import NANO_PER_CENT

SAMPLE_PROBLEM = "Use 3, 7, 12, 25 to make 58."
SAMPLE_BUDGET_NANO = 25 * NANO_PER_CENT
SAMPLE_ID = UUID("5a3b1e00-0058-4c0d-9a58-030712250058")
"""Of the job of each installation, so that it is submitted once."""


def submit_sample_job(user: User) -> Job:
    """Submit the sample for `user`, and share its result on the first page. Raises SubmitError."""
    job = submit_job(
        JobRequest(
            user=user,
            workspace=ensure_personal_workspace(user),
            problem=SAMPLE_PROBLEM,
            budget_nano=SAMPLE_BUDGET_NANO,
            checker=recognise_checker(SAMPLE_PROBLEM),
            request_id=SAMPLE_ID,
        )
    )
    shown = {"shows_costs": True, "on_first_page": True, "created_by": user}
    ShareLink.objects.get_or_create(job=job, defaults=shown)
    return job
