"""`manage.py backup FILE`: database, stored mails and secret key in one file, while the system runs or not."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reasoning_app.backup import BackupError, make_backup
from reasoning_app.embedded import UpError, ensure


class Command(BaseCommand):
    """Make a backup."""

    help = "Write a backup of the database, the stored mails and the secret key."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the argument."""
        parser.add_argument("file", type=Path, help="the file to write; it must not exist yet")

    def handle(self, *_: Any, **options: Any) -> None:
        """Back up, starting PostgreSQL for it where it does not run."""
        target: Path = options["file"].expanduser().resolve()
        try:
            with ensure(settings.DATA_DIR, demo=False, role="manage.py backup"):
                made = make_backup(target)
        except (BackupError, UpError) as error:
            raise CommandError(str(error)) from error
        key = (
            "the secret key"
            if made.has_secret_key
            else "no secret key (SECRET_KEY is set elsewhere: keep it safe)"
        )
        self.stdout.write(
            f"Wrote {target}: {made.size_bytes:,} bytes, the database, {made.mails} mails, {key}."
        )
        self.stdout.write(
            "It holds everything users wrote, and what signs their sessions: keep it as safe as the database."
        )
