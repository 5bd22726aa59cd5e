"""Deleting the texts of an ended job, permanently and after a confirmation."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, signed_in
from jobs.upkeep.delete_texts import delete_texts, may_delete_texts
from jobs.views.access import get_job_to_change


@signed_in
@require_http_methods(["GET", "POST"])
def delete_job_texts(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Say what is deleted and what is kept; a POST deletes."""
    job = get_job_to_change(request.user, job_id)
    may = may_delete_texts(request.user, job)
    if request.method == "GET":
        context = {"job": job, "may_delete": may, "has_follow_ups": job.follow_ups.exists()}
        return render(request, "jobs/actions/delete_texts.html", context)
    if not may:
        messages.warning(
            request, "Only the person who created this job, or a workspace owner, can delete its texts."
        )
    elif delete_texts(job_id=job_id):
        messages.success(
            request, "The problem, the answer and all replies were deleted. The receipt is kept."
        )
    elif job.has_ended:
        messages.warning(request, "The texts of this job were already deleted.")
    else:
        messages.warning(request, "This job has not ended. Finish or cancel it first, then delete its texts.")
    return redirect(job)
