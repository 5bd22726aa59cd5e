"""Signing in by a one-time link, a person's settings, unsubscribing."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from allauth.account.app_settings import AppSettings
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.contrib import messages
from django.forms.utils import flatatt
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import AuthedRequest, signed_in
from accounts.models import User
from accounts.preferences.theme import THEME_COOKIE, THEMES, theme_of
from accounts.preferences.unsubscribe import unsubscribe, user_of
from accounts.services import end_other_sessions, redeem_sign_in_link
from accounts.sign_in.sessions import end_session, signed_in_browsers

_THEME_COOKIE_S = 400 * 24 * 3600
_KEEP_DAYS = [
    ("", "Site default"),
    (1, "1 day"),
    (7, "7 days"),
    (30, "30 days"),
    (90, "90 days"),
    (365, "365 days"),
]


@cache
def _zone_names() -> list[str]:
    """Return the zones to choose from; finding them opens every file of the zone database."""
    return sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix"))
    )


def _time_zones() -> list[tuple[str, str]]:
    site = ("", f"Site default ({settings.TIME_ZONE})")
    return [site, *((name, name.replace("_", " ")) for name in _zone_names())]


class LongSelect(forms.Select):
    """A select of hundreds of options without groups: Django's own renders two templates for each of them."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: object = None
    ) -> SafeString:
        """Return the element as the templates of `Select` would."""
        del renderer
        widget = self.get_context(name, value, attrs)["widget"]
        options = (
            (option["value"], flatatt(option["attrs"]), option["label"])
            for _, group, _ in widget["optgroups"]
            for option in group
        )
        return format_html(
            '<select name="{}"{}>{}</select>',
            widget["name"],
            flatatt(widget["attrs"]),
            format_html_join("", '<option value="{}"{}>{}</option>', options),
        )


class SettingsForm(forms.ModelForm[User]):
    """Name, emails and, on this device, the theme."""

    time_zone = forms.ChoiceField(choices=_time_zones, required=False, widget=LongSelect)
    keep_days = forms.TypedChoiceField(choices=_KEEP_DAYS, coerce=int, empty_value=None, required=False)
    theme = forms.ChoiceField(choices=list(THEMES.items()), widget=forms.RadioSelect, required=False)

    class Meta:
        model = User
        fields = (
            "name",
            "notify_when_done",
            "notify_when_exhausted",
            "notify_when_stuck",
            "notify_when_asked",
            "notify_when_failed",
            "notify_of_receipts",
            "notify_of_top_ups",
            "notify_of_limits",
            "notify_of_low_balance",
            "time_zone",
            "keep_days",
            "share_traces",
        )
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"})}


@require_GET
@never_cache
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in the link's user; a used or expired link says how to get another."""
    user = redeem_sign_in_link(token)
    if user is None:
        return render(request, "accounts/link_expired.html", status=410)
    record_authentication(request, user, method="link")
    # Whoever got the link from the operator need not prove an address, but has a second factor to show, if any.
    no_code = AppSettings.EmailVerificationMethod.NONE
    response: HttpResponse = perform_login(request, Login(user=user, email_verification=no_code))
    return response


@signed_in
@require_http_methods(["GET", "POST"])
def edit_settings(request: AuthedRequest) -> HttpResponse:
    """Show and save a person's settings."""
    user = request.user
    form = SettingsForm(request.POST or None, instance=user, initial={"theme": theme_of(request)})
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        response: HttpResponse = redirect("settings")
        response.set_cookie(
            THEME_COOKIE,
            form.cleaned_data["theme"] or "auto",
            max_age=_THEME_COOKIE_S,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response
    context = {"form": form, "keep_hint": _keep_hint(settings.PONDER_RETENTION_DAYS)}
    context["has_second_factor"] = is_mfa_enabled(user)
    context["browsers"] = signed_in_browsers(request, user)
    return render(request, "accounts/settings.html", context, status=422 if form.errors else 200)


def _keep_hint(site_days: int) -> str:
    site = (
        f"This site keeps them for {site_days} days; whichever is shorter applies"
        if site_days
        else "This site keeps them until you delete them"
    )
    return f"{site}. Receipts are kept. Texts of a job that has not ended are kept, even while it is paused."


@signed_in
@require_POST
def sign_out_elsewhere(request: AuthedRequest) -> HttpResponse:
    """End every other session of the user, and the sign-in links that were made."""
    end_other_sessions(request, request.user)
    messages.success(request, "Signed out everywhere else.")
    return redirect("settings")


@signed_in
@require_POST
def sign_out_of(request: AuthedRequest, key: int) -> HttpResponse:
    """End one other session of the user."""
    if not end_session(request, request.user, key):
        raise Http404
    messages.success(request, "Signed out there.")
    return redirect("settings")


@signed_in
@require_POST
def mail_works(request: AuthedRequest) -> HttpResponse:
    """Forget that email to this address was refused: the person confirms that it works again."""
    User.objects.filter(pk=request.user.pk).update(mail_bounced_at=None, mail_bounce="")
    messages.success(request, "Noted. The next email will be sent to your address as usual.")
    return redirect("settings")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def unsubscribe_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for confirmation on a GET (mail programs open links by themselves); a POST turns emails about jobs off.

    Exempt from CSRF: mail providers post it for their users (RFC 8058), and the signed token is the proof.
    """
    user = user_of(token)
    if user is None:
        return render(request, "accounts/unsubscribe.html", {"unknown": True}, status=404)
    if request.method == "POST":
        unsubscribe(user)
    return render(request, "accounts/unsubscribe.html", {"done": request.method == "POST"})
