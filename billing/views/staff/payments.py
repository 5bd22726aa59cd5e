"""Payments that need a person, for staff: what is wrong, trying an event again, closing what was dealt with by hand."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.errors import BillingError
from billing.models import StripeEvent
from billing.payments import inbox
from billing.payments.problems import close_problem, problem_top_ups, stuck_events
from billing.views.staff.period import paged

_ROWS = 50


class CloseForm(forms.Form):
    """Which top-up was dealt with, and how."""

    top_up = forms.UUIDField()
    reason = forms.CharField(max_length=200)


@staff_with(Right.SETTLE_PAYMENTS)
@require_GET
def payments(request: AuthedRequest) -> HttpResponse:
    """Show payments that do not match and events that keep failing, the oldest first."""
    context = {
        **paged(request, problem_top_ups(), name="top_ups", rows=_ROWS),
        **paged(request, stuck_events(), name="events", rows=_ROWS),
    }
    return render(request, "billing/staff/payments.html", context)


@staff_with(Right.SETTLE_PAYMENTS)
@require_POST
def retry_event(request: AuthedRequest) -> HttpResponse:
    """Process one event again, now: that credits nothing twice."""
    event_id = request.POST.get("event", "").replace("\0", "")[:255]
    try:
        inbox.replay(event_id)
    except StripeEvent.DoesNotExist:
        messages.warning(request, "This event is not known here.")
    except BillingError as error:
        messages.warning(request, error.message)
    except Exception as error:  # noqa: BLE001  (kept with the event; whatever it is, the page shows it)
        messages.warning(request, f"It failed again: {type(error).__name__}: {error}")
    else:
        messages.success(request, "The event is processed.")
    back = request.headers.get("Referer", "")
    return redirect("stripe" if reverse("stripe") in back else "cost-review-payments")


@staff_with(Right.SETTLE_PAYMENTS)
@require_POST
def close_payment(request: AuthedRequest) -> HttpResponse:
    """Take a top-up off the list that was refunded or credited by hand."""
    form = CloseForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say how it was dealt with; other staff will read it.")
        return redirect("cost-review-payments")
    try:
        close_problem(form.cleaned_data["top_up"], by=request.user, reason=form.cleaned_data["reason"])
    except BillingError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, "Closed.")
    return redirect("cost-review-payments")
