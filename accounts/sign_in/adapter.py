"""How allauth behaves here: who may sign up, whose attempts count together, and how email is sent."""

import logging
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.core.internal import ratelimit
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Invitation, User
from accounts.sign_in.fresh import just_signed_in
from accounts.sign_in.mailbox import ascii_domain
from accounts.signals import mail_ready
from accounts.workspaces.invitations import is_invited

logger = logging.getLogger(__name__)

_NEWS_GOOD_FOR = timedelta(days=3)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Applies the sign-up policy (`PONDER_SIGNUP`) and hands emails to the outbox."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "not_invited": "Sign-up is by invitation only. Ask the operator to invite this address.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Show the sign-up form unless sign-up is closed."""
        del request
        return bool(settings.PONDER_SIGNUP != "closed")

    def clean_email(self, email: str) -> str:
        """Write an address in one way, and refuse it where sign-up is by invitation and it was not invited."""
        local, _, domain = super().clean_email(email).lower().rpartition("@")
        cleaned = f"{local}@{ascii_domain(domain)}"
        known = User.objects.filter(email__iexact=cleaned).exists()
        invited = Invitation.objects.filter(email__iexact=cleaned).exists() or is_invited(cleaned)
        if settings.PONDER_SIGNUP == "invitation" and not known and not invited:
            raise self.validation_error("not_invited")
        return cleaned

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address as the trusted proxies tell it, or else the address that the request came from."""
        try:
            ip: str = super().get_client_ip(request)
        except ImproperlyConfigured as error:
            logger.warning("%s. PONDER_PROXIES says how many proxies stand in front.", error)
            ip = request.META.get("REMOTE_ADDR", "")
        return ip

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count wrong passwords by account and client address: a stranger's must not lock out the account's owner."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{ratelimit.get_ip(request)}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Hand the email to the outbox: it is sent as long as its code or its link works.

        What the signed-out ask for is counted by mailbox and client address, so that nobody can fill a mailbox, and
        nobody can use up the codes of somebody else. Raises ImmediateHttpResponse (429).
        """
        request = allauth_context.request
        if request.user.is_anonymous:
            self.count_mail(request, email)
        message = self.render_mail(
            template_prefix, email, {"email": email, **_with_our_links(request, context)}
        )
        good_for = _NEWS_GOOD_FOR
        if "code" in context:
            good_for = timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)
        elif "password_reset_url" in context:
            good_for = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
        if not mail_ready.send(sender=type(self), message=message, good_for=good_for):
            message.send()

    def count_mail(self, request: HttpRequest, email: str) -> None:
        """Count an email that this client asked for. Raises ImmediateHttpResponse (429) beyond the limit."""
        key = f"{email.lower()}:{ratelimit.get_ip(request)}"
        if not ratelimit.consume(
            request, app="allauth.account", action="mail_to_address", key=key, limit_get=True
        ):
            raise ImmediateHttpResponse(ratelimit.respond_429(request))

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        """Ask who it is before a change of how somebody signs in, unless they have just shown it.

        Raises ReauthenticationRequired for those with neither a password nor a second factor: allauth lets them pass.
        """
        del app
        request = allauth_context.request
        if just_signed_in(request):
            return False
        if not get_reauthentication_flows(request.user):
            raise ReauthenticationRequired
        return True

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, str]]:
        """Return the ways to confirm who somebody is; a code by email is one for people without a second factor."""
        methods: list[dict[str, str]] = super().get_reauthentication_methods(user)
        if user.is_authenticated and not is_mfa_enabled(user):
            url = reverse("reauthenticate-by-code")
            methods.append({"id": "code", "description": "Use a code by email", "url": url})
        return methods

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign the user in as the database knows them now: proving the address may have voided a password."""
        user.refresh_from_db(fields=["password", "session_epoch"])
        super().login(request, user)


def _with_our_links(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context with each link to this site under its configured address, whatever host the request named."""
    here = request.build_absolute_uri("/")
    ours = f"{settings.PONDER_BASE_URL}/"
    return {
        name: ours + value.removeprefix(here) if isinstance(value, str) and value.startswith(here) else value
        for name, value in context.items()
    } | {"request": request}
