"""`manage.py welcome`: the ready user, a one-time link, and the sample job of the very first start.

`manage.py up` runs this in a process of its own and prints what it wrote.
"""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from accounts.services import ready_user, sign_in_link
from billing.prices.book import load_prices
from jobs.lifecycle.submission.sample import submit_sample_job


class Command(BaseCommand):
    """Prepares what `manage.py up` shows at the end of a start."""

    help = "Create the initial user operator@localhost and a one-time sign-in link; write both as JSON to a file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file to write and whether to submit the sample job."""
        parser.add_argument(
            "--output", type=Path, required=True, help="file to write, readable by its owner alone"
        )
        parser.add_argument(
            "--sample", action="store_true", help="submit the sample job, unless it was already submitted"
        )

    def handle(self, *_args: Any, output: Path, sample: bool, **_options: Any) -> None:
        """Write `email`, `link` and, where one was submitted, `sample` (its address)."""
        # PONDER_PRICES may have changed since the tables were made.
        load_prices()
        user = ready_user()
        said = {"email": user.email, "link": sign_in_link(user, settings.PONDER_BASE_URL)}
        _write(output, said)
        marker = settings.DATA_DIR / "sample-submitted"
        if sample and not marker.exists():
            job = submit_sample_job(user)
            marker.touch(mode=0o600)
            if job is not None:
                _write(output, said | {"sample": settings.PONDER_BASE_URL + job.get_absolute_url()})


def _write(path: Path, said: dict[str, str]) -> None:
    """Replace the file in one step: its reader never sees half of it."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(said, file)
    part.rename(path)
