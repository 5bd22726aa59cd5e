"""Drafts of the new-job form: kept while their user types, deleted when they say so."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import AuthedRequest, require_role, signed_in
from accounts.models import Role
from jobs.lifecycle.saved.drafts import DraftChangedError, delete_draft, save_draft
from jobs.views.access import jobs_of
from jobs.views.job_form.forms import NewJobForm, typed_fields
from jobs.views.job_form.new import uuid_of, uuid_or_404


@signed_in
@require_POST
def keep_draft(request: AuthedRequest) -> HttpResponse:
    """Keep what stands in the form; asked by the form itself while its user types.

    Where another tab changed the draft meanwhile (412), or the form was submitted already (409), the form goes on as a
    draft of its own, with the id in a header.
    """
    workspace = NewJobForm(request.POST).workspace_for(request.user)
    require_role(request.user, Role.MEMBER, workspace)
    draft_id, parent_id = uuid_or_404(request.POST.get("draft", "")), uuid_of(request.POST.get("from", ""))
    try:
        revision = save_draft(
            user=request.user,
            workspace=workspace,
            draft_id=draft_id,
            fields=typed_fields(request.POST),
            parent=jobs_of(request.user).filter(pk=parent_id).first() if parent_id else None,
            revision=request.POST.get("draft_revision", ""),
        )
    except DraftChangedError:
        return HttpResponse(status=412, headers={"X-New-Draft": str(uuid4())})
    if revision is None:
        return HttpResponse(status=409, headers={"X-New-Draft": str(uuid4())})
    return HttpResponse(status=204, headers={"X-Draft-Revision": revision})


@signed_in
@require_POST
def drop_draft(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Throw a draft away; a second click is harmless."""
    if delete_draft(user=request.user, draft_id=job_id):
        messages.info(request, "The draft was deleted.")
    elif not jobs_of(request.user).filter(pk=job_id).exists():
        raise Http404
    return redirect(f"{reverse('job-new')}?empty=1")
