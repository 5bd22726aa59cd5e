"""allauth's forms, where ours differ."""

from allauth.account.forms import LoginForm


class SignInForm(LoginForm):  # type: ignore[misc]
    """Takes a password although signing up asks for none: whoever set one in the settings may use it."""

    def _setup_password_field(self) -> None:
        """Keep the field; allauth drops it where signing up has no password."""
