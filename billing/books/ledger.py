"""The one way for Python to move money: balanced transfers, at most once per key. Amounts are nano-USD."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User, Workspace
from billing.errors import LedgerError
from billing.models import SYSTEM_ACCOUNTS, Account, AccountKind, Entry, Transfer, TransferKind
from billing.signals import money_arrived

REVENUE = SYSTEM_ACCOUNTS[AccountKind.REVENUE]
PROVIDER_COST = SYSTEM_ACCOUNTS[AccountKind.PROVIDER_COST]
PROVIDER_PAYABLE = SYSTEM_ACCOUNTS[AccountKind.PROVIDER_PAYABLE]
STRIPE_CLEARING = SYSTEM_ACCOUNTS[AccountKind.STRIPE_CLEARING]
STRIPE_FEES = SYSTEM_ACCOUNTS[AccountKind.STRIPE_FEES]
SUSPENSE = SYSTEM_ACCOUNTS[AccountKind.SUSPENSE]
PROMOTION = SYSTEM_ACCOUNTS[AccountKind.PROMOTION]
TAX = SYSTEM_ACCOUNTS[AccountKind.TAX]
BANK = SYSTEM_ACCOUNTS[AccountKind.BANK]

_INSERT_ONCE = """
INSERT INTO billing_transfer (kind, key, job_id, call_id, stripe_object, memo, actor_id, effective_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """A transfer, and whether this call made it."""

    transfer_id: int
    is_new: bool


@transaction.atomic
def post(
    *,
    key: str,
    kind: TransferKind,
    amounts: Mapping[int, int],
    job_id: uuid.UUID | None = None,
    call_id: uuid.UUID | None = None,
    stripe_object: str = "",
    memo: str = "",
    actor: User | None = None,
) -> Posting:
    """Move nano-USD between accounts (id → signed amount, summing to zero), once per key.

    1. Zero amounts are left out.
    2. Users' accounts are locked in the order of their ids.
    3. A key that exists already changes nothing; with other amounts than then it raises LedgerError.
    """
    wanted = {account: amount for account, amount in amounts.items() if amount}
    if sum(wanted.values()):
        raise LedgerError("unbalanced", f"Transfer {key} does not sum to zero: {wanted}.")
    lock_accounts(wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_ONCE,
            [
                kind.value,
                key,
                job_id,
                call_id,
                stripe_object,
                memo[:255],
                actor.pk if actor else None,
                timezone.now(),
            ],
        )
        row = cursor.fetchone()
    if row is None:
        return _existing(key, wanted)
    Entry.objects.bulk_create(
        Entry(transfer_id=row[0], account_id=account, amount_nano=amount)
        for account, amount in wanted.items()
    )
    return Posting(transfer_id=row[0], is_new=True)


def announce_money(workspace_id: int) -> None:
    """Tell, once the transaction is committed, that money came into a workspace's purses."""
    transaction.on_commit(lambda: money_arrived.send_robust(sender=Workspace, workspace_id=workspace_id))


def account_of(workspace: Workspace, kind: AccountKind) -> Account:
    """Return the workspace's account of this kind, opening it if needed."""
    account, _ = Account.objects.get_or_create(
        kind=kind, workspace=workspace, job_id=None, defaults={"is_floored": kind != AccountKind.RECEIVABLE}
    )
    return account


def debt_nano(workspace: Workspace) -> int:
    """Return what a workspace owes: disputed or refunded money that it had spent already. Usually 0."""
    receivable = Account.objects.filter(workspace=workspace, kind=AccountKind.RECEIVABLE, job_id=None).first()
    if receivable is None:
        return 0
    return -(receivable.entries.aggregate(total=Sum("amount_nano"))["total"] or 0)


def pay_debt(workspace: Workspace, *, source_key: str) -> int:
    """Pay an open debt from what the wallet has, as far as it reaches; return how much, in nano-USD.

    Belongs into the transaction of the transfer with the key `source_key`, which brought money into the wallet.
    """
    if debt_nano(workspace) <= 0:
        return 0
    wallet, receivable = (
        account_of(workspace, kind) for kind in (AccountKind.WALLET, AccountKind.RECEIVABLE)
    )
    lock_accounts([wallet.pk])
    wallet.refresh_from_db()
    # Debts change under the wallet's lock.
    paid_nano = min(max(debt_nano(workspace), 0), wallet.available_nano)
    if paid_nano:
        post(
            key=f"debt:{source_key}",
            kind=TransferKind.DEBT,
            amounts={wallet.pk: -paid_nano, receivable.pk: paid_nano},
            memo="refunded or disputed after it was spent or reserved",
        )
    return paid_nano


def open_system_accounts() -> None:
    """Make the house's accounts with their fixed ids where they are missing."""
    Account.objects.bulk_create(
        (Account(pk=pk, kind=kind, is_floored=False) for kind, pk in SYSTEM_ACCOUNTS.items()),
        ignore_conflicts=True,
    )


def lock_accounts(ids: Iterable[int]) -> None:
    """Lock users' accounts in the order of their ids until the transaction ends."""
    locked = Account.objects.select_for_update(no_key=True).filter(pk__in=list(ids), is_floored=True)
    list(locked.order_by("pk").values_list("pk"))


def _existing(key: str, wanted: Mapping[int, int]) -> Posting:
    transfer = Transfer.objects.get(key=key)
    rows = transfer.entries.values_list("account_id").annotate(total=Sum("amount_nano"))
    if dict(rows) != dict(wanted):
        raise LedgerError(
            "key_reused", f"Transfer {key} already exists with other amounts; nothing was posted."
        )
    return Posting(transfer_id=transfer.pk, is_new=False)
