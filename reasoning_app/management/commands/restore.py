"""`manage.py restore FILE [--replace]`: bring a backup back; jobs that ran go on, and the audit must be clean."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.upkeep.audit import violations
from reasoning_app.backups.backup import BackupError
from reasoning_app.backups.restore import restore_backup
from reasoning_app.embedded import UpError, ensure


class Command(BaseCommand):
    """Restore a backup."""

    help = "Restore a backup into an empty database, or replace the contents of one with --replace."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", help="a file that manage.py backup wrote; - reads standard input")
        parser.add_argument(
            "--replace", action="store_true", help="permanently replace what is in the database now"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Restore, then audit."""
        try:
            with (
                ensure(settings.DATA_DIR, models=False, role="manage.py restore"),
                _source(options["file"]) as source,
            ):
                restored = restore_backup(source, replace=options["replace"])
                found = violations()
        except (BackupError, UpError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Restored the backup of {restored.made_at}: the database and {restored.mails} emails. "
            f"{restored.jobs_to_continue} jobs were running then; workers continue them."
        )
        for each in found:
            self.stdout.write(f"BROKEN  {each.invariant}: {each.detail}")
        self.stdout.write(f"The audit found {len(found)} violations.")
        if found:
            sys.exit(1)


@contextmanager
def _source(name: str) -> Iterator[Path]:
    """Yield the path of the backup; what comes on standard input is kept in a file for as long as it is needed."""
    if name != "-":
        yield Path(name).expanduser().resolve()
        return
    with tempfile.NamedTemporaryFile(prefix=".restore-", dir=settings.DATA_DIR) as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield Path(file.name)
