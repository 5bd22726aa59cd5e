"""What a workspace has, how it got it, and how it reads its ledger."""

from collections import Counter
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Workspace
from accounts.services import ready_user
from billing.books.statement import _NET_ROWS, PAGE_ROWS, net_page, statement
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


def pages_of(workspace):
    """Return all pages of a workspace's ledger with one row a job."""
    pages = [net_page(workspace)]
    while pages[-1].older:
        pages.append(net_page(workspace, before=pages[-1].older))
    return pages


def test_the_statement_comes_in_pages(rich):
    """Each row stands on one page; balances run over page borders down to the first movement."""
    jobs = [start_job(rich, USD + number) for number in range(20)]
    for number, started in enumerate(jobs):
        grant(workspace=rich, amount_nano=number + 1, by=None, reason=f"gift {number}")
        call, _ = started.hold(USD // 2)
        settle(call, number + 1)
        if number % 3:
            started.close()
    pages = pages_of(rich)
    rows = [row for page in pages for row in page.rows]
    assert [len(page.rows) for page in pages] == [25, 17]
    every = {row.transfer_id: row for row in statement(rich)}
    assert len({row.job_id or row.transfer_id for row in rows}) == len(rows) == 20 + 20 + 2
    for row in rows:
        single = every[row.transfer_id]
        assert (row.balance_nano, row.at, row.kind) == (single.balance_nano, single.at, single.kind)
        assert row.amount_nano == sum(part.amount_nano for part in row.parts or [single])
        assert row.trial_nano == sum(part.trial_nano for part in row.parts or [single])
    assert rows[0].balance_nano == balances(rich).available_nano
    assert sum(row.amount_nano for row in rows) == sum(row.amount_nano for row in every.values())


def test_a_page_reads_no_more_of_a_ledger_the_longer_it_is(rich):
    """Only entries of the page, and those of its jobs: not those of a thousand other movements."""

    def rows_read() -> dict[str, float]:
        """By relation and index the rows that were read."""
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE billing_entry, billing_transfer, billing_account")
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {_NET_ROWS}", asked)
            nodes, read = [cursor.fetchone()[0][0]["Plan"]], Counter()
        while nodes:
            node = nodes.pop()
            nodes += node.get("Plans", [])
            if node.get("Relation Name") in {"billing_entry", "billing_transfer"}:
                rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                read[f"{node['Relation Name']} by {node.get('Index Name')}"] += rows * node["Actual Loops"]
        return read

    asked = {"workspace": rich.pk, "before": 2**63 - 1, "rows": PAGE_ROWS + 1}
    other = Workspace.objects.create(name="another one's")
    for number in range(1_200):
        grant(workspace=other if number % 3 else rich, amount_nano=1, by=None, reason="x")
    read = rows_read()
    assert read.total() <= 20 * PAGE_ROWS, read
    page, every = net_page(rich), list(statement(rich))
    assert [row.balance_nano for row in page.rows] == [row.balance_nano for row in every[:PAGE_ROWS]]


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
    assert next(statement(alice.workspace)).memo == "a prize"


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
