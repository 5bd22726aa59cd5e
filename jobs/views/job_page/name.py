"""The title and the tags of a job: a page of their own, and a dialog of the job's page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, signed_in
from accounts.models import User
from jobs.lifecycle.rename import name_job
from jobs.models import Job
from jobs.upkeep.delete_texts import may_delete_texts
from jobs.views.access import get_job_to_change
from jobs.views.job_form.forms import NameForm


def name_context(user: User, job: Job) -> dict[str, Any]:
    """Return what the dialog needs; nothing where it is not this person's to name."""
    if job.texts_deleted_at or not may_delete_texts(user, job):
        return {}
    return {"name_form": NameForm(initial={"title": job.title, "tags": ", ".join(job.tags)})}


@signed_in
@require_http_methods(["GET", "POST"])
def name(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Show the form; a POST gives the job its title and its tags."""
    job = get_job_to_change(request.user, job_id)
    context = name_context(request.user, job)
    if context and request.method == "POST":
        form = NameForm(request.POST)
        if form.is_valid():
            if name_job(job=job, **form.cleaned_data):
                messages.success(request, "Title and tags were saved.")
            return redirect(job)
        context = {"name_form": form}
    status = 422 if context and context["name_form"].errors else 200
    return render(request, "jobs/actions/name.html", {"job": job, **context}, status=status)
