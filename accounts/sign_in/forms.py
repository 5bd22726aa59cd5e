"""allauth's forms, where ours differ."""

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, RequestLoginCodeForm, SignupForm
from allauth.account.internal.flows.signup import complete_signup
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
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


class CodeRequestForm(RequestLoginCodeForm):  # type: ignore[misc]
    """Signs in and up in one step: where an address has no account and may have one, it is made before its code is sent.

    The reply is the same either way, so that nobody learns who has an account.
    """

    _user: User | None

    def clean_email(self) -> str:
        """Return the address."""
        email: str = super().clean_email()
        if self._user is None:
            self._user = _made_for(allauth_context.request, email)
        return email


def _made_for(request: HttpRequest, email: str) -> User | None:
    """Return a new user of this address. None: sign-up is not open to it, or it belongs to a closed account."""
    if not get_adapter().is_open_for_signup(request):
        return None
    form = SignUpForm({"email": email})
    if not form.is_valid() or form.account_already_exists:
        return None
    try:
        with transaction.atomic():
            made: User = form.save(request)
    except IntegrityError:  # the same form was sent twice at once, and the other one was quicker
        return User.objects.filter(email__iexact=email, is_active=True).first()
    return made
