"""A job's receipt as a page to print, as CSV and as JSON: each model at each price, and what came back."""

from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, signed_in
from billing.books.receipt import RECEIPT_HEADER, receipt_json, receipt_of, receipt_rows
from billing.cost_review.csv_reply import csv_reply
from jobs.models import Job
from jobs.presenters.spend import spend_of
from jobs.views.access import get_job_for
from solver.core.money import usd_decimal


@signed_in
@require_safe
def receipt(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Show the receipt of a job that has ended, in lines that add up to what was charged."""
    job = _ended(request, job_id)
    return render(
        request, "jobs/job/receipt.html", {"job": job, "spend": spend_of(job), "receipt": receipt_of(job.pk)}
    )


@signed_in
@require_safe
def receipt_csv(request: AuthedRequest, job_id: UUID) -> StreamingHttpResponse:
    """Download the lines of the receipt."""
    job = _ended(request, job_id)
    return csv_reply(f"receipt-{str(job.pk)[:8]}.csv", RECEIPT_HEADER, receipt_rows(receipt_of(job.pk)))


@signed_in
@require_safe
def receipt_as_json(request: AuthedRequest, job_id: UUID) -> JsonResponse:
    """Download the receipt; amounts are exact decimal strings."""
    job = _ended(request, job_id)
    spend = spend_of(job)
    facts = {
        "job": str(job.pk),
        "title": job.title,
        "finished_at": job.finished_at,
        "markup_bp": job.markup_bp,
        "budget_usd": usd_decimal(spend.budget_nano),
        "charged_usd": usd_decimal(spend.spent_nano),
        "returned_usd": usd_decimal(spend.returned_nano),
    }
    reply = JsonResponse(facts | receipt_json(receipt_of(job.pk)), json_dumps_params={"indent": 2})
    reply["Content-Disposition"] = f'attachment; filename="receipt-{str(job.pk)[:8]}.json"'
    return reply


def _ended(request: AuthedRequest, job_id: UUID) -> Job:
    """Return the user's job. Raises Http404 for another's, and for one that has no receipt yet."""
    job = get_job_for(request.user, job_id)
    if not job.has_ended:
        raise Http404
    return job
