"""Every call of a job, page by page, and its texts on demand."""

from typing import NamedTuple
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import AuthedRequest, signed_in
from billing.models import Call
from files.made import pictures_made
from files.models import Attachment
from jobs.models import Job, Prompt, StepRecord
from jobs.presenters.markdown import clean_text
from jobs.presenters.work import work_of
from jobs.views.access import get_live_job_for, get_step_for, wants_fragment
from solver.core.steps import StepKind

PER_PAGE = 50


class CallRow(NamedTuple):
    """A step and the call that paid for it, if any."""

    step: StepRecord
    call: Call | None

    @property
    def seconds(self) -> float | None:
        """How long the call took."""
        end = self.step.told_at or (self.call.finished_at if self.call else None)
        return (end - self.step.created_at).total_seconds() if end else None


@signed_in
@vary_on_headers("HX-Request")
@require_safe
def steps(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Show 50 calls, the oldest first, of all or of one node of the picture; a fragment for htmx, a page otherwise."""
    job, revision = get_live_job_for(request.user, job_id)
    node = request.GET.get("node", "")
    records = (
        StepRecord.objects.filter(_of_node(job, revision, node), job=job)
        .defer("text", "reasoning")
        .order_by(F("seq").asc(nulls_last=True), "created_at", "pk")
    )
    page = Paginator(records, PER_PAGE).get_page(request.GET.get("page"))
    calls = Call.objects.in_bulk([record.pk for record in page.object_list])
    rows = [CallRow(record, calls.get(record.pk)) for record in page.object_list]
    template = "jobs/steps/steps.html#rows" if wants_fragment(request) else "jobs/steps/steps.html"
    return render(request, template, {"job": job, "page": page, "rows": rows, "node": node})


def _of_node(job: Job, revision: str, name: str) -> Q:
    """Return which steps a node of the picture stands for; all where none is named. Raises Http404."""
    if not name:
        return Q()
    search = work_of(job, revision).search
    found = search.named(name) if search else None
    if found is None:
        raise Http404
    return Q(pk__in=[mark.id for mark in found.marks])


@signed_in
@vary_on_headers("HX-Request")
@require_safe
def search_table(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Show the picture of the search as a table."""
    job, revision = get_live_job_for(request.user, job_id)
    template = "jobs/search/_table.html" if wants_fragment(request) else "jobs/search/table.html"
    return render(request, template, {"job": job, "search": work_of(job, revision).search})


@signed_in
@vary_on_headers("HX-Request")
@require_safe
def step_text(request: AuthedRequest, job_id: UUID, step_id: UUID) -> HttpResponse:
    """Show what was asked and what came back."""
    step = get_step_for(request.user, job_id, step_id)
    prompt = (
        Prompt.objects.filter(job_id=job_id, sha256=step.prompt_sha256).first()
        if step.prompt_sha256
        else None
    )
    context = {
        "job": step.job,
        "step": step,
        "messages_sent": prompt.messages if prompt else [],
        "text": clean_text(step.text),
        "reasoning": clean_text(step.reasoning),
        "pictures": _pictures_of(step),
    }
    template = "jobs/steps/step_text.html#body" if wants_fragment(request) else "jobs/steps/step_text.html"
    return render(request, template, context)


def _pictures_of(step: StepRecord) -> list[Attachment]:
    """Return the pictures that the use of a tool brought and that are there still, in its order."""
    if step.kind != StepKind.TOOL or not step.note:
        return []
    names = [each["ref"] for each in step.note.get("outcome", {}).get("pictures", [])]
    made = {file.stored_name: file for file in pictures_made(step.job_id).filter(stored_name__in=names)}
    return [made[name] for name in dict.fromkeys(names) if name in made]
