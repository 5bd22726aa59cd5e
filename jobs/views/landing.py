"""The first page: what this is, and the form itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from jobs.core.states import JobState
from jobs.presenters.spend import spend_of
from jobs.views.access import jobs_of
from jobs.views.job_form.new import blank_form


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what Ponder does, show a job of the user's own that ended well, and offer the form."""
    context = blank_form(request)
    if isinstance(request.user, User):
        example = (
            jobs_of(request.user)
            .filter(state=JobState.DONE)
            .exclude(answer="")
            .order_by("-finished_at")
            .first()
        )
        context["example"] = example
        context["spend"] = spend_of(example) if example else None
    return render(request, "jobs/form/landing.html", context)
