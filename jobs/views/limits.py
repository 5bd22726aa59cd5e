"""Spending limits of the person who asks: what is used of each, and forms for those that they may set."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, has_role, require_role, signed_in, workspace_of
from accounts.models import Membership, Role, User, Workspace
from jobs.lifecycle.limits.spending import set_limit
from jobs.lifecycle.limits.uses import limits_in_force, limits_of_members, uses_of
from jobs.models import Period, SpendingLimit
from jobs.views.webhooks import webhooks_of
from solver.core.money import MoneyError, parse_usd, usd_decimal

_MOST_NANO = 10**9 * 10**9
"""A billion dollars: more fits into no wallet."""


class UsdField(forms.CharField):
    """An optional amount of dollars; cleaned, it is nano-USD, or None where nothing was typed."""

    def __init__(self, label: str) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label=label, max_length=40, required=False, widget=widget)

    def clean(self, value: Any) -> Any:
        """Read the amount; nothing is None."""
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return parse_usd(typed, name="Limit", maximum_nano=_MOST_NANO, allow_zero=True)
        except MoneyError as error:
            raise forms.ValidationError(str(error)) from error


class LimitsForm(forms.Form):
    """The limits of one person or workspace, a field for each period."""

    day = UsdField("Per day")
    month = UsdField("Per month")


def _whose(request: AuthedRequest, what: str) -> dict[str, Any]:
    """Return whose limit is set: the person's own, or that of a workspace they own; empty where they may not."""
    if what == "user":
        return {"user": request.user}
    workspace = workspace_of(request.user)
    return {"workspace": workspace} if _may_set_for(request.user, workspace) else {}


def _may_set_for(user: User, workspace: Workspace) -> bool:
    """Tell whether the user owns a workspace with others in it; alone, their own limits are the same."""
    return has_role(user, Role.OWNER, workspace) and workspace.memberships.count() > 1


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: AuthedRequest) -> HttpResponse:
    """Show what is used of the limits that concern the user; a POST sets their own or those of their workspace."""
    if request.method != "POST":
        return _page(request, {})
    what = request.POST.get("what", "")
    whose = _whose(request, what)
    form = LimitsForm(request.POST, auto_id=f"{what}-%s")
    if not whose:
        messages.warning(request, "Only an owner of the workspace can set its limits. Nothing was changed.")
        return redirect("limits")
    if not form.is_valid():
        return _page(request, {what: form}, status=422)
    _save(request, form, whose)
    return redirect("limits")


def _save(request: AuthedRequest, form: LimitsForm, whose: dict[str, Any]) -> None:
    for period in Period:
        amount_nano = form.cleaned_data[period]
        set_limit(**whose, period=period, amount_nano=amount_nano, by=request.user, by_staff=False)
    messages.success(
        request, "Saved. Limits apply to jobs that are submitted or given more money from now on."
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def member_limits(request: AuthedRequest, membership_id: int) -> HttpResponse:
    """Show an owner what a member may spend of the workspace's money; a POST sets it."""
    membership = get_object_or_404(Membership.objects.select_related("user", "workspace"), pk=membership_id)
    require_role(request.user, Role.OWNER, membership.workspace_id)
    whose = {"user": membership.user, "workspace": membership.workspace}
    form = (
        LimitsForm(request.POST, auto_id="member-%s") if request.method == "POST" else _form("member", whose)
    )
    if form.is_bound and form.is_valid():
        _save(request, form, whose)
        return redirect("workspace")
    uses = uses_of(limits_of_members(membership.workspace, user=membership.user))
    context = {"membership": membership, "member_form": form, "uses": uses}
    return render(request, "limits/member.html", context, status=422 if form.errors else 200)


def _page(request: AuthedRequest, bound: dict[str, LimitsForm], *, status: int = 200) -> HttpResponse:
    workspace = workspace_of(request.user)
    context: dict[str, Any] = {
        "uses": [
            use
            for use in uses_of(limits_in_force(user=request.user, workspace=workspace))
            if use.limit.user_id or use.limit.workspace_id
        ],
        "user_form": bound.get("user") or _form("user", {"user": request.user}),
        "workspace": workspace,
        "user_hooks": webhooks_of({"user": request.user}),
    }
    if _may_set_for(request.user, workspace):
        context["workspace_hooks"] = webhooks_of({"workspace": workspace})
        context["workspace_form"] = bound.get("workspace") or _form("workspace", {"workspace": workspace})
    return render(request, "limits/limits.html", context, status=status)


def _form(what: str, whose: dict[str, Any]) -> LimitsForm:
    of_whom = {"user": None, "workspace": None} | whose
    set_now = SpendingLimit.objects.filter(**of_whom, by_staff=False, amount_nano__gte=0)
    amounts = {limit.period: usd_decimal(limit.amount_nano or 0) for limit in set_now}
    return LimitsForm(initial=amounts, auto_id=f"{what}-%s")
