"""Shows the result of a job to whoever has its link: made and revoked by whoever made the job."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import AuthedRequest, signed_in
from jobs.models import ShareLink
from jobs.presenters.markdown import has_math, render_markdown
from jobs.upkeep.delete_texts import may_delete_texts
from jobs.views.access import get_job_to_change, get_shared_job
from jobs.views.job_page.detail import job_context, may_share


@signed_in
@require_POST
def share_job(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Make the link of a job, or change what it shows; the address stays."""
    job = get_job_to_change(request.user, job_id)
    if not may_share(request.user, job):
        messages.error(request, "This result is not yours to share, or there is none yet.")
        return redirect(job)
    shown = {
        "shows_costs": "shows_costs" in request.POST,
        "on_first_page": request.user.is_staff and "on_first_page" in request.POST,
    }
    ShareLink.objects.update_or_create(
        job=job, defaults=shown, create_defaults=shown | {"created_by": request.user}
    )
    return redirect(f"{job.get_absolute_url()}#share-h")


@signed_in
@require_POST
def unshare_job(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Revoke the link of a job; a second click is harmless."""
    job = get_job_to_change(request.user, job_id)
    if not may_delete_texts(request.user, job):
        messages.error(
            request, "Only the person who created this job, or a workspace owner, can revoke its link."
        )
        return redirect(job)
    if ShareLink.objects.filter(job=job).delete()[0]:
        messages.info(request, "The link was revoked. Whoever opens it now finds nothing.")
    return redirect(job)


@never_cache
@require_safe
def shared_job(request: HttpRequest, token: str) -> HttpResponse:
    """Show what was asked and what came back to everybody with the link, and the receipt where that was chosen.

    No search engine lists the page, and its address is told to no other site.
    """
    link, job, revision = get_shared_job(token)
    problem_html = render_markdown(job.problem, prefix="problem")
    context = job_context(job, revision, with_passages=False) | {
        "link": link,
        "is_shared": True,
        "problem_html": problem_html,
    }
    context["has_math"] = context["has_math"] or has_math(problem_html)
    page = render(request, "jobs/result/shared.html", context)
    page["X-Robots-Tag"] = "noindex, nofollow"
    page["Referrer-Policy"] = "no-referrer"
    return page
