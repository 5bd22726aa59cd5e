"""The list of jobs: search, state, order, pages."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import BigIntegerField, Case, F, Func, Q, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import AuthedRequest, signed_in
from accounts.models import User
from jobs.core.states import ACTIVE, ENDED, JobState, UserVerdict
from jobs.core.tags import MAX_TAG_CHARS
from jobs.models import Job, JobQuerySet
from jobs.presenters.spend import Spend, spend_of
from jobs.templatetags.ponder import percent
from jobs.views.access import jobs_of, wants_fragment
from solver.inference.explanation import FAILED, PASSED

PER_PAGE = 25
_MAX_QUERY = 200
_MOST_TAGS = 100
_STATES = {
    "": ("All", Q()),
    "active": ("Active", Q(state__in=sorted(ACTIVE))),
    "draft": ("Drafts", Q(state=JobState.DRAFT)),
    "awaiting_payment": ("Awaiting payment", Q(state=JobState.AWAITING_PAYMENT)),
    "paused": ("Paused", Q(state=JobState.PAUSED)),
    "done": ("Done", Q(state=JobState.DONE)),
    "unanswered": ("Without an answer", Q(state=JobState.UNANSWERED)),
    "exhausted": ("Budget reached", Q(state=JobState.EXHAUSTED)),
    "failed": ("Failed", Q(state=JobState.FAILED)),
    "cancelled": ("Cancelled", Q(state=JobState.CANCELLED)),
    "right": ("Judged right", Q(user_verdict=UserVerdict.RIGHT)),
    "wrong": ("Judged wrong", Q(user_verdict=UserVerdict.WRONG)),
}
_SORTS = {
    "": ("Newest first", ("-created_at", "pk")),
    "oldest": ("Oldest first", ("created_at", "pk")),
    "spent": ("Most spent first", ("-spent", "-created_at", "pk")),
    "budget": ("Largest budget first", ("-budget_nano", "-created_at", "pk")),
}
_JUDGED = {UserVerdict.RIGHT.value: "Judged right", UserVerdict.WRONG.value: "Judged wrong"}
_SPENT = Case(
    When(state__in=sorted(ENDED), then=F("charged_nano")),
    default=F("budget_nano") - Coalesce(F("escrow__balance_nano"), F("budget_nano")),
    output_field=BigIntegerField(),
)


class Row(NamedTuple):
    """One job and its money."""

    job: Job
    spend: Spend

    @property
    def said(self) -> str:
        """Return how good the answer is: whether it passed what was checked, and the confidence where there is one."""
        job = self.job
        if not (job.has_ended and job.answer):
            return ""
        if job.checked.startswith(FAILED):
            return f"{FAILED} check failed"
        mark = f"{PASSED} " if job.checked.startswith(PASSED) else ""
        if job.confidence is not None:
            return f"{mark}{percent(job.confidence)} sure"
        return f"{mark}checked" if mark else ""

    @property
    def judged(self) -> str:
        """Return what a person said of the answer; nothing where they could not tell."""
        return _JUDGED.get(self.job.user_verdict, "")


@signed_in
@vary_on_headers("HX-Request")
@require_safe
def job_list(request: AuthedRequest) -> HttpResponse:
    """Show the user's jobs."""
    user = request.user
    query = request.GET.get("q", "").replace("\x00", "").strip()[:_MAX_QUERY]
    state = request.GET.get("state", "") if request.GET.get("state", "") in _STATES else ""
    sort = request.GET.get("sort", "") if request.GET.get("sort", "") in _SORTS else ""
    tag = " ".join(request.GET.get("tag", "").replace("\x00", "").lower().split())[:MAX_TAG_CHARS]
    page = Paginator(_jobs(user, query, state, tag, sort), PER_PAGE).get_page(request.GET.get("page"))
    chosen = {"q": query, "state": state, "tag": tag, "sort": sort}
    tags = _tags_of(user)
    context: dict[str, Any] = {
        "rows": [Row(job, spend_of(job)) for job in page.object_list],
        "page": page,
        "chosen": chosen,
        "is_filtered": bool(query or state or tag),
        "tags": tags if not tag or tag in tags else [tag, *tags],
        "link": "?" + urlencode([pair for pair in chosen.items() if pair[1]] + [("page", "")]),
        "states": [(key, label) for key, (label, _) in _STATES.items()],
        "sorts": [(key, label) for key, (label, _) in _SORTS.items()],
    }
    return render(
        request, "jobs/list/list.html#results" if wants_fragment(request) else "jobs/list/list.html", context
    )


def _tags_of(user: User) -> list[str]:
    """Return the tags of the user's jobs, in the order of the alphabet."""
    each = (
        jobs_of(user).select_related(None).exclude(tags=[]).annotate(tag=Func(F("tags"), function="unnest"))
    )
    return list(each.order_by("tag").values_list("tag", flat=True).distinct()[:_MOST_TAGS])


def _jobs(user: User, query: str, state: str, tag: str, sort: str) -> JobQuerySet:
    jobs = jobs_of(user).filter(_STATES[state][1])
    if tag:
        jobs = jobs.filter(tags__contains=[tag])
    if query:
        jobs = jobs.filter(
            Q(title__icontains=query) | Q(problem__icontains=query) | Q(answer__icontains=query)
        )
    # What came back is pinned; a row says of a text no confidence.
    slim = (
        jobs.select_related(None)
        .select_related("escrow")
        .defer("problem", "context", "answer_text", "best", "dissent", "rubric", "checker", "options")
    )
    return slim.annotate(spent=Coalesce(_SPENT, Value(0))).order_by(*_SORTS[sort][1])
