"""`manage.py forget EMAIL`: close a user's account and delete its texts, as the user could on the settings page."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from jobs.core.errors import SubmitError
from jobs.upkeep.close_account import belongings_of, cancel_jobs_of, close_account

EXIT_REFUSED = 2


class Command(BaseCommand):
    """Close an account."""

    help = "Close a user's account: delete its texts, make the address anonymous, keep the amounts."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("email", help="the user's email address")
        parser.add_argument(
            "--cancel-jobs", action="store_true", help="cancel active jobs, and wait until they have ended"
        )
        parser.add_argument(
            "--give-up-money", action="store_true", help="the user gives up the money in the wallet"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--wait", type=int, default=120, metavar="S", help="seconds to wait for cancelled jobs"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask, cancel, close."""
        user = User.objects.filter(email__iexact=options["email"], closed_at=None).first()
        if user is None:
            raise CommandError(f"No account has the address “{options['email']}”.", returncode=EXIT_REFUSED)
        if (
            not options["yes"]
            and input(f"Type {user.email} to close this account permanently: ").strip() != user.email
        ):
            raise CommandError("Nothing was changed.", returncode=EXIT_REFUSED)
        if options["cancel_jobs"]:
            self._cancel(user, options["wait"])
        try:
            deleted = close_account(user=user, gives_up_money=options["give_up_money"])
        except SubmitError as error:
            hints = {
                "under_way": " Use --cancel-jobs to cancel them.",
                "money_left": " Use --give-up-money to give it up.",
            }
            raise CommandError(error.message + hints.get(error.code, ""), returncode=EXIT_REFUSED) from error
        self.stdout.write(f"The account is closed; the texts of {deleted} jobs were deleted.")

    def _cancel(self, user: User, wait_s: int) -> None:
        cancel_jobs_of(user)
        until_s = time.monotonic() + wait_s
        while (left := belongings_of(user).under_way) and time.monotonic() < until_s:
            time.sleep(0.5)
        if left:
            raise CommandError(
                f"{left} jobs did not end within {wait_s} s: is a worker running? Nothing else was changed.",
                returncode=EXIT_REFUSED,
            )
