"""`manage.py up`: see reasoning_app/embedded/up.py."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Hands over to the supervisor."""

    help = (
        "Start PostgreSQL, Redis, the demo model, web, worker and clock on this machine; Ctrl-C stops them."
    )
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Become the supervisor: it needs neither Django nor the memory that Django takes."""
        os.execv(sys.executable, [sys.executable, "-m", "reasoning_app.embedded", *argv[2:]])  # noqa: S606

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Do nothing: `run_from_argv` took over."""
