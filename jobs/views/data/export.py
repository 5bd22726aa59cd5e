"""A job as files: Markdown to read, JSON to compute with. Amounts are exact decimal strings."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, signed_in
from billing.books.job_costs import job_costs
from jobs.lifecycle.quotes.records import quote_json
from jobs.models import Job, JobQuote, StepRecord
from jobs.presenters.data_fields import DataText, data_text
from jobs.presenters.deliverables import as_markdown
from jobs.presenters.markdown import clean_text
from jobs.presenters.progress import totals_of, unread_of
from jobs.presenters.sources import cited_sources
from jobs.presenters.spend import spend_of
from jobs.views.access import get_job_for
from solver.core.money import usd_decimal
from solver.core.problem.result_kind import ResultKind

_STEPS_AT_ONCE = 50


def _file_name(job: Job, suffix: str) -> str:
    return f"{slugify(job.title)[:60] or 'job'}-{str(job.pk)[:8]}.{suffix}"


@signed_in
@require_safe
def export_markdown(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Return problem, answer and receipt as Markdown."""
    job = get_job_for(request.user, job_id)
    context = {
        "job": job,
        "spend": spend_of(job),
        "totals": totals_of(job),
        "costs": job_costs(job.pk),
        "delivered": as_markdown(job.result_kind, job.answer, job.answer_text),
        "sources": cited_sources(job),
    }
    text = render_to_string("jobs/export.md", context)
    return HttpResponse(
        clean_text(text),
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{_file_name(job, "md")}"'},
    )


@signed_in
@require_safe
def export_json(request: AuthedRequest, job_id: UUID) -> StreamingHttpResponse:
    """Return the job with every call as JSON, made while it is read: memory stays flat however much it is."""
    job = get_job_for(request.user, job_id)
    return StreamingHttpResponse(
        _pieces(job),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{_file_name(job, "json")}"'},
    )


@signed_in
@require_safe
def download_result_json(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Return the data that a job delivers as JSON. Raises Http404 where it delivers none."""
    job = get_job_for(request.user, job_id)
    return _file(job, _data_of(job).json_text, "data.json", "application/json")


@signed_in
@require_safe
def download_result_csv(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Return the data that a job delivers as separated values. Raises Http404 where it delivers none."""
    job = get_job_for(request.user, job_id)
    return _file(job, _data_of(job).csv_text, "data.csv", "text/csv; charset=utf-8")


def _data_of(job: Job) -> DataText:
    found = data_text(job.answer) if job.result_kind is ResultKind.DATA else None
    if found is None:
        raise Http404
    return found


def _file(job: Job, text: str, suffix: str, content_type: str) -> HttpResponse:
    return HttpResponse(
        clean_text(text) + "\n",
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{_file_name(job, suffix)}"'},
    )


def _pieces(job: Job) -> Iterator[str]:
    """Yield one JSON object in pieces: the job, then its steps one by one as the last of its values."""
    yield _json(_as_json(job)).removesuffix("\n}") + ',\n  "steps": ['
    separator = "\n"
    steps = StepRecord.objects.filter(job=job).defer("reasoning").order_by("seq", "created_at")
    for step in steps.iterator(_STEPS_AT_ONCE):
        yield separator + textwrap.indent(_json(_step_as_json(step)), "    ")
        separator = ",\n"
    yield "\n  ]\n}\n"


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _as_json(job: Job) -> dict[str, Any]:
    spend, totals, costs = spend_of(job), totals_of(job), job_costs(job.pk)
    quote = JobQuote.objects.filter(job=job).first()
    return {
        "id": str(job.pk),
        "title": job.title,
        "tags": job.tags,
        "problem": job.problem,
        "follows": job.follows_id,
        "context": job.context or None,
        "questions": [
            {key: each[key] for key in ("text", "suggestions", "cost_nano", "asked_at", "how", "answer")}
            for each in job.questions
        ],
        "hints": [{key: each[key] for key in ("text", "starts_afresh", "at")} for each in job.hints],
        "files": job.files or None,
        "sources": [each._asdict() for each in cited_sources(job)],
        "checker": job.checker or None,
        "strategy": job.strategy,
        "state": job.state,
        "stop_reason": job.stop_reason or None,
        "stop_reason_words": job.stop_reason_words or None,
        "error": job.error or None,
        "texts_deleted_at": job.texts_deleted_at,
        "answer": job.answer or None,
        "answer_text": job.answer_text or None,
        "is_guess": job.is_guess,
        "confidence": None if job.confidence is None else f"{job.confidence:.4f}",
        "explanation": job.explanation or None,
        "checked": job.checked or None,
        "user_verdict": job.user_verdict or None,
        "user_verdict_at": job.user_verdict_at,
        "unread": unread_of(job) or None,
        "dissent": job.dissent,
        "rubric": job.rubric or None,
        "budget_usd": usd_decimal(spend.budget_nano),
        "charged_usd": usd_decimal(spend.spent_nano),
        "returned_usd": usd_decimal(spend.returned_nano) if job.has_ended else None,
        "provider_cost_usd": usd_decimal(costs.provider_nano),
        "fee_usd": usd_decimal(costs.fee_nano),
        "never_answered": {"calls": costs.doubts, "reserved_usd": usd_decimal(costs.doubts_nano)},
        "markup_bp": job.markup_bp,
        "calls": totals.calls,
        "flex_calls": costs.flex_calls,
        "tokens": totals.tokens,
        "programs_run": job.programs_run,
        "programs_cpu_ms": job.programs_cpu_ms,
        "input_tokens": costs.input_tokens,
        "cached_tokens": costs.cached_tokens,
        "output_tokens": costs.output_tokens,
        "reasoning_tokens": costs.reasoning_tokens,
        "models": list(costs.models),
        "tools": [
            {"tool": each.tool, "uses": each.uses, "charged_usd": usd_decimal(each.charged_nano)}
            for each in costs.tools
        ],
        "quote": quote_json(quote) if quote else None,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def _step_as_json(step: StepRecord) -> dict[str, Any]:
    return {
        "key": step.key,
        "attempt": step.attempt,
        "kind": step.kind,
        "purpose": step.purpose,
        "model": step.model or None,
        "state": step.state,
        "status": step.status or None,
        "answer": step.answer or None,
        "verdict": step.verdict,
        "note": step.note,
        "text": step.text,
        "error": step.error or None,
        "charged_usd": usd_decimal(step.charged_nano),
        "tokens": step.tokens,
        "created_at": step.created_at,
        "told_at": step.told_at,
    }
