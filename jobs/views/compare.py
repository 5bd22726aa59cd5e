"""Interns or a demi-god: one problem both ways at the same budget, side by side."""

import hashlib
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from jobs.access import AuthedRequest, get_comparison_for, signed_in, workspace_of
from jobs.forms import NewJobForm
from jobs.markdown import has_math, render_markdown
from jobs.models import Comparison, Job
from jobs.services import SubmitError, submit_comparison
from jobs.services.drafts import delete_draft
from jobs.templatetags.ponder import short_answer
from jobs.views.detail import STOP_POLLING
from jobs.views.new import ask_to_sign_in, refused_form, uuid_of
from jobs.views.progress import Totals, revision_of, totals_of
from jobs.views.spend import Spend, spend_of
from solver.answer import quick_key, text_key
from solver.steps import StopReason


class Side(NamedTuple):
    """One of the two jobs as the page shows it."""

    title: str
    idea: str
    model: str
    job: Job
    spend: Spend
    totals: Totals
    answer: str
    confidence: float | None
    explanation: str


def _side(title: str, idea: str, job: Job) -> Side:
    best = job.best if isinstance(job.best, dict) else {}
    return Side(
        title=title,
        idea=idea,
        model=", ".join(job.options.get("models", [])),
        job=job,
        spend=spend_of(job),
        totals=totals_of(job),
        answer=job.answer or str(best.get("answer") or ""),
        confidence=job.confidence if job.has_ended else best.get("confidence"),
        explanation=job.explanation or str(best.get("explanation", "")),
    )


def _context(comparison: Comparison) -> dict[str, Any]:
    sides = [
        _side("The interns", "Many cheap tries", comparison.interns),
        _side("The demi-god", "Few dear tries", comparison.demigod),
    ]
    revisions = [revision_of(side.job, side.spend) for side in sides]
    return {
        "comparison": comparison,
        "sides": sides,
        "both_ended": all(side.job.has_ended for side in sides),
        "verdict": verdict_of(*sides),
        "revision": hashlib.sha256("".join(revisions).encode()).hexdigest()[:16],
        "has_math": any(has_math("", short_answer(side.answer)) for side in sides),
    }


def verdict_of(interns: Side, demigod: Side) -> str:
    """Return in a sentence how the two compare; empty until both have ended."""
    if not (interns.job.has_ended and demigod.job.has_ended):
        return ""
    if interns.job.texts_deleted_at or demigod.job.texts_deleted_at:
        return f"Answers were deleted, so they cannot be compared; {_cheaper(interns, demigod)}."
    if not interns.answer or not demigod.answer:
        silent = [side.title for side in (interns, demigod) if not side.answer]
        return f"No answer to compare: {' and '.join(silent)} brought none."
    return f"{_agreement(interns.job, demigod.job)}; {_cheaper(interns, demigod)}."


def _agreement(interns: Job, demigod: Job) -> str:
    proven = [job.stop_reason == StopReason.SOLVED for job in (interns, demigod)]
    if all(proven):
        return "A checker confirmed both answers"
    if any(proven):
        return f"A checker confirmed the answer of {'the interns' if proven[0] else 'the demi-god'} alone"
    if _key(interns.answer) == _key(demigod.answer):
        return "Both came to the same answer"
    return "They came to different answers"


def _key(answer: str) -> str:
    return quick_key(answer) or text_key(answer)


def _cheaper(interns: Side, demigod: Side) -> str:
    cheap, dear = sorted((interns, demigod), key=lambda side: side.spend.spent_nano)
    if cheap.spend.spent_nano == dear.spend.spent_nano:
        return "both cost the same"
    if not cheap.spend.spent_nano:
        return f"{cheap.title.lower()} cost nothing"
    tenths = dear.spend.spent_nano * 10 // cheap.spend.spent_nano
    return f"{dear.title.lower()} cost {tenths // 10}.{tenths % 10} times as much as {cheap.title.lower()}"


@require_POST
def compare(request: HttpRequest) -> HttpResponse:
    """Submit the form's problem both ways, or show the form again with what is wrong."""
    form = NewJobForm(request.POST)
    user = request.user
    if form.is_valid():
        if not isinstance(user, User):
            return ask_to_sign_in(request)
        try:
            made = submit_comparison(user=user, workspace=workspace_of(user), **form.job_arguments())
        except SubmitError as error:
            form.add_submit_error(error)
        else:
            if draft_id := uuid_of(request.POST.get("draft", "")):
                delete_draft(user=user, draft_id=draft_id)
            return redirect(made)
    return render(request, "jobs/new.html", refused_form(request, form), status=422)


@signed_in
@never_cache
@require_safe
def compare_detail(request: AuthedRequest, comparison_id: UUID) -> HttpResponse:
    """Show both jobs side by side."""
    comparison = get_comparison_for(request.user, comparison_id)
    context = _context(comparison)
    context["problem_html"] = render_markdown(comparison.interns.problem, prefix="problem")
    context["has_math"] = context["has_math"] or has_math(context["problem_html"])
    return render(request, "jobs/compare.html", context)


@signed_in
@never_cache
@require_safe
def compare_live(request: AuthedRequest, comparison_id: UUID) -> HttpResponse:
    """Return the live part: 204 where nothing changed since `rev`; once both ended 286, and the page is fetched anew."""
    context = _context(get_comparison_for(request.user, comparison_id))
    if context["both_ended"]:
        return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})
    if request.GET.get("rev") == context["revision"]:
        return HttpResponse(status=204)
    return render(request, "jobs/_compare_live.html", context)
