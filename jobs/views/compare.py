"""Many small attempts or one strong model: one problem with both at the same budget, side by side."""

from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import AuthedRequest, signed_in
from accounts.models import User
from jobs.core.errors import CannotContinue
from jobs.core.options import JobOptions
from jobs.lifecycle import SubmitError, submit_comparison
from jobs.lifecycle.saved.drafts import delete_draft
from jobs.lifecycle.submission.compare import is_met_by
from jobs.models import Comparison, Job, Pinned
from jobs.models.comparison import SIDE_TITLES
from jobs.presenters.markdown import has_math, render_markdown
from jobs.presenters.progress import Totals, totals_of
from jobs.presenters.revision import revision_of
from jobs.presenters.spend import Spend, spend_of
from jobs.templatetags.ponder import short_answer
from jobs.views.access import get_comparison_for
from jobs.views.job_form.forms import NewJobForm
from jobs.views.job_form.new import ask_to_sign_in, refused_form, uuid_of
from jobs.views.job_page.live import live_reply
from solver.core.money import format_usd_about
from solver.core.problem.result_kind import ResultKind
from solver.core.steps import StopReason
from solver.text.keys import quick_key, text_key

_IDEAS = {"many_cheap": "Many attempts", "few_strong": "A few attempts"}
_ABOUT_EQUAL_TENTHS = 10


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
    has_text: bool
    """Whether it came back with a text, which its own page shows."""


def _side(name: str, idea: str, job: Job) -> Side:
    best = job.best if isinstance(job.best, dict) else {}
    return Side(
        title=SIDE_TITLES[name],
        idea=idea,
        model=", ".join(JobOptions.from_json(job.options).models),
        job=job,
        spend=spend_of(job),
        totals=totals_of(job),
        answer=job.answer or str(best.get("answer") or ""),
        confidence=job.confidence if job.has_ended else best.get("confidence"),
        explanation=job.explanation or str(best.get("explanation", "")),
        has_text=job.result_kind is ResultKind.TEXT and bool(job.answer_text or best.get("text")),
    )


def _context(user: User, comparison_id: UUID) -> dict[str, Any]:
    # The revision is read before the jobs: see there.
    ids = get_comparison_for(user, comparison_id)
    revision = revision_of(ids.many_cheap_id, ids.few_strong_id)
    comparison = get_comparison_for(user, comparison_id)
    sides = [_side(name, _IDEAS[name], job) for name, job in comparison.sides().items()]
    return {
        "comparison": comparison,
        "sides": sides,
        "both_ended": all(side.job.has_ended for side in sides),
        "verdict": verdict_of(*sides),
        "revision": revision,
        "has_math": any(has_math("", short_answer(side.answer)) for side in sides),
    }


def verdict_of(*sides: Side) -> str:
    """Return in two sentences how the answers and the costs compare; empty until both jobs have ended."""
    if not all(side.job.has_ended for side in sides):
        return ""
    costs = costs_in_words(*((side.title, side.spend.spent_nano) for side in sides))
    return f"{_agreement(*sides)} {costs}"


def _agreement(*sides: Side) -> str:
    if any(side.job.texts_deleted_at for side in sides):
        return "The answers cannot be compared, because texts were deleted."
    silent = [side for side in sides if not (side.answer or side.has_text)]
    if silent:
        return (
            f"The {silent[0].title.lower()} gave no answer."
            if len(silent) == 1
            else "Neither model gave an answer."
        )
    if any(side.has_text for side in sides):
        return "Both wrote a text: open each job to read it."
    proven = [side for side in sides if side.job.stop_reason == StopReason.SOLVED]
    if len(proven) == len(sides):
        return "A checker confirmed both answers."
    if proven:
        return f"A checker confirmed only the answer of the {proven[0].title.lower()}."
    if all(_is_checkable(side.job) for side in sides):
        return "Neither answer passed the check."
    return answers_agree(*(side.answer for side in sides))


def _is_checkable(job: Job) -> bool:
    try:
        return Pinned.of(job).problem.is_checkable
    except CannotContinue:
        # A checker of another release: whether it could have passed an answer is not known here.
        return False


def _key(answer: str) -> str:
    return quick_key(answer) or text_key(answer)


def answers_agree(*answers: str) -> str:
    """Return in a sentence whether two answers are the same."""
    if not all(answers):
        return "Neither has an answer." if not any(answers) else "Only one has an answer."
    return (
        "Both gave the same answer." if len(set(map(_key, answers))) == 1 else "They gave different answers."
    )


def costs_in_words(*named: tuple[str, int]) -> str:
    """Return in a sentence how the costs of two compare, each a name and nano-USD."""
    (cheap, low_nano), (dear, high_nano) = sorted(named, key=lambda each: each[1])
    if not high_nano:
        return "Neither cost anything."
    if not low_nano:
        return f"The {cheap.lower()} cost nothing."
    tenths = (high_nano * 10 + low_nano // 2) // low_nano
    if tenths == _ABOUT_EQUAL_TENTHS:
        return f"Both cost about {format_usd_about(high_nano)}."
    times = f"{tenths // 10}.{tenths % 10}"
    return f"The {dear.lower()} cost {times} times as much as the {cheap.lower()}."


@require_POST
def compare(request: HttpRequest) -> HttpResponse:
    """Submit the form's problem to both models, or show the form again with what is wrong."""
    form = NewJobForm(request.POST)
    user, status = request.user, 422
    if form.is_valid():
        if not isinstance(user, User):
            return ask_to_sign_in(request, form)
        try:
            made = _submit(request, user, form)
        except SubmitError as error:
            form.add_submit_error(error)
            status = 403 if error.code == "role" else 422
        else:
            if draft_id := uuid_of(request.POST.get("draft", "")):
                delete_draft(user=user, draft_id=draft_id)
            return redirect(made)
    return render(request, "jobs/form/new.html", refused_form(request, form), status=status)


def _submit(request: HttpRequest, user: User, form: NewJobForm) -> Comparison:
    """Submit the comparison of a valid form; the same form sent twice is one comparison. Raises SubmitError."""
    asked, form_id = form.job_request(user), uuid_of(request.POST.get("draft", ""))
    earlier = Comparison.objects.filter(pk=form_id, created_by=user).first() if form_id else None
    if earlier and is_met_by(asked, earlier):
        messages.info(request, "This comparison was already started. Change the form to start another.")
        return earlier
    return submit_comparison(replace(asked, request_id=None if earlier else form_id))


@signed_in
@never_cache
@require_safe
def compare_detail(request: AuthedRequest, comparison_id: UUID) -> HttpResponse:
    """Show both jobs side by side."""
    context = _context(request.user, comparison_id)
    comparison = context["comparison"]
    context["problem_html"] = render_markdown(comparison.many_cheap.problem, prefix="problem")
    context["has_math"] = context["has_math"] or has_math(context["problem_html"])
    return render(request, "jobs/compare/compare.html", context)


@signed_in
@never_cache
@require_safe
def compare_live(request: AuthedRequest, comparison_id: UUID) -> HttpResponse:
    """Return the live part of the page."""
    context = _context(request.user, comparison_id)
    return live_reply(
        request,
        has_ended=context["both_ended"],
        revision=context["revision"],
        render=lambda: render(request, "jobs/compare/_live.html", context),
    )
