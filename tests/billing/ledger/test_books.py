"""The database itself keeps the books: append-only, balanced, floored."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.books.ledger import PROMOTION, REVENUE, account_of, open_system_accounts, post
from billing.errors import LedgerError
from billing.models import SYSTEM_ACCOUNTS, Account, AccountKind, Call, Entry, Price, Transfer, TransferKind
from tests.billing.books import USD, settle, sql

REFUSED = [
    "UPDATE billing_entry SET amount_nano = amount_nano + 1",
    "DELETE FROM billing_entry",
    "UPDATE billing_transfer SET memo = 'x'",
    "DELETE FROM billing_transfer",
    "DELETE FROM billing_account",
    "DELETE FROM billing_call",
    "UPDATE billing_call SET cost_nano = 0 WHERE state = 'settled'",
    "UPDATE billing_account SET balance_nano = balance_nano + 1 WHERE is_floored",
    "DELETE FROM billing_price",
    "UPDATE billing_price SET input_pico = 0",
    "UPDATE billing_price SET effective_from = now()",
    "TRUNCATE billing_entry CASCADE",
    "TRUNCATE billing_transfer CASCADE",
    "TRUNCATE billing_call CASCADE",
    "TRUNCATE billing_account CASCADE",
    "TRUNCATE billing_price CASCADE",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_books_are_append_only(job, statement):
    """No statement rewrites or removes what was booked, even past the ORM."""
    call, _ = job.hold(USD)
    settle(call, USD)
    # Tests may empty their own database unless they are forbidden to.
    sql("SET LOCAL ponder.guard = on")
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match=r"is refused"), transaction.atomic():
        sql(statement)


def test_a_price_may_be_retired_but_not_changed(db):
    """Status and approval are the only columns of a price that change."""
    assert Price.objects.filter(model="demo/intern").update(status="retired") == 1


def test_entries_must_sum_to_zero(rich):
    """An INSERT whose entries do not cancel out is refused at once."""
    transfer = Transfer.objects.create(kind="adjustment", key="k", effective_at=timezone.now())
    for amounts in ([USD], [USD, -USD + 1], [USD, USD]):
        with pytest.raises(IntegrityError, match="do not sum to zero"), transaction.atomic():
            Entry.objects.bulk_create(
                Entry(transfer=transfer, account_id=account, amount_nano=amount)
                for account, amount in zip([PROMOTION, REVENUE], amounts, strict=False)
            )
    assert not transfer.entries.exists()


def test_entries_need_an_existing_account(rich):
    """The trigger refuses entries of unknown accounts in place of a foreign key."""
    transfer = Transfer.objects.create(kind="adjustment", key="k", effective_at=timezone.now())
    with pytest.raises(IntegrityError, match="account 999 does not exist"), transaction.atomic():
        Entry.objects.bulk_create(
            [
                Entry(transfer=transfer, account_id=999, amount_nano=5),
                Entry(transfer=transfer, account_id=1, amount_nano=-5),
            ]
        )


def test_no_account_of_a_user_falls_below_zero(rich, purse):
    """The floor holds even for code that forgets to look."""
    wallet = account_of(rich, AccountKind.WALLET)
    with pytest.raises(IntegrityError, match="billing_floor"), transaction.atomic():
        post(key="theft", kind=TransferKind.ADJUSTMENT, amounts={wallet.pk: -21 * USD, REVENUE: 21 * USD})
    assert purse(rich) == 20 * USD


def test_the_house_keeps_no_balance(job):
    """System accounts have no materialised balance, so no row of them is ever hot."""
    call, _ = job.hold(USD)
    settle(call, USD)
    assert set(
        Account.objects.filter(pk__in=SYSTEM_ACCOUNTS.values()).values_list("balance_nano", "held_nano")
    ) == {(0, 0)}


def test_system_accounts_have_their_fixed_ids(db):
    """The SQL functions and Python agree on the ids; opening them again changes nothing."""
    open_system_accounts()
    assert dict(Account.objects.filter(pk__lt=1000).values_list("kind", "pk")) == SYSTEM_ACCOUNTS


def test_a_key_posts_once(rich, purse):
    """Posting the same key again is the same posting."""
    wallet = account_of(rich, AccountKind.WALLET)
    amounts = {PROMOTION: -USD, wallet.pk: USD, REVENUE: 0}
    first = post(key="gift", kind=TransferKind.GRANT, amounts=amounts)
    again = post(key="gift", kind=TransferKind.GRANT, amounts=amounts)
    assert (first.is_new, again.is_new, again.transfer_id) == (True, False, first.transfer_id)
    assert purse(rich) == 21 * USD


def test_a_key_is_never_reused_for_something_else(rich, purse):
    """The same key with other amounts is an error, not a silent success."""
    wallet = account_of(rich, AccountKind.WALLET)
    post(key="gift", kind=TransferKind.GRANT, amounts={PROMOTION: -USD, wallet.pk: USD})
    with pytest.raises(LedgerError) as caught:
        post(key="gift", kind=TransferKind.GRANT, amounts={PROMOTION: -2 * USD, wallet.pk: 2 * USD})
    assert caught.value.code == "key_reused"
    assert purse(rich) == 21 * USD


def test_an_unbalanced_posting_is_refused_before_the_database_sees_it(rich):
    """Python says no first, with the amounts."""
    with pytest.raises(LedgerError) as caught:
        post(key="odd", kind=TransferKind.GRANT, amounts={PROMOTION: -USD})
    assert caught.value.code == "unbalanced"
    assert not Transfer.objects.filter(key="odd").exists()


def test_no_two_wallets_of_one_workspace(rich):
    """One account per kind and workspace."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(kind=AccountKind.WALLET, workspace=rich, is_floored=True)


def test_the_hot_path_locks_no_shared_row(job):
    """A call's transaction locks its escrow and nothing that jobs share: the house's accounts, prices, workspaces."""

    def marks():
        return [
            sql("SELECT array_agg(id || ':' || xmax ORDER BY id) FROM billing_account WHERE id < 1000"),
            sql("SELECT array_agg(id || ':' || xmax ORDER BY id) FROM billing_price"),
            sql("SELECT array_agg(id || ':' || xmax ORDER BY id) FROM accounts_workspace"),
        ]

    sql("SET CONSTRAINTS ALL IMMEDIATE")
    before = marks()
    call, _ = job.hold(USD)
    settle(call, USD)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    assert marks() == before


def test_models_say_what_they_are(job):
    """Every row has a readable name for the admin."""
    call, _ = job.hold(USD)
    settle(call, USD)
    shown = [str(row) for model in (Account, Call, Entry, Price, Transfer) for row in model.objects.all()[:3]]
    assert all(shown)
    assert f"call:{call}" in {str(row) for row in Transfer.objects.all()}
    assert uuid.UUID(str(call))
