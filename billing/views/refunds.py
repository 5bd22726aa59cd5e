"""A user's payments with their receipts, and giving unspent money back to them."""

import uuid

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import AuthedRequest, with_role, workspace_of
from accounts.models import Role
from billing.errors import BillingError
from billing.models import Refund, RefundState, StripeCustomer, TopUp
from billing.payments.refunds import ask_for_refund, refundable_nano
from billing.payments.stripe_api import gateway as stripe_gateway
from solver.core.money import NANO_PER_CENT, MoneyError, format_usd, parse_usd, usd_decimal

_ROWS = 25


class RefundForm(forms.Form):
    """How much goes back. `request` makes a second click the same wish."""

    request = forms.UUIDField(widget=forms.HiddenInput)
    amount = forms.CharField(
        label="Amount",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean_amount(self) -> int:
        """Read the amount, in nano-USD."""
        try:
            return parse_usd(self.cleaned_data["amount"], name="Amount")
        except MoneyError as error:
            raise forms.ValidationError(str(error)) from error


@with_role(Role.OWNER)
@require_GET
def payments(request: AuthedRequest) -> HttpResponse:
    """Show the payments of the user's workspace."""
    return _page(request, None)


@with_role(Role.OWNER)
@require_POST
def refund(request: AuthedRequest) -> HttpResponse:
    """Give unspent money back."""
    workspace, form = workspace_of(request.user), RefundForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        made = ask_for_refund(
            workspace=workspace,
            request=form.cleaned_data["request"],
            amount_nano=form.cleaned_data["amount"],
            by=request.user,
        )
    except BillingError as error:
        form.add_error("amount", error.message)
        return _page(request, form, status=422)
    tell_of_refund(request, made)
    return redirect("payments")


def tell_of_refund(request: AuthedRequest, made: list[Refund]) -> None:
    """Say what came of a refund so far."""
    failed = sum(each.cents for each in made if each.state == RefundState.FAILED) * NANO_PER_CENT
    under_way = sum(each.cents for each in made if each.state != RefundState.FAILED) * NANO_PER_CENT
    if under_way:
        messages.success(
            request,
            f"{format_usd(under_way)} is on its way back to the card. Banks take up to ten days to show it.",
        )
    if failed:
        messages.error(
            request,
            f"Stripe refused to give back {format_usd(failed)}. It is in the wallet again; ask the operator.",
        )


def _page(request: AuthedRequest, form: RefundForm | None, *, status: int = 200) -> HttpResponse:
    workspace = workspace_of(request.user)
    top_ups = TopUp.objects.filter(workspace=workspace).select_related("card").prefetch_related("refunds")
    page = Paginator(top_ups.order_by("-created_at", "pk"), _ROWS).get_page(request.GET.get("page"))
    left_nano = refundable_nano(workspace)
    if form is None:
        form = RefundForm(initial={"request": uuid.uuid4(), "amount": usd_decimal(left_nano)})
    context = {
        "top_ups": page.object_list,
        "page": page,
        "link": "?page=",
        "refundable_nano": left_nano,
        "form": form,
        "has_portal": StripeCustomer.objects.filter(workspace=workspace).exists()
        and not stripe_gateway.missing_settings(),
    }
    return render(request, "billing/own_payments.html", context, status=status)
