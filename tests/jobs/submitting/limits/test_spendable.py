"""What is shown as available can be spent: no more than any limit leaves, than is there, or than pays for a model."""

import pytest
from django.test import Client

from accounts.models import User, Workspace
from billing.books.ledger import STRIPE_CLEARING, account_of, post
from billing.books.wallet import balances, grant
from billing.errors import NotEnoughMoney
from billing.models import AccountKind, TransferKind
from jobs.core.errors import SubmitError
from jobs.lifecycle import raise_budget
from jobs.lifecycle.limits.spending import SpendingLimitReached, set_limit
from jobs.lifecycle.submission.spendable import spendable
from jobs.models import Period
from solver.core.money import NANO_PER_CENT, NANO_PER_USD, format_usd_at_most
from tests.support.people import submit_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]

PROBLEM = "What is 6 times 7?"


def limit(cents: int, **of_whom) -> None:
    set_limit(period=Period.DAY, amount_nano=cents * NANO_PER_CENT, by=None, by_staff=True, **of_whom)


def page(user: User, address: str = "/wallet/") -> str:
    client = Client()
    client.force_login(user)
    return client.get(address).text


def shown(user: User) -> int:
    """Return what the wallet shows as available, after it was found in the header, too."""
    text = page(user)
    amount = text.partition('id="available">')[2].partition("<")[0]
    assert f"{amount}&nbsp;available" in text
    return round(float(amount.lstrip("$").replace(",", "")) * 100) * NANO_PER_CENT


@pytest.mark.parametrize("of", ["user", "workspace", "member", "installation"])
def test_no_more_is_available_than_every_limit_leaves(alice: User, workspace: Workspace, of):
    """A job of what is shown is accepted, and one of a cent more is refused; the wallet says which limit it is."""
    limit(90)
    limit(80, user=alice)
    whose = {
        "user": {"user": alice},
        "workspace": {"workspace": workspace},
        "member": {"user": alice, "workspace": workspace},
    }
    limit(25, **whose.get(of, {}))
    submit_for(alice, PROBLEM, budget_nano=5 * NANO_PER_CENT)
    left_nano = shown(alice)
    assert left_nano == 20 * NANO_PER_CENT
    assert "leaves no more of it for this day" in page(alice)
    with pytest.raises(SpendingLimitReached):
        submit_for(alice, PROBLEM, budget_nano=left_nano + NANO_PER_CENT)
    assert submit_for(alice, PROBLEM, budget_nano=left_nano)
    assert shown(alice) == 0


def test_a_wide_limit_changes_nothing(alice: User, workspace: Workspace):
    """What is there is shown, and no limit is spoken of."""
    limit(10_000_000)
    assert shown(alice) == balances(workspace).wallet_nano
    assert "leaves no more" not in page(alice)


def test_trial_credit_that_pays_for_no_model_is_not_available(alice: User, workspace: Workspace, settings):
    """Where no bundled model is offered only own money counts, unless the operator lets credit pay for all."""
    own_nano = balances(workspace).wallet_nano
    grant(workspace=workspace, amount_nano=5 * NANO_PER_USD, by=None, reason="hello", to_trial=True)
    assert shown(alice) == own_nano
    assert "None is offered here" in page(alice)
    job = submit_for(alice, PROBLEM, budget_nano=own_nano + NANO_PER_CENT, when_paid=True)
    assert f"but {format_usd_at_most(own_nano)} can be spent on it" in page(alice, job.get_absolute_url())
    settings.PONDER_TRIAL_MODELS = "all"
    assert shown(alice) == balances(workspace).available_nano > own_nano


def test_nothing_is_available_while_money_is_owed(alice: User, workspace: Workspace):
    """A disputed payment that was spent blocks new jobs, so nothing can be spent, whatever trial credit there is."""
    owes = account_of(workspace, AccountKind.RECEIVABLE)
    amounts = {owes.pk: -NANO_PER_USD, STRIPE_CLEARING: NANO_PER_USD}
    post(key="dispute", kind=TransferKind.REFUND, amounts=amounts)
    assert shown(alice) == 0
    with pytest.raises(SubmitError, match="refunded or disputed"):
        submit_for(alice, PROBLEM)


def test_a_limit_below_the_wallet_is_what_a_refusal_names(alice: User, workspace: Workspace):
    """Who asks for more than there is hears of the limit where that leaves less: adding money would not help."""
    there_nano = balances(workspace).wallet_nano
    limit(50, user=alice)
    with pytest.raises(SpendingLimitReached, match=r"can be \$0.50 at most"):
        submit_for(alice, PROBLEM, budget_nano=there_nano + NANO_PER_CENT)
    job = submit_for(alice, PROBLEM, budget_nano=10 * NANO_PER_CENT)
    with pytest.raises(SpendingLimitReached, match=r"can be \$0.40 at most"):
        raise_budget(job=job, to_nano=there_nano + 20 * NANO_PER_CENT)
    limit(10_000_000, user=alice)
    with pytest.raises(SubmitError, match="is available") as refused:
        raise_budget(job=job, to_nano=there_nano + 20 * NANO_PER_CENT)
    assert isinstance(refused.value.__cause__, NotEnoughMoney)
    assert spendable(user=alice, workspace=workspace).nano == there_nano - 10 * NANO_PER_CENT
