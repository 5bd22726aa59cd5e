"""`manage.py grant EMAIL 10.00 --reason "…"`: gives a user money from the house."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing.books.wallet import balances, grant
from billing.errors import BillingError
from solver.core.money import NANO_PER_USD, MoneyError, format_usd_exact, parse_usd

_MOST_NANO = 1_000_000 * NANO_PER_USD


class Command(BaseCommand):
    """Gives money, with a reason that the user can read on the wallet page."""

    help = "Give a user money: to the wallet, or as trial credit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("email", help="the user's email address")
        parser.add_argument("amount", help="dollars, such as 10.00")
        parser.add_argument("--reason", required=True, help="shown on the wallet page")
        parser.add_argument("--trial", action="store_true", help="as trial credit (bundled models only)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Post the grant and say what there is now."""
        del args
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(
                f"No user has the address {options['email']}. Check the address, or ask the person to sign up first."
            )
        workspace = ensure_personal_workspace(user)
        try:
            amount = parse_usd(options["amount"], name="Amount", maximum_nano=_MOST_NANO)
            grant(
                workspace=workspace,
                amount_nano=amount,
                by=None,
                reason=options["reason"],
                to_trial=options["trial"],
            )
        except (MoneyError, BillingError) as error:
            raise CommandError(str(error)) from error
        has = format_usd_exact(balances(workspace).available_nano)
        self.stdout.write(
            f"{user.email} received {format_usd_exact(amount)}; wallet and trial credit now have {has}."
        )
