"""Audits, for staff: the latest ones, what they found, and a button to run another."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.models import AuditRun
from jobs.core.wake import wake_audit_worker

RUNS_SHOWN = 30


@staff_with(Right.RUN_AUDITS)
@never_cache
@require_safe
def audit_list(request: AuthedRequest) -> HttpResponse:
    """Show the last audits and every violation of the newest that found one."""
    runs = list(AuditRun.objects.order_by("-started_at", "-pk")[:RUNS_SHOWN])
    broken = next((run for run in runs if run.violations), None)
    context = {"runs": runs, "newest": runs[0] if runs else None, "broken": broken}
    return render(request, "staff/audit.html", context)


@staff_with(Right.RUN_AUDITS)
@require_POST
def audit_now(request: AuthedRequest) -> HttpResponse:
    """Let a worker run an audit now."""
    if wake_audit_worker():
        messages.info(request, "The audit is running in the background. Refresh in a few seconds.")
    else:
        messages.warning(
            request, "Redis is not answering, so no worker could be notified. Run manage.py audit instead."
        )
    return redirect("staff-audit")
