"""The first page: what this is, and the form itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from jobs.core.states import JobState
from jobs.models import Job, ShareLink
from jobs.presenters.spend import spend_of
from jobs.views.access import jobs_of
from jobs.views.job_form.new import blank_form


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what Ponder does, show a job that ended well, and offer the form.

    The job is the user's own, or else the one that staff chose for every visitor, at first the sample.
    """
    own = _latest_answered(request.user) if isinstance(request.user, User) else None
    shown = None if own else _shown_to_all()
    example = own or (shown and shown.job)
    return render(
        request,
        "jobs/form/landing.html",
        blank_form(request)
        | {
            "example": example,
            "is_own": bool(own),
            "link": shown,
            "shows_costs": not shown or shown.shows_costs,
            "spend": spend_of(example) if example else None,
        },
    )


def _latest_answered(user: User) -> Job | None:
    answered = jobs_of(user).filter(state=JobState.DONE).exclude(answer="")
    return answered.order_by("-finished_at").first()


def _shown_to_all() -> ShareLink | None:
    """Return the newest link whose result staff chose for the first page; who is no staff any more chooses nothing."""
    chosen = ShareLink.objects.filter(on_first_page=True, created_by__is_staff=True, job__state=JobState.DONE)
    return chosen.exclude(job__answer="").select_related("job__escrow").order_by("-created_at").first()
