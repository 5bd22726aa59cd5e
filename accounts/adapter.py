"""How allauth behaves here: who may sign up, and how its mail leaves."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest

from accounts.models import Invitation, User
from accounts.signals import mail_ready


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Applies the sign-up policy (`PONDER_SIGNUP`) and hands mail to whoever sends it."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "not_invited": "Sign-up is by invitation only. Ask the operator to invite this address.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Show the sign-up form unless sign-up is closed."""
        del request
        return bool(settings.PONDER_SIGNUP != "closed")

    def clean_email(self, email: str) -> str:
        """Refuse an address that was not invited where sign-up is by invitation."""
        cleaned: str = super().clean_email(email)
        known = User.objects.filter(email__iexact=cleaned).exists()
        invited = Invitation.objects.filter(email__iexact=cleaned).exists()
        if settings.PONDER_SIGNUP == "invitation" and not known and not invited:
            raise self.validation_error("not_invited")
        return cleaned.lower()

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Hand the mail over: it is sent as long as its code or its link works."""
        request = allauth_context.request
        site = {"request": request, "email": email, "current_site": get_current_site(request)}
        message = self.render_mail(template_prefix, email, site | context)
        has_code = "code" in context
        good_for_s = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT if has_code else settings.PASSWORD_RESET_TIMEOUT
        if not mail_ready.send(sender=type(self), message=message, good_for=timedelta(seconds=good_for_s)):
            message.send()

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign the user in as the database knows them now: proving the address may have voided a password."""
        user.refresh_from_db(fields=["password"])
        super().login(request, user)
