"""Finish now and Cancel. A GET asks once more and says what happens to the money; a POST acts."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs.access import AuthedRequest, get_job_for, signed_in
from jobs.services import cancel_job, finish_early
from jobs.views.spend import spend_of


@signed_in
@require_http_methods(["GET", "POST"])
def finish(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """End the job with its best answer so far; pay to date, get the rest back."""
    job = get_job_for(request.user, job_id)
    if request.method == "GET":
        return render(request, "jobs/confirm.html", {"job": job, "spend": spend_of(job), "action": "finish"})
    if not job.has_ended:
        finish_early(job=job)
        messages.info(request, "Finishing: no new calls are made; running ones may end within 30 seconds.")
    return redirect(job)


@signed_in
@require_http_methods(["GET", "POST"])
def cancel(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """End the job without an answer; pay for what was used, get the rest back."""
    job = get_job_for(request.user, job_id)
    if request.method == "GET":
        return render(request, "jobs/confirm.html", {"job": job, "spend": spend_of(job), "action": "cancel"})
    if not job.has_ended:
        cancel_job(job=job)
        messages.info(request, "Cancelling: no new calls are made; running ones may end within 30 seconds.")
    return redirect(job)
