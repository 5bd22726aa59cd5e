"""What a password must not be, beyond Django's own rules."""

import re

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

_FEWEST_CHARACTERS = 5


class GuessablePasswordValidator:
    """Refuses a common password made long: repeated, or with digits and signs around it, or of few characters."""

    def __init__(self) -> None:
        self._common = CommonPasswordValidator().passwords

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for such a password."""
        del user
        letters = re.sub(r"^[^a-z]+|[^a-z]+$", "", password.casefold())
        once = re.sub(r"^(.+?)\1+$", r"\1", letters)
        if len(set(password)) < _FEWEST_CHARACTERS or {letters, once} & self._common:
            raise ValidationError(
                "This is a common password with something added. Use several words, or let a password manager make one.",
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        """Return the rule."""
        return "Your password can’t be a common one with digits or signs around it, or repeated."
