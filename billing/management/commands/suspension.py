"""`manage.py suspension`: lists suspended models; with a name, suspends one or lifts its suspension."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.errors import BillingError
from billing.models import StopScope
from billing.stops import lift, open_stops, stop


class Command(BaseCommand):
    """Lists suspended models, suspends one, or lifts a suspension."""

    help = "List the suspended models, suspend one (MODEL --reason …), or lift a suspension (--lift)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "model", nargs="?", help="such as openai/gpt-5-mini; without it, suspended models are listed"
        )
        parser.add_argument("--lift", action="store_true", help="lift the suspension")
        parser.add_argument("--reason", default="", help="shown to other staff")

    def handle(self, *args: Any, **options: Any) -> None:
        """List, suspend or lift."""
        del args
        if not options["model"]:
            self._list()
            return
        change = lift if options["lift"] else stop
        try:
            suspension = change(StopScope.MODEL, options["model"], reason=options["reason"], by=None)
        except BillingError as error:
            raise CommandError(error.message) from error
        state = (
            "may be called again"
            if options["lift"]
            else "is suspended: no job calls it until the suspension is lifted"
        )
        self.stdout.write(f"{suspension.subject} {state}.")

    def _list(self) -> None:
        suspensions = open_stops(StopScope.MODEL).order_by("created_at")
        for suspension in suspensions:
            self.stdout.write(
                f"{suspension.subject}  since {suspension.created_at:%Y-%m-%d %H:%M}  {suspension.reason}"
            )
        self.stdout.write(f"Suspended models: {len(suspensions)}.")
