"""A job's page: live while it runs, the result once it ended, on one address."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, has_role, signed_in
from accounts.models import Role, User
from billing.books.job_costs import job_costs
from jobs.core.errors import CannotContinue
from jobs.core.states import JobState, UserVerdict
from jobs.lifecycle.submission.funding import may_use_trial
from jobs.lifecycle.submission.spendable import spendable
from jobs.models import Comparison, Job, Pinned, ShareLink
from jobs.presenters.deliverables import as_markdown, has_headline
from jobs.presenters.hints import shown_hints
from jobs.presenters.markdown import has_math, render_markdown
from jobs.presenters.questions import shown_questions
from jobs.presenters.sources import cited_in, is_on_private_host, sources_for
from jobs.presenters.spend import spend_of
from jobs.presenters.stopped import stop_of
from jobs.presenters.work import shown_answer, work_of
from jobs.templatetags.ponder import short_answer
from jobs.upkeep.delete_texts import may_delete_texts, reader_role
from jobs.views.access import get_live_job_for, jobs_of
from jobs.views.job_page.actions import hint_context
from jobs.views.job_page.answer import question_context
from jobs.views.job_page.file_rows import rows_of
from jobs.views.job_page.job_actions import offered_key, offers_of
from jobs.views.job_page.live import live_reply, sealed
from jobs.views.job_page.name import name_context
from jobs.views.job_page.raise_form import raise_context
from solver.core.problem.result_kind import ResultKind

_LATER_SHOWN = 20


def job_context(job: Job, revision: str, *, with_passages: bool = True) -> dict[str, Any]:
    """Return what the page and its live part show; `revision` is that of the job as it was read.

    `with_passages` says whether the page holds the passages that citations lead to; without them it names the
    public pages of the web alone.
    """
    spend = spend_of(job)
    best = job.best if isinstance(job.best, dict) else {}
    answer, text = shown_answer(job)
    written = f"{text}\n\n{answer}"
    known = sources_for(job, written)
    citations = len(known) if with_passages else 0
    sources = [
        each
        for each in cited_in(written, known)
        if (
            not each.is_attached
            if with_passages
            else bool(each.address) and not is_on_private_host(each.address)
        )
    ]
    confidence = job.confidence if job.has_ended else best.get("confidence")
    rendered = render_markdown(text, prefix="answer", citations=citations) if text else ""
    delivered = as_markdown(job.result_kind, answer, text)
    result_html = render_markdown(delivered, prefix="result", citations=citations) if delivered else ""
    return {
        "job": job,
        "spend": spend,
        "offered_key": offered_key(job),
        **work_of(job, revision)._asdict(),
        "costs": job_costs(job.pk) if job.has_ended else None,
        "stopped": stop_of(job),
        "answer": answer,
        "answer_html": rendered,
        "result_html": result_html,
        "has_headline": has_headline(job.result_kind) or not result_html,
        "confidence": confidence,
        "is_sure": 100 * (confidence or 0.0) >= settings.PONDER_RELIABLE_PERCENT,
        "explanation": job.explanation if job.has_ended else best.get("explanation", ""),
        "sources": sources,
        "with_anchors": with_passages,
        "is_text": job.result_kind is ResultKind.TEXT and bool(result_html),
        "conclusion_html": render_markdown(answer, prefix="conclusion") if answer else "",
        "dissent": job.dissent if job.has_ended else best.get("dissent", []),
        "rubric": job.rubric if job.has_ended else best.get("rubric", []),
        "checked": job.checked if job.has_ended else best.get("checked", ""),
        "has_math": has_math(rendered, result_html, short_answer(answer)),
    }


def _head_context(user: User, job: Job) -> dict[str, Any]:
    """Return what the head of the page shows: where the job comes from, and the buttons with their dialogs."""
    role = reader_role(user, job)
    may_act = role is not None and role.includes(Role.MEMBER)
    return {
        "comparison": Comparison.of(job),
        "may_act": may_act,
        "offers": offers_of(job) if may_act else [],
        **raise_context(job),
        **hint_context(),
        **question_context(job),
        **name_context(user, job),
    }


def may_share(user: User, job: Job) -> bool:
    """Tell whether there is a result, and whether it is this person's to show: who may delete it may."""
    return job.has_result and may_delete_texts(user, job)


def _owner_context(user: User, job: Job) -> dict[str, Any]:
    """Return what only whoever the result belongs to may do with it."""
    if not may_share(user, job):
        return {}
    link = ShareLink.objects.filter(job=job).first()
    address = settings.PONDER_BASE_URL + link.get_absolute_url() if link else ""
    return {
        "may_share": True,
        "share_link": link,
        "share_address": address,
        "verdicts": UserVerdict.choices,
        "verdict_teaches": job.result_kind.is_short and not _is_decided_by_checker(job),
    }


def _is_decided_by_checker(job: Job) -> bool:
    try:
        return Pinned.of(job).problem.is_checkable
    except CannotContinue:
        return True


@signed_in
@never_cache
@require_safe
def detail(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Show the job."""
    job, revision = get_live_job_for(request.user, job_id)
    context = (
        job_context(job, revision) | _head_context(request.user, job) | _owner_context(request.user, job)
    )
    context["revision"] = sealed(request, job_id, revision)
    later = list(
        jobs_of(request.user)
        .select_related(None)
        .filter(Q(parent=job) | Q(follows=job))
        .only("title", "state", "created_at", "not_before_at", "started_at", "parent_id", "follows_id")
        .order_by("created_at")[:_LATER_SHOWN]
    )
    context["reruns"] = [each for each in later if each.parent_id == job.pk]
    context["follow_ups"] = [each for each in later if each.follows_id == job.pk]
    context["hints"] = shown_hints(job)
    # The answered ones stand among the hints.
    context["questions"] = [each for each in shown_questions(job) if each.outcome and not each.answer]
    context["file_rows"] = rows_of(job)
    context["problem_html"] = render_markdown(job.problem, prefix="problem")
    context["has_math"] = context["has_math"] or has_math(context["problem_html"])
    if job.state == JobState.AWAITING_PAYMENT and has_role(request.user, Role.OWNER, job.workspace):
        pays = may_use_trial(job)
        context["spendable"] = spendable(user=request.user, workspace=job.workspace, trial_pays=pays)
    return render(request, "jobs/job/detail.html", context)


@signed_in
@never_cache
@require_safe
def live_fragment(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Return the live part of the page, with the head of the page where other buttons belong there; at the end both."""
    job, revision = get_live_job_for(request.user, job_id)
    has_other_buttons = request.GET.get("offers", offered_key(job)) != offered_key(job)

    def answer() -> HttpResponse:
        context = job_context(job, revision) | {"revision": sealed(request, job_id, revision)}
        if job.has_ended or has_other_buttons:
            context |= (
                _head_context(request.user, job) | _owner_context(request.user, job) | {"with_head": True}
            )
        return render(request, "jobs/job/live.html", context)

    if has_other_buttons and not job.has_ended:
        return answer()
    return live_reply(
        request, has_ended=job.has_ended, revision=sealed(request, job_id, revision), render=answer
    )
