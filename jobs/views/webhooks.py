"""Webhooks that hear of spending limits and jobs: adding one shows its secret, this once; removing one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.access import AuthedRequest, has_role, signed_in, workspace_of
from accounts.models import Role
from accounts.rights import Right
from jobs.core.rates import within_rate
from jobs.mail.hook_address import MAX_ADDRESS, HookError
from jobs.mail.webhooks import add_webhook, send_test
from jobs.models import Webhook

_TESTS_PER_MINUTE = 5
_NOT_THERE = "This webhook is not there. Nothing was changed."
USER, WORKSPACE, INSTALLATION = "user", "workspace", "installation"


class WebhookForm(forms.Form):
    """Where to."""

    address = forms.CharField(
        label="Address", max_length=MAX_ADDRESS, widget=forms.URLInput(attrs={"placeholder": "https://"})
    )


def webhooks_of(whose: dict[str, Any] | None) -> QuerySet[Webhook]:
    """Return the webhooks of a user, a workspace or, with neither named, the installation; none for None."""
    if whose is None:
        return Webhook.objects.none()
    return Webhook.objects.filter(**{"user": None, "workspace": None} | whose).order_by("created_at")


def whose(request: AuthedRequest, what: str) -> dict[str, Any] | None:
    """Return whose webhooks are meant; None where the person may not change them."""
    if what == USER:
        return {"user": request.user}
    if what == INSTALLATION:
        may = request.user.is_staff and request.user.has_perm(Right.CONTROL_SPENDING.permission)
        return {} if may else None
    workspace = workspace_of(request.user)
    owns = what == WORKSPACE and has_role(request.user, Role.OWNER, workspace)
    return {"workspace": workspace} if owns else None


@signed_in
@never_cache
@require_POST
def webhook_add(request: AuthedRequest) -> HttpResponse:
    """Add a webhook and show its secret."""
    what = request.POST.get("what", "")
    mine = whose(request, what)
    if mine is None:
        messages.warning(request, "You cannot add a webhook here. Nothing was changed.")
        return redirect("limits")
    form, hook = WebhookForm(request.POST), None
    if form.is_valid():
        try:
            hook = add_webhook(address=form.cleaned_data["address"], by=request.user, **mine)
        except HookError as error:
            form.add_error("address", str(error))
    context = {"form": form, "hook": hook, "what": what, "back": _page_of(what)}
    return render(request, "limits/webhook.html", context, status=200 if hook else 422)


@signed_in
@require_POST
def webhook_test(request: AuthedRequest) -> HttpResponse:
    """Send a webhook a test, so many a minute; the page tells what came of it once a worker has sent it."""
    hook = _named(request)
    if hook is None:
        messages.warning(request, _NOT_THERE)
    elif not within_rate(f"webhook-test:{request.user.pk}", limit=_TESTS_PER_MINUTE):
        messages.warning(request, "Too many tests. Wait a minute, then send another.")
    else:
        send_test(hook)
        messages.success(
            request, "A test is on its way. Reload this page in a moment to see what came of it."
        )
    return redirect(_page_of(request.POST.get("what", "")))


@signed_in
@require_POST
def webhook_remove(request: AuthedRequest) -> HttpResponse:
    """Remove a webhook; what was still to be sent to it is not sent."""
    hook = _named(request)
    if hook is None:
        messages.warning(request, _NOT_THERE)
    else:
        hook.delete()
        messages.success(request, "The webhook is removed.")
    return redirect(_page_of(request.POST.get("what", "")))


def _named(request: AuthedRequest) -> Webhook | None:
    """Return the webhook that a form names, if the person may change it."""
    mine = webhooks_of(whose(request, request.POST.get("what", "")))
    return next((hook for hook in mine if str(hook.pk) == request.POST.get("webhook", "")), None)


def _page_of(what: str) -> str:
    return "staff-limits" if what == INSTALLATION else "limits"
