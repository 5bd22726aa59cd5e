"""`manage.py sign_in_link [EMAIL]`: print a new one-time link; without an address, for the ready user."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services import ready_user, sign_in_link


class Command(BaseCommand):
    """Print a one-time sign-in link, valid for 24 hours."""

    help = "Print a one-time sign-in link for a user, or for the installation's initial user."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the argument."""
        parser.add_argument("email", nargs="?", help="the user's email address; without it, the initial user")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the link."""
        email = options["email"]
        user = User.objects.filter(email__iexact=email, is_active=True).first() if email else ready_user()
        if user is None:
            raise CommandError(
                f"No active user has the address “{email}”. Sign up first, or omit the address.", returncode=2
            )
        self.stdout.write(sign_in_link(user))
