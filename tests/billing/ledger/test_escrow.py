"""Money of a job: reserved in full, trial credit first; what is unspent returns exactly to where it came from."""

import uuid

import pytest
from django.db import transaction

from billing.books.escrow import Settlement, add_to_escrow, open_escrow
from billing.books.ledger import PROVIDER_PAYABLE, SUSPENSE
from billing.books.wallet import balances
from billing.errors import BillingError, NotEnoughMoney
from billing.models import Account, AccountKind
from tests.billing.books import USD, call_of, doubt, entries_of, settle, start_job

TRIAL, WALLET = AccountKind.TRIAL, AccountKind.WALLET


def test_trial_credit_is_spent_before_the_wallet(rich, purse):
    """The first $5 of a $7 budget are trial credit."""
    job = start_job(rich, 7 * USD)
    assert job.state == (7 * USD, 0)
    assert (purse(rich, TRIAL), purse(rich)) == (0, 18 * USD)


def test_trial_credit_is_left_alone_where_it_is_not_allowed(rich, purse):
    """A job with other models is paid from the wallet alone."""
    start_job(rich, 7 * USD, trial_allowed=False)
    assert (purse(rich, TRIAL), purse(rich)) == (5 * USD, 13 * USD)


def test_opening_twice_reserves_once(rich, purse):
    """A repeated submission finds its escrow."""
    first = start_job(rich, 7 * USD)
    again = start_job(rich, 7 * USD, job_id=first.job_id)
    assert again.escrow.pk == first.escrow.pk
    assert purse(rich) == 18 * USD


def test_too_little_money_is_said_with_what_to_do(alice):
    """Nothing is created, and the message names the amount and the ways out."""
    with pytest.raises(NotEnoughMoney) as caught:
        start_job(alice.workspace, 7 * USD)
    assert caught.value.code == "not_enough_money"
    assert caught.value.message == (
        "This needs $7.00, but $5.00 is available. Add money to the wallet or lower the budget to $5.00 or less."
    )
    assert not Account.objects.filter(kind=AccountKind.ESCROW).exists()


def test_unusable_trial_credit_is_explained(alice):
    """Where only the models are in the way, the message says so."""
    with pytest.raises(NotEnoughMoney) as caught:
        start_job(alice.workspace, USD, trial_allowed=False)
    assert caught.value.message == (
        "This needs $1.00, but $0.00 is available. Your trial credit of $5.00 can't be used here: it pays only for "
        "the bundled models, and other models are chosen. Add money to the wallet or choose only bundled models."
    )


def test_an_offered_budget_can_really_be_spent(rich):
    """The amount in the message is rounded down, never up."""
    spent = start_job(rich, 25 * USD - 19_999_999)
    call, _ = spent.hold(1)
    settle(call, 1)
    with pytest.raises(NotEnoughMoney, match=r"\$0\.01 or less"):
        start_job(rich, USD)
    start_job(rich, 10_000_000)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_budget_is_positive(rich, amount):
    """Nobody opens an empty or negative escrow."""
    with pytest.raises(BillingError, match="more than"):
        start_job(rich, amount)


def test_unspent_money_returns_exactly(rich, purse):
    """Paid money returns to the wallet first, then trial credit, and only what was put in."""
    job = start_job(rich, 7 * USD)
    call, _ = job.hold(USD)
    settle(call, 123_456_789)
    assert job.close() == Settlement(
        charged_nano=123_456_789, returned_nano=7 * USD - 123_456_789, in_doubt_nano=0
    )
    assert (purse(rich, TRIAL), purse(rich)) == (5 * USD - 123_456_789, 20 * USD)


def test_paid_money_is_charged_only_after_trial_credit(rich, purse):
    """A job that cost $6 used all $5 of trial credit and $1 of the wallet."""
    job = start_job(rich, 7 * USD)
    call, _ = job.hold(6 * USD)
    settle(call, 6 * USD)
    job.close()
    assert (purse(rich, TRIAL), purse(rich)) == (0, 19 * USD)


def test_closing_twice_returns_once(job, purse):
    """A repeated end says the same and moves nothing."""
    call, _ = job.hold(USD)
    settle(call, USD)
    assert job.close() == job.close() == Settlement(USD, 9 * USD, 0)
    assert job.state == (0, 0)
    assert purse(job.workspace) == 20 * USD


def test_a_job_that_did_nothing_costs_nothing(job, purse):
    """Closing at once returns everything."""
    assert job.close() == Settlement(0, 10 * USD, 0)
    assert (purse(job.workspace, TRIAL), purse(job.workspace)) == (5 * USD, 20 * USD)


def test_a_job_may_spend_its_budget_to_the_last_nano(job):
    """Nothing is left to return, and closing still works."""
    call, _ = job.hold(10 * USD)
    settle(call, 10 * USD)
    assert job.close() == job.close() == Settlement(10 * USD, 0, 0)


def test_doubtful_calls_are_carried_by_the_house(job, purse):
    """At the end held and doubtful calls go back to the user; the house accrues the same amounts."""
    doubtful, _ = job.hold(2 * USD)
    doubt(doubtful)
    flying, _ = job.hold(3 * USD)
    assert job.close() == Settlement(charged_nano=0, returned_nano=10 * USD, in_doubt_nano=5 * USD, doubts=2)
    assert entries_of(f"accrual:{doubtful}") == {SUSPENSE: -2 * USD, PROVIDER_PAYABLE: 2 * USD}
    assert entries_of(f"accrual:{flying}") == {SUSPENSE: -3 * USD, PROVIDER_PAYABLE: 3 * USD}
    assert call_of(flying).state == "in_doubt"
    assert purse(job.workspace) == 20 * USD


def test_nothing_is_charged_after_the_receipt(job, purse):
    """A reply that arrives after the end changes nothing."""
    late, _ = job.hold(2 * USD)
    job.close()
    assert settle(late, 2 * USD) == "in_doubt"
    assert purse(job.workspace) == 20 * USD


def test_raising_adds_to_a_running_job_once(job, purse):
    """The same raise, sent twice, adds once; all of it returns in the end."""
    for _ in range(2):
        with transaction.atomic():
            escrow = add_to_escrow(
                job_id=job.job_id, version=1, amount_nano=3 * USD, trial_allowed=True, key="raise-1"
            )
    assert escrow.balance_nano == 13 * USD
    assert purse(job.workspace) == 12 * USD
    assert job.close().returned_nano == 13 * USD
    assert (purse(job.workspace, TRIAL), purse(job.workspace)) == (5 * USD, 20 * USD)


def test_raising_an_ended_job_needs_a_new_version(job, purse):
    """A closed escrow takes no money; the next version has its own."""
    job.close()
    with pytest.raises(BillingError, match="has ended"), transaction.atomic():
        add_to_escrow(job_id=job.job_id, version=1, amount_nano=USD, trial_allowed=True, key="raise-1")
    again = start_job(job.workspace, 2 * USD, job_id=job.job_id, version=2)
    call, _ = again.hold(USD, step="later")
    settle(call, USD)
    assert again.close(2) == Settlement(USD, USD, 0)
    assert job.close(1) == Settlement(0, 10 * USD, 0)


def test_escrow_follows_the_callers_transaction(rich, purse):
    """Where submitting fails later, the money never left."""
    with transaction.atomic():
        open_escrow(workspace=rich, job_id=uuid.uuid4(), version=1, amount_nano=USD, trial_allowed=True)
        transaction.set_rollback(True)
    assert (purse(rich, TRIAL), purse(rich)) == (5 * USD, 20 * USD)
    assert balances(rich).held_nano == 0
