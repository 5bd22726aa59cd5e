"""`manage.py traces sft|pairs [FILE]`: verified traces as JSON lines, of users who agreed to it."""

import contextlib
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from jobs.learning.traces import FORMS, traces
from jobs.management.new_file import new_file


class Command(BaseCommand):
    """Export traces for fine-tuning; nothing of users who have not agreed."""

    help = "Write verified replies (sft), or pairs of a verified and a rejected reply (pairs), as JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("form", choices=FORMS, help="sft: chat messages; pairs: prompt, chosen, rejected")
        parser.add_argument("file", nargs="?", type=Path, help="the file to write; it must not exist yet")
        parser.add_argument(
            "--kind", default="", help="only problems of this kind, such as countdown or number"
        )
        parser.add_argument("--model", default="", help="only replies from this model")
        parser.add_argument(
            "--per-job", type=int, default=4, help="at most this many lines per job (default: 4)"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Write the lines; the count goes to standard error."""
        if options["per_job"] < 1:
            raise CommandError("--per-job: expected a whole number of at least 1, such as 4.", returncode=2)
        found = traces(
            options["form"], per_job=options["per_job"], kind=options["kind"], model=options["model"]
        )
        count = 0
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(new_file(options["file"], "w")) if options["file"] else self.stdout
            for line in found:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                count += 1
        agreed = User.objects.filter(share_traces=True).count()
        self.stderr.write(f"Traces written: {count}. Users who agreed: {agreed}.")
