"""The doors to what belongs to a user: each returns the object, or raises 404 also where it is someone else's."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.models import User, Workspace
from accounts.services import ensure_personal_workspace
from jobs.core.states import JobState
from jobs.models import Comparison, Job, JobQuerySet, StepRecord


class AuthedRequest(HttpRequest):
    """A request behind `signed_in`."""

    user: User


def signed_in[**P](
    view: Callable[Concatenate[AuthedRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Ask the signed-out to sign in; a fragment reloads its page instead of showing the sign-in page in its place."""

    @wraps(view)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if isinstance(request.user, User):
            return view(request, *args, **kwargs)  # type: ignore[arg-type]
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return redirect_to_login(request.get_full_path())

    return door


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page. On the way back through the history it wants the whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def jobs_of(user: User) -> JobQuerySet:
    """Return the jobs of the user's workspaces, with their escrow."""
    jobs = Job.objects.select_related("escrow", "parent")
    assert isinstance(jobs, JobQuerySet)  # Job.objects is made from it
    return jobs.visible_to(user)


def get_job_for(user: User, job_id: UUID) -> Job:
    """Return the user's job, or raise Http404; a draft is no job yet."""
    return get_object_or_404(jobs_of(user).exclude(state=JobState.DRAFT), pk=job_id)


def get_draft_for(user: User, job_id: UUID) -> Job:
    """Return the user's own draft, or raise Http404: what is not finished is nobody else's, not even a colleague's."""
    return get_object_or_404(Job, pk=job_id, created_by=user, state=JobState.DRAFT)


def get_comparison_for(user: User, comparison_id: UUID) -> Comparison:
    """Return a comparison of two of the user's jobs, or raise Http404."""
    whole = Comparison.objects.select_related("many_cheap__escrow", "few_strong__escrow")
    return get_object_or_404(
        whole.filter(workspace__memberships__user_id=user.pk).distinct(), pk=comparison_id
    )


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
