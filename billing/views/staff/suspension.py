"""Suspended models, for staff: which and why, a form to suspend one, a form to lift a suspension."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.errors import BillingError
from billing.models import SpendingStop, StopScope
from billing.stops import lift, stop
from billing.views.forms import LiftForm, SuspendForm
from billing.views.staff.period import paged

_ROWS = 50


@staff_with(Right.SUSPEND_MODELS)
@require_http_methods(["GET", "HEAD", "POST"])
def suspensions(request: AuthedRequest) -> HttpResponse:
    """Show current and earlier suspensions; a POST suspends a model."""
    form = SuspendForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = form.cleaned_data
            suspension = stop(StopScope.MODEL, asked["model"], reason=asked["reason"], by=request.user)
        except BillingError as error:
            form.add_error(None, error.message)
        else:
            messages.success(
                request, f"{suspension.subject} is suspended: no job calls it until the suspension is lifted."
            )
            return redirect("cost-review-suspensions")
    suspensions = (
        SpendingStop.objects.filter(scope=StopScope.MODEL)
        .select_related("call", "by", "lifted_by")
        .order_by("-created_at", "-pk")
    )
    now = [
        (suspension, LiftForm(initial={"model": suspension.subject}, auto_id=f"lift-{suspension.pk}-%s"))
        for suspension in suspensions.filter(lifted_at=None)
    ]
    earlier = paged(request, suspensions.exclude(lifted_at=None), name="earlier", rows=_ROWS)
    context = {"now": now, "form": form, **earlier}
    return render(request, "billing/staff/suspensions.html", context, status=422 if form.errors else 200)


@staff_with(Right.SUSPEND_MODELS)
@require_POST
def lift_suspension(request: AuthedRequest) -> HttpResponse:
    """Let a model be called again."""
    form = LiftForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why the model may be called again; other staff will read it.")
        return redirect("cost-review-suspensions")
    try:
        asked = form.cleaned_data
        suspension = lift(StopScope.MODEL, asked["model"], reason=asked["reason"], by=request.user)
    except BillingError as error:
        messages.warning(request, error.message)
    else:
        messages.success(
            request, f"{suspension.subject} may be called again. Jobs that wait for it continue."
        )
    return redirect("cost-review-suspensions")
