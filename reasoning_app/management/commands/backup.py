"""`manage.py backup FILE`: database, stored emails and secret key in one file, while the system runs or not."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from reasoning_app.backups.backup import BackupError, Made, make_backup
from reasoning_app.embedded import UpError, ensure


class Command(BaseCommand):
    """Make a backup."""

    help = "Write a backup of the database, the stored emails, the attached files and the secret key."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the argument."""
        parser.add_argument(
            "file", help="the file to write, which must not exist yet; - writes to standard output"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Back up, starting PostgreSQL for it where it does not run."""
        if options["file"] != "-":
            target = Path(options["file"]).expanduser().resolve()
            self._report(str(target), self._make(target), self.stdout)
            return
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.DATA_DIR) as place:
            target = Path(place) / "backup.tar"
            made = self._make(target)
            with target.open("rb") as written:
                shutil.copyfileobj(written, sys.stdout.buffer)
        self._report("the backup", made, self.stderr)

    def _make(self, target: Path) -> Made:
        try:
            with ensure(settings.DATA_DIR, models=False, role="manage.py backup"):
                return make_backup(target)
        except (BackupError, UpError) as error:
            raise CommandError(str(error)) from error

    def _report(self, where: str, made: Made, out: OutputWrapper) -> None:
        key = (
            "the secret key"
            if made.has_secret_key
            else "no secret key (SECRET_KEY is set elsewhere: keep it safe)"
        )
        out.write(
            f"Wrote {where}: {made.size_bytes:,} bytes, with the database, {made.mails} emails, "
            f"{made.files} attached files, {key}."
        )
        out.write(
            "It contains everything users wrote and the key that signs their sessions. Keep it as safe as the database."
        )
