"""How allauth behaves here: who may sign up, and a personal workspace for everyone who does."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts.models import Invitation, User
from accounts.services import ensure_personal_workspace


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Applies the sign-up policy (`PONDER_SIGNUP`) and gives each new user a workspace."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "not_invited": "Sign-up here is by invitation. Ask the operator to invite this address.",
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

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002
        """Save the user and make the personal workspace."""
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            ensure_personal_workspace(saved)
        return saved
