"""Saved cards and adding money by itself: what is agreed, in words; switching it on and off; removing a card."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import AuthedRequest, signed_in, with_role, workspace_of
from accounts.models import Role, Workspace
from billing.errors import BillingError, StripeProblem
from billing.models import AutoRecharge, SavedCard, StripeCustomer
from billing.payments.auto_recharge import switch_off, switch_on
from billing.payments.cards import cards_of, remove_card
from billing.payments.recharge_rules import added_this_month_nano, hindrance
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.payments.stripe_api.customers import open_portal
from billing.payments.topups import MAXIMUM_NANO, MINIMUM_NANO
from solver.core.money import MoneyError, parse_usd, usd_decimal


class UsdField(forms.CharField):
    """An amount of dollars; cleaned, it is nano-USD."""

    def __init__(self, label: str) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label=label, max_length=40, widget=widget)

    def clean(self, value: Any) -> int:
        """Read the amount."""
        typed = super().clean(value)
        try:
            return parse_usd(typed, name="Amount", minimum_nano=MINIMUM_NANO, maximum_nano=MAXIMUM_NANO)
        except MoneyError as error:
            raise forms.ValidationError(str(error)) from error


class RechargeForm(forms.Form):
    """When how much is added from which card, at most how much in a month, and that it is meant."""

    threshold = UsdField("When your money falls below")
    amount = UsdField("Add")
    cap = UsdField("At most in a calendar month")
    card = forms.ModelChoiceField(queryset=SavedCard.objects.none(), label="From")
    agrees = forms.BooleanField(
        label="Yes, charge my card without asking me each time, until I switch this off.",
        error_messages={"required": "Tick that you agree, or leave automatic top-ups off."},
    )


@with_role(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def auto_recharge(request: AuthedRequest) -> HttpResponse:
    """Show what is agreed; a POST switches it on or off."""
    workspace = workspace_of(request.user)
    if request.method != "POST":
        return _page(request, workspace, _form(request, workspace))
    if request.POST.get("what") == "off":
        switch_off(workspace)
        messages.success(request, "Automatic top-ups are off. Nothing more is charged.")
        return redirect("auto-recharge")
    form = _form(request, workspace, request.POST)
    if form.is_valid():
        try:
            switch_on(
                workspace=workspace,
                user=request.user,
                card=form.cleaned_data["card"],
                threshold_nano=form.cleaned_data["threshold"],
                amount_nano=form.cleaned_data["amount"],
                monthly_cap_nano=form.cleaned_data["cap"],
            )
        except BillingError as error:
            form.add_error("cap" if error.code == "cap_too_low" else "card", error.message)
        else:
            messages.success(request, "Automatic top-ups are on.")
            return redirect("auto-recharge")
    return _page(request, workspace, form, status=422)


@signed_in
@require_POST
def card_remove(request: AuthedRequest, card_id: UUID) -> HttpResponse:
    """Forget a card, here and at Stripe; somebody else's does not exist."""
    get_object_or_404(SavedCard, pk=card_id, user=request.user)
    try:
        card = remove_card(card_id, user=request.user)
    except BillingError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, f"{card.words} is removed. It is not charged any more.")
    return redirect("auto-recharge")


@with_role(Role.OWNER)
@require_POST
def portal(request: AuthedRequest) -> HttpResponse:
    """Send the user to Stripe's page with their invoices, receipts, cards and billing address."""
    workspace = workspace_of(request.user)
    customer = StripeCustomer.objects.filter(workspace=workspace).first()
    if customer is None:
        messages.info(request, "Stripe knows no invoices or cards of yours yet.")
        return redirect("payments")
    try:
        url = open_portal(
            customer=customer.customer, return_url=settings.PONDER_BASE_URL + reverse("payments")
        )
    except StripeProblem:
        messages.warning(request, "Stripe's page could not be opened. Try again in a minute.")
        return redirect("payments")
    return HttpResponseRedirect(url, status=303)


def _form(request: AuthedRequest, workspace: Workspace, sent: Any = None) -> RechargeForm:
    rule = _rule(workspace)
    initial: dict[str, Any] = {"threshold": "5", "amount": "20", "cap": "100"}
    if rule is not None:
        initial = {
            "threshold": usd_decimal(rule.threshold_nano),
            "amount": usd_decimal(rule.amount_nano),
            "cap": usd_decimal(rule.monthly_cap_nano),
        }
    form = RechargeForm(sent, initial=initial)
    card = form.fields["card"]
    assert isinstance(card, forms.ModelChoiceField)  # declared above
    card.queryset, card.empty_label = cards_of(workspace, request.user), None
    return form


def _rule(workspace: Workspace) -> AutoRecharge | None:
    found = AutoRecharge.objects.filter(workspace=workspace)
    return found.select_related("workspace", "user", "card").first()


def _page(
    request: AuthedRequest, workspace: Workspace, form: RechargeForm, *, status: int = 200
) -> HttpResponse:
    rule = _rule(workspace)
    context = {
        "rule": rule,
        "why_not": hindrance(rule) if rule is not None else None,
        "added_nano": added_this_month_nano(rule) if rule is not None else 0,
        "cards": list(cards_of(workspace, request.user)),
        "form": form,
        "missing_settings": stripe_gateway.missing_settings(),
    }
    return render(request, "billing/auto_recharge.html", context, status=status)
