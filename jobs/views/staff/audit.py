"""The audits, for staff: the last ones, what they found, and a button for another."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from billing.models import AuditRun
from jobs.core.wake import wake_audit_worker
from jobs.views.access import require_staff

RUNS_SHOWN = 30


@never_cache
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """Show the last audits and every violation of the newest that found one."""
    require_staff(request.user)
    runs = list(AuditRun.objects.order_by("-started_at", "-pk")[:RUNS_SHOWN])
    broken = next((run for run in runs if run.violations), None)
    context = {"runs": runs, "newest": runs[0] if runs else None, "broken": broken}
    return render(request, "staff/audit.html", context)


@require_POST
def audit_now(request: HttpRequest) -> HttpResponse:
    """Let a worker run an audit now."""
    require_staff(request.user)
    if wake_audit_worker():
        messages.info(request, "The audit runs in the background. Load this page again in some seconds.")
    else:
        messages.warning(
            request, "Redis does not answer, so no worker was told. Run manage.py audit instead."
        )
    return redirect("staff-audit")
