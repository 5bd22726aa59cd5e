"""Refunds by staff: find a person, say how much and why, look at what would happen, then do it."""

import uuid
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, staff_with
from accounts.models import User, Workspace
from accounts.rights import Right
from accounts.services import ensure_personal_workspace
from billing.errors import BillingError
from billing.models import Refund
from billing.payments.refunds import ask_for_refund, plan_refund, refundable_nano
from billing.views.access import owned_by
from billing.views.refunds import RefundForm, tell_of_refund
from billing.views.staff.period import paged
from solver.core.money import usd_decimal

_ROWS = 50


class StaffRefundForm(RefundForm):
    """How much, why, and whether the second look was taken."""

    reason = forms.CharField(label="Reason", max_length=200)
    sure = forms.BooleanField(required=False)


@staff_with(Right.SETTLE_PAYMENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_refunds(request: AuthedRequest) -> HttpResponse:
    """Show refunds and a person's money; the first POST shows what would happen, the second acts."""
    sent = request.POST if request.method == "POST" else request.GET
    email, wanted = (sent.get(name, "").replace("\0", "").strip() for name in ("email", "workspace"))
    person = User.objects.filter(email__iexact=email).first() if email else None
    refunds = Refund.objects.select_related("top_up__user", "by")
    context: dict[str, Any] = {
        "email": email,
        "person": person,
        **paged(request, refunds.order_by("-created_at", "pk"), name="refunds", rows=_ROWS),
    }
    if person is None:
        return render(request, "billing/staff/refunds.html", context, status=404 if email else 200)
    context["workspaces"] = list(owned_by(person.email))
    own = ensure_personal_workspace(person)
    workspace = next(
        (each for each in [own, *context["workspaces"]] if str(each.public_id) == wanted or not wanted), None
    )
    if workspace is None:
        raise Http404
    return _refund_of(request, person, workspace, context)


def _refund_of(
    request: AuthedRequest, person: User, workspace: Workspace, context: dict[str, Any]
) -> HttpResponse:
    context["workspace"] = workspace
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
    back = urlencode({"email": person.email, "workspace": str(workspace.public_id)})
    return redirect(f"{reverse('staff-refunds')}?{back}")
