"""The doors to what belongs to a user: each returns the object, or raises 404 also where it is someone else's."""

from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User, Workspace
from accounts.services import ensure_personal_workspace
from jobs.models import Job, JobQuerySet, StepRecord


class AuthedRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User


def jobs_of(user: User) -> JobQuerySet:
    """Return the jobs of the user's workspaces, with their escrow."""
    jobs = Job.objects.select_related("escrow")
    assert isinstance(jobs, JobQuerySet)  # Job.objects is made from it
    return jobs.visible_to(user)


def get_job_for(user: User, job_id: UUID) -> Job:
    """Return the user's job, or raise Http404."""
    return get_object_or_404(jobs_of(user), pk=job_id)


def get_step_for(user: User, job_id: UUID, step_id: UUID) -> StepRecord:
    """Return a step of the user's job, or raise Http404."""
    steps = StepRecord.objects.select_related("job").filter(job__in=jobs_of(user))
    return get_object_or_404(steps, pk=step_id, job_id=job_id)


def workspace_of(user: User) -> Workspace:
    """Return the workspace whose wallet pays for the user's new jobs."""
    workspace = Workspace.objects.filter(memberships__user=user).order_by("memberships__pk").first()
    return workspace or ensure_personal_workspace(user)


def require_staff(user: object) -> None:
    """Raise Http404 for everyone but active staff."""
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        raise Http404
