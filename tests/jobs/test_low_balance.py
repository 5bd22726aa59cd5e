"""Owners are told once that little money is left, and again only after there was more."""

import pytest

from accounts.models import Membership, Role, User, Workspace
from accounts.services import ensure_personal_workspace
from accounts.workspaces.members import set_low_balance
from billing.books.closing import give_up_money
from billing.books.wallet import grant
from jobs.models import OutboxMessage
from jobs.upkeep.low_balance import tell_of_low_balances
from solver.core.money import NANO_PER_USD


@pytest.fixture
def workspace(db):
    alice = User.objects.create_user("alice@example.org")
    made = ensure_personal_workspace(alice)
    Membership.objects.create(
        workspace=made, user=User.objects.create_user("bob@example.org"), role=Role.MEMBER
    )
    give_up_money(made)
    return made


def test_owners_are_told_once_until_there_is_more(workspace):
    """Nothing without a threshold; then one email to each owner, and another after money came and went."""
    told = []
    grant(workspace=workspace, amount_nano=10 * NANO_PER_USD, by=None, reason="paid")
    told.append(tell_of_low_balances())
    set_low_balance(workspace, 5 * NANO_PER_USD)
    told.append(tell_of_low_balances())
    give_up_money(workspace)
    told += [tell_of_low_balances(), tell_of_low_balances()]
    grant(workspace=workspace, amount_nano=10 * NANO_PER_USD, by=None, reason="paid")
    told.append(tell_of_low_balances())
    Workspace.objects.update(low_balance_nano=20 * NANO_PER_USD)
    told.append(tell_of_low_balances())
    assert told == [0, 0, 1, 0, 0, 1]
    assert list(OutboxMessage.objects.values_list("recipient", flat=True)) == ["alice@example.org"] * 2
    assert "$0.00 left" in OutboxMessage.objects.earliest("pk").content["subject"]


def test_who_wants_no_such_email_gets_none(workspace):
    """The wish of the settings page holds."""
    User.objects.update(notify_of_low_balance=False)
    set_low_balance(workspace, 5 * NANO_PER_USD)
    assert tell_of_low_balances() == 1
    assert not OutboxMessage.objects.exists()
