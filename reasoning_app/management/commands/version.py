"""`manage.py version`: which Ponder this is (`--version` is Django's)."""

from typing import Any

from django.core.management.base import BaseCommand

from reasoning_app import __version__


class Command(BaseCommand):
    """Print the version."""

    help = "Print the version of Ponder."
    requires_system_checks = ()

    def handle(self, *_: Any, **_options: Any) -> None:
        """Print it."""
        self.stdout.write(f"Ponder {__version__}")
