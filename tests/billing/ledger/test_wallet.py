"""What a workspace has, how it got it, and how it reads its ledger."""

from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command

from accounts.services import ready_user
from billing.books.statement import statement
from billing.books.wallet import balances, grant
from billing.errors import BillingError
from billing.models import Account, AccountKind, TransferKind
from billing.receivers import open_purses
from solver.core.money import usd_decimal
from tests.billing.books import USD, settle, start_job


def test_a_new_workspace_gets_trial_credit_once(alice):
    """The welcome is trial credit, not money; telling twice gives once."""
    open_purses(workspace=alice.workspace, owner=alice.user, operator=False)
    now = balances(alice.workspace)
    assert (now.wallet_nano, now.trial_nano, now.available_nano) == (0, 5 * USD, 5 * USD)


def test_no_trial_credit_where_it_is_switched_off(charlie, settings):
    """PONDER_TRIAL_CREDIT=0 opens empty purses."""
    settings.PONDER_TRIAL_CREDIT_NANO = 0
    assert balances(charlie.workspace).available_nano == 0
    assert Account.objects.filter(workspace=charlie.workspace).count() == 2


def test_the_operator_gets_real_credit(db):
    """The installation's own user can run any model at once."""
    workspace = ready_user().workspaces.get()
    now = balances(workspace)
    assert (now.wallet_nano, now.trial_nano) == (100 * USD, 0)
    assert [row.kind for row in statement(workspace)] == [TransferKind.GRANT]


def test_money_in_escrow_is_on_hold(job):
    """A running job's budget is not available, and only what was charged counts as spent."""
    call, _ = job.hold(2 * USD)
    settle(call, USD)
    now = balances(job.workspace)
    assert (now.available_nano, now.held_nano, now.spent_this_month_nano) == (15 * USD, 9 * USD, USD)
    job.close()
    now = balances(job.workspace)
    assert (now.available_nano, now.held_nano, now.spent_this_month_nano) == (24 * USD, 0, USD)


def test_the_statement_adds_up(job):
    """Newest first; each balance is the one before plus the amount; trial credit is told apart."""
    call, _ = job.hold(2 * USD)
    settle(call, USD)
    job.close()
    rows = list(statement(job.workspace))
    assert [row.kind for row in rows] == ["release", "escrow", "grant", "trial"]
    assert [row.amount_nano for row in rows] == [9 * USD, -10 * USD, 20 * USD, 5 * USD]
    assert [row.trial_nano for row in rows] == [4 * USD, -5 * USD, 0, 5 * USD]
    assert rows[0].balance_nano == balances(job.workspace).available_nano
    for newer, older in pairwise(rows):
        assert newer.balance_nano == older.balance_nano + newer.amount_nano
    assert rows[1].job_id == job.job_id
    assert rows[1].what == "Reserved for a job"


def test_the_statement_comes_in_pages(rich, django_assert_num_queries):
    """A page is one query, however long the ledger is, and balances run over page borders."""
    for number in range(30):
        grant(workspace=rich, amount_nano=number + 1, by=None, reason=f"gift {number}")
    ledger = statement(rich)
    with django_assert_num_queries(1):
        page = ledger[25:50]
    assert len(ledger) == 32
    assert len(page) == 7
    assert page[-1].balance_nano == 5 * USD
    assert ledger[24:25][0].balance_nano == page[0].balance_nano + ledger[24:25][0].amount_nano


def test_nobody_sees_other_workspaces_movements(rich, charlie):
    """A statement holds one workspace's money only."""
    assert [row.kind for row in statement(charlie.workspace)] == ["trial"]


@pytest.mark.parametrize(
    ("amount", "reason", "code"),
    [(0, "x", "amount_not_positive"), (-1, "x", "amount_not_positive"), (1, " ", "reason_missing")],
)
def test_a_grant_needs_an_amount_and_a_reason(rich, amount, reason, code):
    """Money of the house is given knowingly."""
    with pytest.raises(BillingError) as caught:
        grant(workspace=rich, amount_nano=amount, by=None, reason=reason)
    assert caught.value.code == code


def test_the_grant_command_gives_money(alice):
    """`manage.py grant` credits the wallet, with a reason that the user can read."""
    out = StringIO()
    call_command("grant", "Alice@Example.org", "10.00", "--reason", "a prize", stdout=out)
    assert out.getvalue() == "alice@example.org received $10.00; wallet and trial credit now have $15.00.\n"
    assert statement(alice.workspace)[0:1][0].memo == "a prize"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody@example.org", "1", "--reason", "x"], "No user has the address nobody@example.org"),
        (["alice@example.org", "nan", "--reason", "x"], "“nan” is not an amount"),
        (["alice@example.org", "1e400", "--reason", "x"], "is not an amount"),
        (["alice@example.org", "0", "--reason", "x"], "out of range"),
        (["alice@example.org", "1000000000", "--reason", "x"], r"between \$0.01 and \$1,000,000.00"),
        (["alice@example.org", "0.001", "--reason", "x"], "fractions of a cent"),
        (["alice@example.org", "1", "--reason", " "], "needs a reason"),
    ],
)
def test_the_grant_command_explains_mistakes(alice, arguments, says):
    """Nothing is given on a mistake."""
    with pytest.raises(CommandError, match=says):
        call_command("grant", *arguments)
    assert balances(alice.workspace).wallet_nano == 0


def test_amounts_round_only_for_display(rich):
    """A charge of one nano-dollar is kept exactly."""
    job = start_job(rich, USD, trial_allowed=False)
    call, _ = job.hold(1)
    settle(call, 1)
    job.close()
    wallet = rich.accounts.get(kind=AccountKind.WALLET)
    assert usd_decimal(wallet.balance_nano) == "19.999999999"
