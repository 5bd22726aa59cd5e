"""The kill switch, for staff: stop all spending or one provider, and let it go on."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.errors import BillingError
from billing.models import SpendingStop, StopScope
from billing.stops import lift, spending_stops
from billing.stops import stop as stop_calls
from billing.views.forms import StartForm, StopForm
from billing.views.staff.period import paged

_ROWS = 50


@staff_with(Right.CONTROL_SPENDING)
@require_safe
def spending(request: AuthedRequest) -> HttpResponse:
    """Show what is stopped, what was, and the control that stops."""
    return _page(request, StopForm())


@staff_with(Right.CONTROL_SPENDING)
@require_POST
def stop(request: AuthedRequest) -> HttpResponse:
    """Stop all spending, or one provider."""
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    asked = form.cleaned_data
    try:
        made = stop_calls(*_scope(asked["provider"]), reason=asked["reason"], by=request.user)
    except BillingError as error:
        form.add_error(None, error.message)
        return _page(request, form, status=422)
    messages.success(request, f"{made.what}: stopped. Calls in progress may finish; no new one is made.")
    return redirect("spending")


@staff_with(Right.CONTROL_SPENDING)
@require_POST
def start(request: AuthedRequest) -> HttpResponse:
    """Let spending go on."""
    form = StartForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why spending may go on; other staff will read it.")
        return redirect("spending")
    try:
        asked = form.cleaned_data
        ended = lift(*_scope(asked["provider"]), reason=asked["reason"], by=request.user)
    except BillingError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, f"{ended.what}: allowed again. Jobs that wait for it continue.")
    return redirect("spending")


def _scope(provider: str) -> tuple[StopScope, str]:
    return (StopScope.PROVIDER if provider else StopScope.EVERYTHING), provider


def _page(request: AuthedRequest, form: StopForm, *, status: int = 200) -> HttpResponse:
    now = [
        (each, StartForm(initial={"provider": each.subject}, auto_id=f"start-{each.pk}-%s"))
        for each in spending_stops().select_related("by")
    ]
    earlier = (
        SpendingStop.objects.exclude(scope=StopScope.MODEL)
        .exclude(lifted_at=None)
        .select_related("by", "lifted_by")
    )
    earlier = earlier.order_by("-created_at", "-pk")
    context = {"now": now, "form": form, **paged(request, earlier, name="earlier", rows=_ROWS)}
    return render(request, "billing/staff/spending.html", context, status=status)
