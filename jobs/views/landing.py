"""The first page: what this is, and the form itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from jobs.core.states import JobState
from jobs.lifecycle.submission.sample import solved_sample
from jobs.models import Job
from jobs.presenters.spend import spend_of
from jobs.views.access import jobs_of
from jobs.views.job_form.new import blank_form


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what Ponder does, show a job that ended well, the user's own or else the sample, and offer the form."""
    context = blank_form(request)
    own = _latest_answered(request.user) if isinstance(request.user, User) else None
    example = own or solved_sample()
    context |= {
        "example": example,
        "is_sample": not own,
        "spend": spend_of(example) if example else None,
    }
    return render(request, "jobs/form/landing.html", context)


def _latest_answered(user: User) -> Job | None:
    answered = jobs_of(user).filter(state=JobState.DONE).exclude(answer="")
    return answered.order_by("-finished_at").first()
