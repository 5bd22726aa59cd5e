"""Finish now and Cancel. A GET asks once more and says what happens to the money; a POST acts."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import User
from jobs.access import get_job_for
from jobs.services import cancel_job, finish_early
from jobs.views.spend import spend_of


@login_required
@require_http_methods(["GET", "POST"])
def finish(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """End the job with its best answer so far; pay to date, get the rest back."""
    assert isinstance(request.user, User)  # login_required
    job = get_job_for(request.user, job_id)
    if request.method == "GET":
        return render(request, "jobs/confirm.html", {"job": job, "spend": spend_of(job), "action": "finish"})
    if not job.has_ended:
        finish_early(job=job)
        messages.info(request, "Finishing: no new calls are made; running ones may end within 30 seconds.")
    return redirect(job)


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """End the job without an answer; pay for what was used, get the rest back."""
    assert isinstance(request.user, User)  # login_required
    job = get_job_for(request.user, job_id)
    if request.method == "GET":
        return render(request, "jobs/confirm.html", {"job": job, "spend": spend_of(job), "action": "cancel"})
    if not job.has_ended:
        cancel_job(job=job)
        messages.info(request, "Cancelling: no new calls are made; running ones may end within 30 seconds.")
    return redirect(job)
