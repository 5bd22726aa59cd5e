"""Correcting a workspace's money: asked for by one person with a reason, decided by another. Amounts are nano-USD."""

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, User, Workspace
from billing.books.ledger import (
    PROMOTION,
    account_of,
    announce_money,
    debt_nano,
    lock_accounts,
    pay_debt,
    post,
)
from billing.errors import BillingError
from billing.models import AccountKind, Correction, CorrectionKind, CorrectionState, TransferKind
from solver.core.money import format_usd_exact


def ask_for_correction(
    *, workspace: Workspace, kind: CorrectionKind, amount_nano: int, reason: str, by: User
) -> Correction:
    """Write down what should be corrected and why. Raises BillingError for what could not be posted now."""
    if not reason.strip():
        raise BillingError("reason_missing", "Say why; whoever takes the second look decides by it.")
    _check(workspace, kind, amount_nano)
    return Correction.objects.create(
        workspace=workspace, kind=kind, amount_nano=amount_nano, reason=reason.strip()[:500], asked_by=by
    )


@transaction.atomic
def decide(correction_id: int, *, approve: bool, reason: str, by: User) -> Correction:
    """Post a correction, or refuse it. Raises BillingError where it is decided already, or not theirs to decide.

    The person who asked for it decides nothing, and nobody in its workspace approves it.
    """
    found = (
        Correction.objects.select_for_update(of=("self",))
        .select_related("workspace")
        .filter(pk=correction_id)
        .first()
    )
    if found is None:
        raise BillingError("no_correction", "This correction is not known. Open the list again.")
    if found.state != CorrectionState.ASKED:
        raise BillingError("decided", f"It is {found.state} already.")
    if found.asked_by_id == by.pk:
        raise BillingError(
            "same_person", "The person who asked for a correction can't decide it: ask a colleague to look."
        )
    if approve and Membership.objects.filter(workspace=found.workspace, user=by).exists():
        raise BillingError(
            "own_workspace", "You are in this workspace yourself: ask a colleague who is not to look."
        )
    if not approve and not reason.strip():
        raise BillingError(
            "reason_missing", "Say why it is refused; the person who asked for it will read it."
        )
    if approve:
        _post(found, by)
    found.state = CorrectionState.APPROVED if approve else CorrectionState.REFUSED
    found.decided_by, found.decided_at, found.decision_reason = by, timezone.now(), reason.strip()[:500]
    found.save()
    return found


def _check(workspace: Workspace, kind: CorrectionKind, amount_nano: int) -> None:
    if kind == CorrectionKind.WRITE_OFF:
        debt = debt_nano(workspace)
        if not 0 < amount_nano <= debt:
            raise BillingError(
                "no_such_debt", f"Enter at most the open debt, which is {format_usd_exact(max(debt, 0))}."
            )
        return
    wallet = account_of(workspace, AccountKind.WALLET)
    if not amount_nano:
        raise BillingError("nothing", "Enter an amount other than $0.00.")
    if wallet.available_nano + amount_nano < 0:
        raise BillingError(
            "not_enough", f"The wallet has {format_usd_exact(wallet.available_nano)} to take from."
        )


def _post(found: Correction, by: User) -> None:
    workspace, key = found.workspace, f"correction:{found.pk}"
    wallet = account_of(workspace, AccountKind.WALLET)
    lock_accounts([wallet.pk])
    _check(workspace, CorrectionKind(found.kind), found.amount_nano)
    is_write_off = found.kind == CorrectionKind.WRITE_OFF
    account = account_of(workspace, AccountKind.RECEIVABLE) if is_write_off else wallet
    post(
        key=key,
        kind=TransferKind.ADJUSTMENT,
        amounts={account.pk: found.amount_nano, PROMOTION: -found.amount_nano},
        memo=f"{'debt written off' if is_write_off else 'correction'}: {found.reason}",
        actor=by,
    )
    if not is_write_off and found.amount_nano > 0:
        pay_debt(workspace, source_key=key)
    announce_money(workspace.pk)
