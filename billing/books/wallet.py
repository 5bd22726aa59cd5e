"""A workspace's money at a glance, and money given by the operator. Amounts are nano-USD."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.models import User, Workspace
from billing.books.ledger import PROMOTION, Posting, account_of, announce_money, debt_nano, pay_debt, post
from billing.errors import BillingError
from billing.models import Account, AccountKind, Call, CallState, TransferKind


@dataclass(frozen=True)
class Balances:
    """What a workspace has. `available_nano` is wallet and trial credit; `held_nano` lies with its jobs.

    `debt_nano` is what it owes; while it does, it can spend nothing.
    """

    workspace: Workspace
    wallet_nano: int
    trial_nano: int
    held_nano: int
    debt_nano: int = 0

    @property
    def available_nano(self) -> int:
        """Wallet and trial credit together."""
        return self.wallet_nano + self.trial_nano

    @cached_property
    def spent_this_month_nano(self) -> int:
        """What the workspace paid for calls since the first of this month; asked for only where it is shown."""
        month = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        calls = Call.objects.filter(workspace=self.workspace, state=CallState.SETTLED, finished_at__gte=month)
        return calls.aggregate(total=Sum("billed_nano"))["total"] or 0


def balances(workspace: Workspace) -> Balances:
    """Return what a workspace has now."""
    totals = dict(
        Account.objects.filter(Q(is_floored=True) | Q(kind=AccountKind.RECEIVABLE), workspace=workspace)
        .values_list("kind")
        .annotate(total=Sum("balance_nano"))
        .order_by()
    )
    return Balances(
        workspace=workspace,
        wallet_nano=totals.get(AccountKind.WALLET, 0),
        trial_nano=totals.get(AccountKind.TRIAL, 0),
        held_nano=totals.get(AccountKind.ESCROW, 0),
        # Usually there is no such account.
        debt_nano=debt_nano(workspace) if AccountKind.RECEIVABLE in totals else 0,
    )


def grant(
    *,
    workspace: Workspace,
    amount_nano: int,
    by: User | None,
    reason: str,
    to_trial: bool = False,
    key: str | None = None,
) -> Posting:
    """Give a workspace money of the house, to its wallet or as trial credit; with a `key` at most once.

    What goes to the wallet pays an open debt first.
    """
    if amount_nano <= 0:
        raise BillingError("amount_not_positive", "A grant must be more than $0.00.")
    if not reason.strip():
        raise BillingError("reason_missing", "A grant needs a reason; it is shown on the wallet page.")
    purse = account_of(workspace, AccountKind.TRIAL if to_trial else AccountKind.WALLET)
    key = key or f"grant:{uuid.uuid4()}"
    with transaction.atomic():
        posting = post(
            key=key,
            kind=TransferKind.TRIAL if to_trial else TransferKind.GRANT,
            amounts={PROMOTION: -amount_nano, purse.pk: amount_nano},
            memo=reason,
            actor=by,
        )
        if posting.is_new and not to_trial:
            pay_debt(workspace, source_key=key)
    announce_money(workspace.pk)
    return posting
