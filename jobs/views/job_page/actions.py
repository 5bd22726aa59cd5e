"""What a user can do to a job. A GET asks for confirmation and says what happens to the money; a POST acts once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, signed_in
from jobs.core.states import JobState, Wanted
from jobs.lifecycle import SubmitError, raise_budget
from jobs.lifecycle.hint import add_hint
from jobs.models import Job
from jobs.presenters.spend import spend_of
from jobs.views.access import get_job_for, get_job_to_change
from jobs.views.job_form.forms import HintForm, RaiseForm
from jobs.views.job_page.job_actions import BY_ACTION, JobAction, offers_of
from jobs.views.job_page.raise_form import raise_context
from solver.core.money import format_usd
from solver.core.problem.hints import MAX_HINT_CHARS

_HINTED = "The hint was added: every call from now on is told it."


def _action(action: str) -> Callable[..., HttpResponseBase]:
    offer = BY_ACTION[action]

    @signed_in
    @require_http_methods(["GET", "POST"])
    def view(request: AuthedRequest, job_id: UUID) -> HttpResponse:
        job = get_job_to_change(request.user, job_id)
        if request.method == "GET":
            context = {"job": job, "spend": spend_of(job), "action": action}
            return render(
                request, "jobs/actions/confirm.html", context | {"is_offered": _is_offered(job, offer)}
            )
        assert offer.verb is not None, "only raising has a view of its own"
        if offer.verb(job=job):
            messages.info(request, _done(get_job_for(request.user, job_id), offer))
        else:
            messages.warning(request, _too_late(get_job_for(request.user, job_id)))
        return redirect(job)

    view.__name__ = view.__qualname__ = action
    return view


finish = _action("finish")
cancel = _action("cancel")
pause = _action("pause")
resume = _action("resume")


@signed_in
@require_http_methods(["GET", "POST"])
def raise_job_budget(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Give a job more money; an ended one continues from where it stopped."""
    job = get_job_to_change(request.user, job_id)
    form = RaiseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        to_nano = form.cleaned_data["budget"]
        try:
            raised = raise_budget(job=job, to_nano=to_nano, by=request.user)
        except SubmitError as error:
            form.add_submit_error(error)
        else:
            words = (
                f"The budget is now {format_usd(to_nano)}." if raised else "The budget is already that high."
            )
            messages.success(request, words)
            return redirect(job)
    status = 422 if form.errors else 200
    context = {
        "job": job,
        "spend": spend_of(job),
        "action": "raise",
        "is_offered": _is_offered(job, BY_ACTION["raise"]),
    }
    return render(request, "jobs/actions/confirm.html", context | raise_context(job, form), status=status)


@signed_in
@require_http_methods(["GET", "POST"])
def hint_job(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Add a hint to a job that goes on."""
    job = get_job_to_change(request.user, job_id)
    form = HintForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        starts_afresh = form.cleaned_data["earlier"] == "drop"
        try:
            added = add_hint(
                job=job, text=form.cleaned_data["text"], starts_afresh=starts_afresh, by=request.user
            )
        except SubmitError as error:
            form.add_submit_error(error)
        else:
            messages.success(request, _HINTED if added else "That hint was added already.")
            return redirect(job)
    context = {
        "job": job,
        "spend": spend_of(job),
        "action": "hint",
        "is_offered": _is_offered(job, BY_ACTION["hint"]),
        **hint_context(form),
    }
    return render(request, "jobs/actions/confirm.html", context, status=422 if form.errors else 200)


def hint_context(form: HintForm | None = None) -> dict[str, Any]:
    """Return what the form that adds a hint needs."""
    return {"hint_form": form or HintForm(), "hint_max_chars": MAX_HINT_CHARS}


def _is_offered(job: Job, offer: JobAction) -> bool:
    return offer.action in {each.action for each in offers_of(job)}


def _done(job: Job, offer: JobAction) -> str:
    """Say what happens now; a job that had no call in progress has already ended."""
    return f"{job.get_state_display()}." if job.has_ended else offer.done


def _too_late(job: Job) -> str:
    """Say why a click changed nothing: the page was older than the job."""
    if job.has_ended:
        return "This job has already ended; nothing was changed."
    if job.wanted == Wanted.CANCEL:
        return "This job is being cancelled; nothing else was changed."
    if job.wanted == Wanted.FINISH:
        return "This job is being finished; nothing else was changed."
    if job.state == JobState.ASKING:
        return "This job waits for an answer; nothing was changed."
    return f"This job is already {job.get_state_display().lower()}; nothing was changed."
