"""`manage.py audit [--json]`: check that books and jobs keep every promise; exit status 1 when one is broken."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing.books.audit import INVARIANTS as BOOKS
from jobs.upkeep.audit import INVARIANTS as JOBS
from jobs.upkeep.audit import violations


class Command(BaseCommand):
    """Audit the database."""

    help = "Check the invariants of money and jobs in the database."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print what was found."""
        found = violations()
        if options["json"]:
            listed = [{"invariant": each.invariant, "detail": each.detail} for each in found]
            self.stdout.write(json.dumps({"checked": len(BOOKS) + len(JOBS), "violations": listed}))
        else:
            for each in found:
                self.stdout.write(f"BROKEN  {each.invariant}: {each.detail}")
            self.stdout.write(f"{len(BOOKS) + len(JOBS)} invariants checked, {len(found)} violations.")
        if found:
            sys.exit(1)
