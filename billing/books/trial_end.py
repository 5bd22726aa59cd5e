"""When trial credit ends, and taking back what is left of it then. Amounts are nano-USD."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import Workspace
from billing.books.ledger import PROMOTION, post
from billing.models import Account, AccountKind, Entry, TransferKind


def trial_ends_at(workspace: Workspace) -> datetime | None:
    """Return when the workspace's trial credit ends: some days after it was last given. None: never, or it has none."""
    purse = Account.objects.filter(kind=AccountKind.TRIAL, workspace=workspace, balance_nano__gt=0).first()
    return None if purse is None else _end_of(purse)


def end_trials() -> int:
    """Take back what is left of trial credit whose time is over; return how many workspaces lost some.

    What lies with a job is taken once the job has returned it. Repeating it changes nothing.
    """
    ended = 0
    for key in Account.objects.filter(kind=AccountKind.TRIAL, balance_nano__gt=0).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            purse = Account.objects.select_for_update().get(pk=key)
            end, left = _end_of(purse), purse.available_nano
            if end is None or end > timezone.now() or not left:
                continue
            last = Entry.objects.filter(account=purse).aggregate(last=Max("transfer"))["last"]
            post(
                key=f"trial-end:{purse.pk}:{last}",
                kind=TransferKind.TRIAL,
                amounts={purse.pk: -left, PROMOTION: left},
                memo="trial credit that was not used in time",
            )
            ended += 1
    return ended


def _end_of(purse: Account) -> datetime | None:
    if not settings.PONDER_TRIAL_DAYS:
        return None
    given = Entry.objects.filter(account=purse, transfer__kind=TransferKind.TRIAL, amount_nano__gt=0)
    last: datetime | None = given.aggregate(last=Max("transfer__effective_at"))["last"]
    return last and last + timedelta(days=settings.PONDER_TRIAL_DAYS)
