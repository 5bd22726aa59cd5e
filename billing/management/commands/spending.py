"""`manage.py spending show|stop|start`: the kill switch at the terminal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.errors import BillingError
from billing.models import StopScope
from billing.stops import lift, spending_stops, stop


class Command(BaseCommand):
    """Shows what is stopped, stops all spending or one provider, or lets it go on."""

    help = "Show what is stopped, stop all spending (or, with --provider, calls to one provider), or let it go on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("action", choices=["show", "stop", "start"], nargs="?", default="show")
        parser.add_argument("--provider", default="", help="such as openai; without it, all spending")
        parser.add_argument("--reason", default="", help="shown to other staff")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show, stop or start."""
        del args
        if options["action"] == "show":
            self._show()
            return
        change = stop if options["action"] == "stop" else lift
        scope = StopScope.PROVIDER if options["provider"] else StopScope.EVERYTHING
        try:
            made = change(scope, options["provider"], reason=options["reason"], by=None)
        except BillingError as error:
            raise CommandError(error.message) from error
        state = "stopped. No new call is made" if options["action"] == "stop" else "allowed again"
        self.stdout.write(f"{made.what}: {state}.")

    def _show(self) -> None:
        stops = list(spending_stops())
        for each in stops:
            self.stdout.write(
                f"{each.what}: stopped since {each.created_at:%Y-%m-%d %H:%M} UTC. {each.reason}"
            )
        if not stops:
            self.stdout.write("Nothing is stopped.")
