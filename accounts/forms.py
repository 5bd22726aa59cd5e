"""allauth's forms, where ours differ."""

from allauth.account.forms import LoginForm, SignupForm
from allauth.account.internal.flows.signup import complete_signup
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import User


class SignInForm(LoginForm):  # type: ignore[misc]
    """Takes a password although signing up asks for none: a person who set one in the settings may use it."""

    def _setup_password_field(self) -> None:
        """Keep the field; allauth drops it where signing up has no password."""


class SignUpForm(SignupForm):  # type: ignore[misc]
    """Goes on where an earlier try to sign up ended: the same address sent again gets another code."""

    account_already_exists: bool

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Create the user. An unverified address gets a code, a verified one an email that says so."""
        if not self.account_already_exists:
            try:
                with transaction.atomic():
                    made: tuple[User, None] = super().try_save(request)
            except IntegrityError:  # the same form was sent twice at once, and the other one was quicker
                self.account_already_exists = True
            else:
                return made
        address = self.cleaned_data["email"]
        waiting = User.objects.filter(email__iexact=address, is_active=True, last_login=None).exclude(
            pk__in=EmailAddress.objects.filter(verified=True).values("user")
        )
        if (user := waiting.first()) and not user.has_usable_password():
            return user, complete_signup(request, user=user)
        unchanged: tuple[None, HttpResponse] = super().try_save(request)
        return unchanged
