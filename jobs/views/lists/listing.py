"""The list of jobs: search, state, tag, order, pages, sums; and the same as CSV."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import AuthedRequest, signed_in
from accounts.models import User
from billing.cost_review.csv_reply import csv_reply
from jobs.core.states import UserVerdict
from jobs.models import Job
from jobs.presenters.kept import Kept
from jobs.presenters.markdown import clean_text
from jobs.presenters.spend import Spend, spend_of
from jobs.templatetags.ponder import percent, seconds_words
from jobs.views.access import wants_fragment
from jobs.views.lists.bulk import ACTIONS
from jobs.views.lists.job_filter import SORTS, STATES, JobFilter, page_of, tags_of
from solver.core.money import usd_decimal
from solver.inference.explanation import FAILED, PASSED

PER_PAGE = 25
_JOBS_AT_ONCE = 200
_MOST_DIGITS = 10
_ANSWER_CHARS = 1_000
_CSV_HEADER = (
    "id", "title", "state", "tags", "answer", "confidence", "checked", "judged", "budget_usd", "spent_usd",
    "reserved_usd", "created_at", "started_at", "finished_at", "link",
)  # fmt: skip
_JUDGED = {UserVerdict.RIGHT.value: "Judged right", UserVerdict.WRONG.value: "Judged wrong"}
_TEXTS = ("problem", "context", "answer_text", "best", "dissent", "rubric", "checker", "options")


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
        if job.is_untested:
            return "not tested"
        mark = f"{PASSED} " if job.checked.startswith(PASSED) else ""
        if job.confidence is not None:
            return f"{mark}{percent(job.confidence)} confident"
        return f"{mark}checked" if mark else ""

    @property
    def judged(self) -> str:
        """Return what a person said of the answer; nothing where they could not tell."""
        return _JUDGED.get(self.job.user_verdict, "")

    @property
    def html(self) -> SafeString:
        """The row of an ended job, the same for whoever may see it, kept for as long as it would say the same."""
        job = self.job
        dots = len(job.outline.get("dots", ())) if job.outline else 0
        age = seconds_words((timezone.now() - job.created_at).total_seconds())
        shown = (job.pk, job.version, job.texts_deleted_at, job.title, *job.tags, self.judged, age, dots)
        return _rows.get(shown, self._rendered)

    def _rendered(self) -> SafeString:
        return render_to_string("jobs/list/_row.html", {"row": self})


_rows = Kept[tuple[Any, ...], SafeString](most=2_000)


@signed_in
@vary_on_headers("HX-Request")
@require_safe
def job_list(request: AuthedRequest) -> HttpResponse:
    """Show the user's jobs."""
    chosen = JobFilter.read(request.GET)
    jobs = chosen.jobs(request.user)
    ids, number, sums = page_of(jobs, _page_asked(request.GET.get("page", "")), size=PER_PAGE)
    found = {job.pk: job for job in jobs.defer(*_TEXTS).order_by().filter(pk__in=ids)}
    pages = Paginator([found[each] for each in ids if each in found], PER_PAGE)
    pages.count = sums.jobs
    address = chosen.address
    context: dict[str, Any] = {
        "rows": [Row(job, spend_of(job)) for job in pages.object_list],
        "page": Page(pages.object_list, number, pages),
        "sums": sums,
        "chosen": chosen,
        "actions": ACTIONS.items(),
        "address": address,
        "link": f"?{address}&page=" if address else "?page=",
    }
    if wants_fragment(request):
        return render(request, "jobs/list/list.html#results", context)
    tags = tags_of(request.user)
    context |= {
        "tags": tags if not chosen.tag or chosen.tag in tags else [chosen.tag, *tags],
        "states": [(key, label) for key, (label, _) in STATES.items()],
        "sorts": [(key, label) for key, (label, _) in SORTS.items()],
    }
    return render(request, "jobs/list/list.html", context)


def _page_asked(typed: str) -> int:
    """Return the number of the page that an address names; what is no number names the first."""
    return int(typed) if typed.isdecimal() and len(typed) < _MOST_DIGITS else 1


@signed_in
@require_safe
def job_list_csv(request: AuthedRequest) -> HttpResponseBase:
    """Return the filtered list as CSV, made while it is read."""
    return csv_reply("jobs.csv", _CSV_HEADER, _csv_rows(request.user, JobFilter.read(request.GET)))


def _csv_rows(user: User, chosen: JobFilter) -> Iterator[list[object]]:
    for job in chosen.jobs(user).defer(*_TEXTS).iterator(_JOBS_AT_ONCE):
        spend = spend_of(job)
        reserved_nano = 0 if job.has_ended or job.escrow is None else job.escrow.balance_nano
        yield [
            str(job.pk),
            clean_text(job.title),
            job.get_state_display(),
            ", ".join(job.tags),
            clean_text(job.answer[:_ANSWER_CHARS]),
            "" if job.confidence is None else f"{job.confidence:.4f}",
            clean_text(job.checked),
            job.get_user_verdict_display(),
            usd_decimal(spend.budget_nano),
            usd_decimal(spend.spent_nano),
            usd_decimal(reserved_nano),
            job.created_at,
            job.started_at or "",
            job.finished_at or "",
            settings.PONDER_BASE_URL + job.get_absolute_url(),
        ]
