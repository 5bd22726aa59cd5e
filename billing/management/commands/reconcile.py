"""`manage.py reconcile`: the checks R1 to R4 at the terminal, and reports of providers from files."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.errors import BillingError
from billing.models import ItemState
from billing.reconciliation.daily import DAYS, reconcile
from billing.reconciliation.items import take_report
from billing.reconciliation.report import MAX_BYTES, read_csv
from billing.stops import providers


class Command(BaseCommand):
    """Reconciles, or takes a report first."""

    help = (
        "Check the books (R1), calls against second opinions (R2), providers' cost reports against calls (R3) and "
        "Stripe (R4). Exit status 1: something is open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--report", type=Path, help="a provider's cost report as CSV, taken first")
        parser.add_argument("--provider", default="", help="whose report it is, such as openai")
        parser.add_argument(
            "--complete",
            action="store_true",
            help="models that the report does not name were billed at nothing",
        )
        parser.add_argument("--days", type=int, default=DAYS, help="whole days to fetch from providers")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the report, then check."""
        del args
        if not 1 <= options["days"] <= 31:
            raise CommandError("--days: from 1 to 31.")
        if options["report"]:
            self._take(options)
        run = reconcile(days=options["days"])
        for name, found in run.findings.items():
            self.stdout.write(f"{name}: {found['open']} open")
            for line in found["lines"]:
                self.stdout.write(f"  {line}")
        if any(found["open"] for found in run.findings.values()):
            sys.exit(1)

    def _take(self, options: dict[str, Any]) -> None:
        path, provider = options["report"], options["provider"].strip().lower()
        known = providers()
        if provider not in known:
            whose = (
                f"“{provider[:60]}” has no model in the price book" if provider else "say whose report it is"
            )
            raise CommandError(f"--provider: {whose}. Expected one of {', '.join(known)}.")
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            report = read_csv(content, provider=provider, name=path.name, is_complete=options["complete"])
            items = take_report(report)
        except OSError as error:
            raise CommandError(f"--report: {path} cannot be read ({error.strerror}).") from error
        except BillingError as error:
            raise CommandError(error.message) from error
        closed = sum(item.state == ItemState.CLOSED for item in items)
        self.stdout.write(
            f"{path.name}: {len(items)} days and models, {closed} closed, {len(items) - closed} open."
        )
