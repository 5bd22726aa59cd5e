"""A job's money: the full budget is reserved at the start, unspent money is returned at the end. In nano-USD.

Every function here belongs into the caller's transaction, so that the job and its money change together.
Lock order: escrow, then its calls, then trial credit and wallet.
"""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Now

from accounts.models import Workspace
from billing.books.ledger import (
    PROVIDER_PAYABLE,
    SUSPENSE,
    account_of,
    announce_money,
    debt_nano,
    pay_debt,
    post,
)
from billing.errors import BillingError, NotEnoughMoney
from billing.models import Account, AccountKind, Call, CallState, Entry, Transfer, TransferKind
from solver.core.money import format_usd_at_least


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a job's money ended: what the user paid, what went back, and what of that the house carries."""

    charged_nano: int
    returned_nano: int
    in_doubt_nano: int
    doubts: int = 0


def open_escrow(
    *, workspace: Workspace, job_id: uuid.UUID, version: int, amount_nano: int, trial_allowed: bool
) -> Account:
    """Reserve `amount_nano` for one version of a job and return its escrow; repeating it changes nothing.

    Trial credit (where allowed) is spent first, then the wallet. Raises NotEnoughMoney before anything is written.
    """
    key = f"escrow:{job_id}:{version}"
    existing = _escrows(job_id, version).first()
    if existing is not None and Transfer.objects.filter(key=key).exists():
        return existing
    sources = _sources(workspace, amount_nano, trial_allowed=trial_allowed)
    escrow, _ = Account.objects.get_or_create(
        kind=AccountKind.ESCROW,
        job_id=job_id,
        job_version=version,
        defaults={"workspace": workspace, "is_floored": True},
    )
    _move_in(escrow, sources, key)
    return escrow


def add_to_escrow(
    *, job_id: uuid.UUID, version: int, amount_nano: int, trial_allowed: bool, key: str
) -> Account:
    """Raise the budget of a running job by `amount_nano`, once per `key`, and return its escrow.

    Raises NotEnoughMoney before anything is written, and BillingError where the escrow is closed already.
    """
    escrow = _escrows(job_id, version).select_for_update(no_key=True).get()
    full_key = f"escrow:{job_id}:{version}:{key}"
    if Transfer.objects.filter(key=full_key).exists():
        return escrow
    if escrow.closed_at is not None:
        raise BillingError(
            "escrow_closed", "The job has ended in the meantime. Raise the budget again to continue it."
        )
    workspace = escrow.workspace
    assert workspace is not None  # escrows always belong to one
    _move_in(escrow, _sources(workspace, amount_nano, trial_allowed=trial_allowed), full_key)
    escrow.refresh_from_db()
    return escrow


def close_escrow(*, job_id: uuid.UUID, version: int) -> Settlement:
    """End one version of a job: release what is held, return what is unspent, and say what was charged.

    1. Calls that are still held become in doubt.
    2. Holds in doubt are released; the house accrues the same amounts until the provider's report says more.
    3. The rest goes back, paid money to the wallet first, then trial credit, each at most what it put in.
    4. An open debt of the workspace is paid from the wallet.

    Repeating it changes nothing and returns the same.
    """
    with transaction.atomic():
        escrow = _escrows(job_id, version).select_for_update(no_key=True).get()
        if escrow.closed_at is None:
            _doubt_what_is_held(escrow)
            _release_doubts(escrow)
            _return_unspent(escrow)
            Account.objects.filter(pk=escrow.pk).update(closed_at=Now())
    return _settlement(escrow)


def _escrows(job_id: uuid.UUID, version: int) -> QuerySet[Account]:
    return Account.objects.filter(kind=AccountKind.ESCROW, job_id=job_id, job_version=version)


