"""Refunds by staff: find a person, say how much and why, look at what would happen, then do it."""

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, staff_with
from accounts.models import User
from accounts.rights import Right
from accounts.services import ensure_personal_workspace
from billing.errors import BillingError
from billing.models import Refund
from billing.payments.refunds import ask_for_refund, plan_refund, refundable_nano
from billing.views.refunds import RefundForm, tell_of_refund
from solver.core.money import usd_decimal

_SHOWN = 50


class StaffRefundForm(RefundForm):
    """How much, why, and whether the second look was taken."""

    reason = forms.CharField(label="Reason", max_length=200)
    sure = forms.BooleanField(required=False)


@staff_with(Right.SETTLE_PAYMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_refunds(request: AuthedRequest) -> HttpResponse:
    """Show refunds of late and a person's money; the first POST shows what would happen, the second acts."""
    email = (
        (request.POST if request.method == "POST" else request.GET).get("email", "").replace("\0", "").strip()
    )
    person = User.objects.filter(email__iexact=email).first() if email else None
    context: dict[str, Any] = {
        "email": email,
        "person": person,
        "refunds": Refund.objects.select_related("top_up__user", "by").order_by("-created_at")[:_SHOWN],
        "shown": _SHOWN,
    }
    if person is None:
        return render(request, "billing/staff/refunds.html", context, status=404 if email else 200)
    return _refund_of(request, person, context)


def _refund_of(request: AuthedRequest, person: User, context: dict[str, Any]) -> HttpResponse:
    workspace = ensure_personal_workspace(person)
    context["refundable_nano"] = refundable_nano(workspace)
    if request.method != "POST":
        amount = usd_decimal(context["refundable_nano"])
        context["form"] = StaffRefundForm(initial={"request": uuid.uuid4(), "amount": amount})
        return render(request, "billing/staff/refunds.html", context)
    form = context["form"] = StaffRefundForm(request.POST)
    if not form.is_valid():
        return render(request, "billing/staff/refunds.html", context, status=422)
    wish = form.cleaned_data
    try:
        if not wish["sure"]:
            context["parts"] = plan_refund(workspace, wish["amount"])
            return render(request, "billing/staff/refunds.html", context)
        made = ask_for_refund(
            workspace=workspace,
            request=wish["request"],
            amount_nano=wish["amount"],
            by=request.user,
            by_staff=True,
            reason=wish["reason"],
        )
    except BillingError as error:
        form.add_error("amount", error.message)
        return render(request, "billing/staff/refunds.html", context, status=422)
    tell_of_refund(request, made)
    return redirect(f"{reverse('staff-refunds')}?email={person.email}")
