"""How allauth behaves here: who may sign up, whose tries count together, and how mail leaves."""

import logging
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from accounts.mailbox import ascii_domain
from accounts.models import Invitation, User
from accounts.signals import mail_ready

logger = logging.getLogger(__name__)


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
        invited = Invitation.objects.filter(email__iexact=cleaned).exists()
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
        """Hand the mail over: it is sent as long as its code or its link works.

        What the signed-out ask for is counted by mailbox and client address, so that nobody can fill a mailbox, and
        nobody can use up the codes of somebody else. Raises ImmediateHttpResponse (429).
        """
        request = allauth_context.request
        if request.user.is_anonymous:
            self._count_mail(request, email)
        message = self.render_mail(
            template_prefix, email, {"email": email, **_with_our_links(request, context)}
        )
        has_code = "code" in context
        good_for_s = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT if has_code else settings.PASSWORD_RESET_TIMEOUT
        if not mail_ready.send(sender=type(self), message=message, good_for=timedelta(seconds=good_for_s)):
            message.send()

    def _count_mail(self, request: HttpRequest, email: str) -> None:
        key = f"{email.lower()}:{ratelimit.get_ip(request)}"
        if not ratelimit.consume(
            request, app="allauth.account", action="mail_to_address", key=key, limit_get=True
        ):
            raise ImmediateHttpResponse(ratelimit.respond_429(request))

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign the user in as the database knows them now: proving the address may have voided a password."""
        user.refresh_from_db(fields=["password"])
        super().login(request, user)


def _with_our_links(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context with each link to this site under its configured address, whatever host the request named."""
    here = request.build_absolute_uri("/")
    ours = f"{settings.PONDER_BASE_URL}/"
    return {
        name: ours + value.removeprefix(here) if isinstance(value, str) and value.startswith(here) else value
        for name, value in context.items()
    } | {"request": request}
