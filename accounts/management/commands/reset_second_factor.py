"""`manage.py reset_second_factor EMAIL`: take the second factor of somebody who lost it, and their recovery codes."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User


class Command(BaseCommand):
    """Remove a user's second factor; make sure first that the request comes from that person."""

    help = "Remove a user's passkeys, authenticator app and recovery codes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the argument."""
        parser.add_argument("email", help="the user's email address")

    def handle(self, *_: Any, **options: Any) -> None:
        """Remove them, and say so."""
        user = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if user is None:
            raise CommandError(f"No active user has the address “{options['email']}”.", returncode=2)
        removed, _ = Authenticator.objects.filter(user=user).delete()
        self.stdout.write(
            f"{user} signs in without a second factor now." if removed else f"{user} had no second factor."
        )
