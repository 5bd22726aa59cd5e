"""`manage.py traces sft|pairs [FILE]`: verified traces as JSON lines, of users who agreed to it."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from jobs.services.traces import FORMS, traces


class Command(BaseCommand):
    """Export traces for fine-tuning; nothing of users who have not agreed."""

    help = "Write proven replies (sft), or pairs of a proven and a refused reply (pairs), as JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("form", choices=FORMS, help="sft: chat messages; pairs: prompt, chosen, rejected")
        parser.add_argument("file", nargs="?", type=Path, help="the file to write; it must not exist yet")
        parser.add_argument(
            "--kind", default="", help="only problems of this kind, such as countdown or number"
        )
        parser.add_argument("--model", default="", help="only replies of this model")
        parser.add_argument("--per-job", type=int, default=4, help="at most so many lines a job (default: 4)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write the lines; the count goes to standard error."""
        if options["per_job"] < 1:
            raise CommandError("--per-job: expected a whole number from 1 on, such as 4.", returncode=2)
        found = traces(
            options["form"], per_job=options["per_job"], kind=options["kind"], model=options["model"]
        )
        count = 0
        with self._opened(options["file"]) as file:
            for line in found:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                count += 1
        agreed = User.objects.filter(share_traces=True).count()
        self.stderr.write(f"{count} traces of {agreed} users who agreed to share what was proven.")

    def _opened(self, path: Path | None) -> Any:
        if path is None:
            return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written ({error.strerror}). Name a file that does not exist yet.",
                returncode=2,
            ) from error
        return os.fdopen(descriptor, "w", encoding="utf-8")
