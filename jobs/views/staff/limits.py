"""Spending limits for staff: those of the installation, and any person's or workspace's."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, staff_with
from accounts.models import User
from accounts.rights import Right
from accounts.services import ensure_personal_workspace
from jobs.lifecycle.limits.spending import set_limit
from jobs.lifecycle.limits.uses import uses_of
from jobs.models import Period, SpendingLimit
from jobs.views.limits import UsdField
from jobs.views.webhooks import webhooks_of

_SITE, _USER, _WORKSPACE = "installation", "user", "workspace"
_SCOPES = [
    (_SITE, "The whole installation"),
    (_USER, "One person"),
    (_WORKSPACE, "The workspace of a person"),
]


class StaffLimitForm(forms.Form):
    """Whose limit, for how long, how much; `whose` says it as `set_limit` takes it."""

    scope = forms.ChoiceField(label="Of", choices=_SCOPES)
    email = forms.EmailField(label="Email address of the person", required=False)
    period = forms.ChoiceField(label="Per", choices=Period.choices)
    amount = UsdField("Limit in dollars; empty: none")

    def clean(self) -> dict[str, Any]:
        """Find the person where one is needed."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.whose: dict[str, Any] = {}
        scope = cleaned.get("scope")
        if scope in {_USER, _WORKSPACE} and "email" in cleaned:
            user = User.objects.filter(email__iexact=cleaned["email"]).first() if cleaned["email"] else None
            if user is None:
                self.add_error("email", "Nobody has this address. Enter the address of an account.")
            else:
                self.whose = (
                    {"user": user} if scope == _USER else {"workspace": ensure_personal_workspace(user)}
                )
        return cleaned


@staff_with(Right.CONTROL_SPENDING)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_limits(request: AuthedRequest) -> HttpResponse:
    """List every limit with what is used of it; a POST sets or lifts one."""
    form = StaffLimitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        set_limit(
            **form.whose,
            period=Period(asked["period"]),
            amount_nano=asked["amount"],
            by=request.user,
            by_staff=True,
        )
        messages.success(request, "The limit is lifted." if asked["amount"] is None else "The limit is set.")
        return redirect("staff-limits")
    in_force = SpendingLimit.objects.filter(amount_nano__gte=0).select_related("user", "workspace", "set_by")
    in_force = in_force.order_by("user", "workspace", "by_staff", "period")
    context = {"form": form, "uses": uses_of(in_force), "hooks": webhooks_of({})}
    return render(request, "staff/limits.html", context, status=422 if form.errors else 200)
