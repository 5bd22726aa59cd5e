"""`manage.py export_data EMAIL FILE`: write everything that is kept of a user into one zip."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from jobs.management.new_file import new_file
from jobs.upkeep.export_data import export_data


class Command(BaseCommand):
    """Export a user's data, as the settings page does."""

    help = "Write a user's jobs, calls, ledger and profile to a zip file."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("email", help="the user's email address")
        parser.add_argument("file", type=Path, help="the zip file to write; it must not exist yet")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write the file, readable by its owner alone."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"No account has the address “{options['email']}”.", returncode=2)
        with new_file(options["file"], "wb") as file:
            for chunk in export_data(user):
                file.write(chunk)
        self.stdout.write(f"Wrote {options['file']} ({options['file'].stat().st_size} bytes).")