def _sources(workspace: Workspace, amount_nano: int, *, trial_allowed: bool) -> dict[int, int]:
    """Lock the workspace's purses and return what each gives (account id → nano-USD)."""
    if amount_nano <= 0:
        raise BillingError("amount_not_positive", "A budget must be more than $0.00.")
    if (debt := debt_nano(workspace)) > 0:
        raise BillingError(
            "payment_disputed",
            f"A payment of yours was refunded or disputed after {format_usd_at_least(debt)} of it had been spent or "
            "reserved for jobs. New jobs can start once that is paid: add money, or wait for your running jobs to return "
            "some.",
        )
    purses = lock_purses(workspace)
    trial, wallet = purses[AccountKind.TRIAL], purses[AccountKind.WALLET]
    from_trial = min(amount_nano, trial.available_nano) if trial_allowed else 0
    from_wallet = amount_nano - from_trial
    if from_wallet > wallet.available_nano:
        raise NotEnoughMoney(
            needed_nano=amount_nano,
            usable_nano=wallet.available_nano + from_trial,
            unusable_trial_nano=0 if trial_allowed else trial.available_nano,
        )
    return {trial.pk: from_trial, wallet.pk: from_wallet}


def lock_purses(workspace: Workspace) -> dict[str, Account]:
    """Lock trial credit and wallet, in the order of their ids, opening them if needed."""
    kinds = [AccountKind.TRIAL, AccountKind.WALLET]
    purses = Account.objects.select_for_update(no_key=True).filter(workspace=workspace, kind__in=kinds)
    found = {account.kind: account for account in purses.order_by("pk")}
    if len(found) < len(kinds):
        for kind in kinds:
            account_of(workspace, kind)
        found = {account.kind: account for account in purses.order_by("pk")}
    return found


def _move_in(escrow: Account, sources: dict[int, int], key: str) -> None:
    amounts = {account: -amount for account, amount in sources.items()}
    amounts[escrow.pk] = sum(sources.values())
    post(key=key, kind=TransferKind.ESCROW, amounts=amounts, job_id=escrow.job_id)


def _doubt_what_is_held(escrow: Account) -> None:
    Call.objects.filter(escrow=escrow, state=CallState.HELD).update(
        state=CallState.IN_DOUBT,
        error="The job ended before the reply was recorded.",
        # By the clock by which all calls finish: their sums run behind that one.
        finished_at=Now(),
    )


def _release_doubts(escrow: Account) -> None:
    doubts = list(Call.objects.filter(escrow=escrow, state=CallState.IN_DOUBT).order_by("created_at", "pk"))
    Account.objects.filter(pk=escrow.pk).update(
        held_nano=F("held_nano") - sum(call.hold_nano for call in doubts)
    )
    for call in doubts:
        post(
            key=f"accrual:{call.pk}",
            kind=TransferKind.ACCRUAL,
            amounts={SUSPENSE: -call.hold_nano, PROVIDER_PAYABLE: call.hold_nano},
            job_id=escrow.job_id,
            call_id=call.pk,
        )


def _return_unspent(escrow: Account) -> None:
    assert escrow.workspace is not None  # escrows always belong to one
    purses = lock_purses(escrow.workspace)
    put_in = dict(
        Entry.objects.filter(transfer__entries__account=escrow, transfer__kind=TransferKind.ESCROW)
        .exclude(account=escrow)
        .values_list("account__kind")
        .annotate(total=-Sum("amount_nano"))
    )
    to_wallet = min(escrow.balance_nano, put_in.get(AccountKind.WALLET, 0))
    key = f"release:{escrow.job_id}:{escrow.job_version}"
    post(
        key=key,
        kind=TransferKind.RELEASE,
        amounts={
            escrow.pk: -escrow.balance_nano,
            purses[AccountKind.WALLET].pk: to_wallet,
            purses[AccountKind.TRIAL].pk: escrow.balance_nano - to_wallet,
        },
        job_id=escrow.job_id,
    )
    pay_debt(escrow.workspace, source_key=key)
    announce_money(escrow.workspace.pk)


def _settlement(escrow: Account) -> Settlement:
    calls = Call.objects.filter(escrow=escrow)
    released = Entry.objects.filter(
        account=escrow, transfer__key=f"release:{escrow.job_id}:{escrow.job_version}"
    ).aggregate(total=Sum("amount_nano"))["total"]
    charged = calls.filter(state=CallState.SETTLED).aggregate(total=Sum("billed_nano"))["total"]
    doubts = calls.filter(state=CallState.IN_DOUBT).aggregate(
        count=Count("pk"), total=Sum("hold_nano", default=0)
    )
    return Settlement(
        charged_nano=charged or 0,
        returned_nano=-(released or 0),
        in_doubt_nano=doubts["total"],
        doubts=doubts["count"],
    )
