"""`manage.py quarantine`: the models that are not called for now; with a name it sets one aside or lifts that."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.errors import BillingError
from billing.models import Quarantine
from billing.suspension import lift, set_aside


class Command(BaseCommand):
    """Lists the models set aside; sets one aside; lifts that."""

    help = "List the models that are set aside, set one aside (MODEL --reason …), or lift that (--lift)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("model", nargs="?", help="such as openai/gpt-5-mini; without it they are listed")
        parser.add_argument("--lift", action="store_true", help="let it be called again")
        parser.add_argument("--reason", default="", help="shown to other staff")

    def handle(self, *args: Any, **options: Any) -> None:
        """List, set aside or lift."""
        del args
        if not options["model"]:
            self._list()
            return
        change = lift if options["lift"] else set_aside
        try:
            stay = change(model=options["model"], reason=options["reason"], by=None)
        except BillingError as error:
            raise CommandError(error.message) from error
        state = (
            "may be called again" if options["lift"] else "is set aside: no job calls it until that is lifted"
        )
        self.stdout.write(f"{stay.model} {state}.")

    def _list(self) -> None:
        stays = Quarantine.objects.filter(lifted_at=None).order_by("created_at")
        for stay in stays:
            self.stdout.write(f"{stay.model}  since {stay.created_at:%Y-%m-%d %H:%M}  {stay.reason}")
        self.stdout.write(f"{len(stays)} models are set aside.")
