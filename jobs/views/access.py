"""The doors to what belongs to a user: each returns the object, or raises 404 also where it is someone else's.

Doors to read are open to every role in a workspace; those named `…_to_change` raise PermissionDenied for viewers.
"""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.access import check_role
from accounts.models import Role, User
from jobs.core.ids import ids_in
from jobs.core.states import ENDED, JobState
from jobs.models import Comparison, Job, JobQuerySet, JobTemplate, ShareLink, StepRecord
from jobs.presenters.revision import with_revision


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page. On the way back through the history it wants the whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def jobs_of(user: User) -> JobQuerySet:
    """Return the jobs of the user's workspaces, with their escrow."""
    jobs = Job.objects.select_related("escrow", "workspace")
    assert isinstance(jobs, JobQuerySet)  # Job.objects is made from it
    return jobs.visible_to(user)


def get_job_for(user: User, job_id: UUID) -> Job:
    """Return the user's job, with their role in its workspace, or raise Http404; a draft is no job yet."""
    return get_object_or_404(jobs_of(user).with_reader_role().exclude(state=JobState.DRAFT), pk=job_id)


def get_job_to_change(user: User, job_id: UUID) -> Job:
    """Return the user's job if they may act on it: 404 for what is not theirs, PermissionDenied for viewers."""
    job = get_job_for(user, job_id)
    check_role(job.reader_role, Role.MEMBER)  # type: ignore[attr-defined]  # annotated
    return job


def get_live_job_for(user: User, job_id: UUID) -> tuple[Job, str]:
    """Return the user's job, with their role in its workspace, and its revision as it was read, or raise Http404."""
    jobs = jobs_of(user).with_reader_role().select_related("quote").exclude(state=JobState.DRAFT)
    job = get_object_or_404(with_revision(jobs), pk=job_id)
    return job, job.revision  # type: ignore[attr-defined]  # annotated


def get_shared_job(token: str) -> tuple[ShareLink, Job, str]:
    """Return what a link shows to everybody who has it, and the job's revision, or raise Http404 before its end."""
    link = get_object_or_404(ShareLink, token=token)
    jobs = Job.objects.select_related("escrow")
    assert isinstance(jobs, JobQuerySet)  # Job.objects is made from it
    job = get_object_or_404(with_revision(jobs.filter(state__in=sorted(ENDED))), pk=link.job_id)
    return link, job, job.revision  # type: ignore[attr-defined]  # annotated


def job_named(user: User, job_id: str) -> Job | None:
    """Return the user's job of the id that a form names. None: it names none of theirs."""
    return jobs_of(user).exclude(state=JobState.DRAFT).filter(pk__in=ids_in([job_id])).first()


def get_draft_for(user: User, job_id: UUID) -> Job:
    """Return the user's own draft, or raise Http404: what is not finished is nobody else's, not even a colleague's."""
    drafts = jobs_of(user).filter(created_by=user, state=JobState.DRAFT)
    return get_object_or_404(drafts.select_related("workspace"), pk=job_id)


def get_template_for(user: User, template_id: UUID) -> JobTemplate:
    """Return the user's own template, or raise Http404."""
    return get_object_or_404(
        JobTemplate.objects.select_related("last_job", "workspace"), pk=template_id, created_by=user
    )


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
