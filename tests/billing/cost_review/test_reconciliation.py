"""Providers' reports bring suspense to nothing and the payable to the bill; what calls can't explain waits for staff."""

import random
import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection

from billing.cost_review.finance import finance
from billing.cost_review.sums import Scope
from billing.errors import BillingError
from billing.models import Call, Entry, ItemState, ReconciliationItem, Transfer
from billing.reconciliation.items import book, explain, look_again, reopen, take_report
from billing.reconciliation.ours import Names
from billing.reconciliation.report import Bill, ReportError, read_csv, report_of
from tests.billing.books import USD, doubt, settle, sql, start_job, void

CENT = USD // 100
PAYABLE, SUSPENSE, COST = 3, 6, 2


def today() -> date:
    return datetime.now(tz=UTC).date()


def balance(account: int) -> int:
    return sum(Entry.objects.filter(account=account).values_list("amount_nano", flat=True))


def report(nano: int, *, model: str = "intern", complete: bool = True, source: str = "bill.csv"):
    return report_of("demo", source, [Bill(today(), model, nano)], is_complete=complete)


def settle_without_usage(call: uuid.UUID, bound: int) -> None:
    sql("SELECT billing_settle(%s, %s, %s, 90, 0, 0, 80, 0, NULL, true, '')", call, bound, bound)


@pytest.fixture
def doubted(job):
    """Alice's job has ended: one call of $1 settled, two of $2 in doubt."""
    settle(job.hold(USD)[0], USD)
    for _ in range(2):
        doubt(job.hold(2 * USD)[0])
    job.close()
    return job


@pytest.mark.parametrize("seed", range(5))
def test_a_report_of_a_chaotic_day_brings_suspense_to_zero_and_payable_to_the_bill(rich, seed):
    """Settled, estimated, void, lost and never executed calls: afterwards the house owes what the biller counted."""
    chance, billed = random.Random(seed), 0
    for _ in range(3):
        job = start_job(rich, 3 * USD)
        for _ in range(12):
            hold = chance.randrange(5 * CENT, 20 * CENT)
            call, true_cost = job.hold(hold)[0], chance.randrange(1, hold)
            fate = chance.choice(["settled", "no usage", "void", "lost", "never executed"])
            billed += true_cost if fate in {"settled", "no usage", "lost"} else 0
            if fate == "settled":
                settle(call, true_cost)
            elif fate == "no usage":
                settle_without_usage(call, hold)
            elif fate == "void":
                void(call)
            else:
                doubt(call)
        job.close()
    assert balance(SUSPENSE) < 0
    paid = Transfer.objects.filter(kind="release").count()
    around = Scope(days=3, last=today() + timedelta(days=1))
    assert [line.payable_nano for line in finance(around).providers] == [balance(PAYABLE)]
    take_report(report(billed))
    assert balance(SUSPENSE) == 0
    assert balance(PAYABLE) == billed
    assert [(line.payable_nano, line.reported_nano) for line in finance(around).providers] == [
        (billed, billed)
    ]
    assert balance(COST) == -billed
    assert Transfer.objects.filter(kind="release").count() == paid, "nobody's job was touched"
    assert ReconciliationItem.objects.get().state == ItemState.CLOSED


def test_the_same_report_twice_posts_once_and_a_corrected_one_the_difference(doubted):
    """A second upload changes nothing; a corrected bill moves the payable by what is corrected."""
    for _ in range(2):
        take_report(report(3 * USD))
    assert Transfer.objects.filter(kind="bill").count() == 1
    (item,) = take_report(report(2 * USD, source="corrected.csv"))
    assert (balance(PAYABLE), balance(SUSPENSE), item.state) == (2 * USD, 0, ItemState.CLOSED)
    assert item.reason.startswith("2 calls in doubt: $1")


def test_a_wrong_upload_is_undone_by_the_right_one(doubted):
    """Another provider's report, taken for complete, leaves open items; the right one closes them and books the bill."""
    wrong = report_of("demo", "x", [Bill(today(), "claude-opus-5-5", 7 * USD)], is_complete=True)
    assert {item.state for item in take_report(wrong)} == {ItemState.OPEN}
    assert (balance(PAYABLE), balance(SUSPENSE)) == (5 * USD, -4 * USD)
    assert {item.state for item in take_report(report(3 * USD))} == {ItemState.CLOSED}
    assert (balance(PAYABLE), balance(SUSPENSE)) == (3 * USD, 0)
    assert not ReconciliationItem.objects.exclude(state=ItemState.CLOSED).exists()
    assert ReconciliationItem.objects.get(model="demo/claude-opus-5-5").booked_nano == 0


@pytest.mark.parametrize("nano", [-USD, -1])
def test_a_credit_waits_for_a_person_and_books_nothing_by_itself(doubted, stella, nano):
    """Calls cost nothing less than nothing: a person says why it differs, or books another amount."""
    (item,) = take_report(report(nano))
    assert (item.state, balance(PAYABLE), balance(SUSPENSE)) == (ItemState.OPEN, 5 * USD, -4 * USD)
    with pytest.raises(BillingError, match="A credit is no cost of calls: explain it"):
        book(item.pk, amount_nano=item.billed_nano, by=stella.user, reason="A credit.")
    assert explain(item.pk, by=stella.user, reason="A credit.").state == ItemState.EXPLAINED
    assert balance(PAYABLE) == 5 * USD


def test_a_job_that_ends_after_the_report_is_looked_at_again(job):
    """A call in doubt of a running job is accrued at its end; the next look takes the accrual back."""
    doubt(job.hold(USD)[0])
    (item,) = take_report(report(USD // 2))
    assert (item.waiting_nano, balance(PAYABLE)) == (USD, USD // 2)
    job.close()
    assert balance(SUSPENSE) == -USD
    assert look_again() == 1
    assert (balance(SUSPENSE), balance(PAYABLE), look_again()) == (0, USD // 2, 0)


def test_a_bill_beyond_what_the_calls_explain_stays_open_and_posts_nothing(doubted, stella):
    """Somebody else may use the key: a person books our part or says why it differs, with their name."""
    (item,) = take_report(report(9 * USD))
    assert (item.state, balance(PAYABLE)) == (ItemState.OPEN, 5 * USD)
    assert "at most $5.00" in item.reason
    with pytest.raises(BillingError, match="Say why"):
        explain(item.pk, by=stella.user, reason=" ")
    item = explain(item.pk, by=stella.user, reason="The key is also used for tests.")
    assert (item.state, item.by, balance(PAYABLE)) == (ItemState.EXPLAINED, stella.user, 5 * USD)
    take_report(report(9 * USD))
    item = book(item.pk, amount_nano=2 * USD, by=stella.user, reason="Our part by the provider's log.")
    assert (item.state, balance(PAYABLE), balance(SUSPENSE)) == (ItemState.CLOSED, 2 * USD, 0)
    take_report(report(9 * USD))
    assert balance(PAYABLE) == 2 * USD, "the same bill keeps the decision"
    take_report(report(10 * USD))
    item.refresh_from_db()
    assert (item.state, item.by, balance(PAYABLE)) == (ItemState.OPEN, None, 2 * USD)
    assert reopen(item.pk, by=stella.user, reason="Wait for the invoice.").state == ItemState.OPEN


def test_an_explained_item_stays_explained_while_nothing_changes(doubted, stella):
    """Reports that say the same again ask nobody again."""
    (item,) = take_report(report(9 * USD))
    explain(item.pk, by=stella.user, reason="Another application.")
    (item,) = take_report(report(9 * USD))
    assert item.state == ItemState.EXPLAINED


def test_models_that_a_complete_report_does_not_name_were_billed_at_nothing(job):
    """The lost call was never executed: its accrual is taken back; an incomplete report says nothing of it."""
    doubt(job.hold(USD)[0])
    job.close()
    take_report(report(CENT, model="someone-else", complete=False))
    assert balance(SUSPENSE) == -USD
    take_report(report(CENT, model="someone-else"))
    assert (balance(SUSPENSE), balance(PAYABLE)) == (0, 0)
    assert ReconciliationItem.objects.get(model="demo/someone-else").state == ItemState.OPEN


@pytest.mark.parametrize(
    "name", ["intern", "demo/intern", "intern-2026-08-07", "Intern", "intern-20260807", "reply-name"]
)
def test_a_providers_name_finds_our_model(doubted, name):
    """With or without provider and date, or as replies name it."""
    Call.objects.filter(state="in_doubt").update(served_model="reply-name")
    (item,) = take_report(report(3 * USD, model=name))
    assert item.model == "demo/intern"


def test_a_name_in_words_finds_our_model():
    """Reports for people name models as people do; what means none of ours is told by its provider."""
    names = Names("anthropic", ["anthropic/claude-sonnet-4-6", "anthropic/claude-sonnet-4-5"], {})
    assert names.ours("Claude Sonnet 4.5") == "anthropic/claude-sonnet-4-5"
    assert names.ours("claude-sonnet-4-6-20251114") == "anthropic/claude-sonnet-4-6"
    assert names.ours("Web Search 2.0") == "anthropic/web-search-2.0"


def test_a_lost_call_belongs_to_the_day_on_which_it_was_made(job, stella):
    """Its worker died before midnight, or a restore found it days later: the provider billed it when it was made."""
    doubt(job.hold(USD)[0])
    job.close()
    yesterday = today() - timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers: it is in doubt already
        Call.objects.update(created_at=datetime.combine(yesterday, time(23, 50), tzinfo=UTC))
        cursor.execute("SET LOCAL session_replication_role = origin")
    (item,) = take_report(report_of("demo", "x", [Bill(yesterday, "intern", USD // 2)], is_complete=True))
    assert (item.state, item.doubts, balance(SUSPENSE), balance(PAYABLE)) == (
        ItemState.CLOSED,
        1,
        0,
        USD // 2,
    )
    assert "Calls in doubt" in stella.get(f"/staff/costs/reconciliation/{item.pk}/").text
    take_report(report(0))
    assert (balance(SUSPENSE), balance(PAYABLE)) == (0, USD // 2), "today says nothing of it"


def test_days_are_those_of_utc_and_each_is_an_item(doubted):
    """Yesterday's bill says nothing of today's calls."""
    yesterday = today() - timedelta(days=1)
    items = take_report(report_of("demo", "x", [Bill(yesterday, "intern", 3 * USD)], is_complete=True))
    assert [(each.day, each.state) for each in items] == [(yesterday, ItemState.OPEN)]
    assert balance(SUSPENSE) == -4 * USD


def test_a_csv_is_read_whatever_its_columns_are_called():
    """Classes of tokens and lines of one day are added up; credits are negative; a BOM and semicolons are no matter."""
    content = (
        "\ufeffDate;Line item;Amount;Currency;Project\n"
        '2026-01-31;gpt-6-sol, input;1.25;usd;a\n2026-01-31T23:00:00Z;"gpt-6-sol, output";0.000000001;USD;b\n'
        "1769904000;o9;-0.5;USD;a\n\n"
    )
    read = read_csv(content.encode(), provider="openai", name="costs.csv", is_complete=True)
    found = [(str(bill.day), bill.model, bill.nano) for bill in read.bills]
    assert found == [("2026-01-31", "gpt-6-sol", 1_250_000_001), ("2026-02-01", "o9", -USD // 2)]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf\n\nDay;Model;Cost (USD)\r\n2026-01-31;a;1.2e-05\r\n\r\n",
        b"day\tmodel\tcost ($)\r2026-01-31\ta\t$0.000012\r",
        b'"Usage Date",model,cost,currency\n1769817600,"a, input",0.000007,usd\n1769817600,"a, output",5E-6,USD\n',
    ],
)
def test_a_csv_is_read_however_it_was_written(content):
    """Marks, blank lines, any ends of lines and any usual way to write a day and an amount."""
    read = read_csv(content, provider="openai", name="costs.csv", is_complete=True)
    assert list(read.bills) == [Bill(date(2026, 1, 31), "a", 12_000)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"day,model,cost\n", "no line with a cost"),
        (b"day,model,tokens\n2026-01-01,a,5\n", "no column for the cost"),
        (b"model,cost\na,5\n", "no column for the day"),
        (b"day,model,cost\n2026-13-01,a,5\n", "line 2: .2026-13-01. is not a day"),
        (b"day,model,cost\n2999-01-01,a,5\n", "is in the future"),
        (b"day,model,cost\n2026-01-01,a,1,5\n", "4 columns where the header has 3"),
        (b'day,model,cost\n2026-01-01,a,"1,5"\n', "with a point"),
        (b"day,model,cost\n2026-01-01,a,NaN\n", "not an amount of dollars"),
        (b"day,model,cost\n2026-01-01,a,1e30\n", "not an amount of dollars"),
        (b"day,model,cost\n2026-01-01,,1\n", "names no model"),
        (b"day,model,cost,currency\n2026-01-01,a,1,EUR\n", "the currency is .EUR."),
        (b"day,model,cost\n2026-01-01,a,1e999999999\n", "not an amount of dollars"),
        (b"day,model,cost\n2026-01-01,a,1e400000\n", "not an amount of dollars"),
        (b"day,model,cost\n2026-01-01,a,1_000\n", "not an amount of dollars"),
        ("day,model,cost\n2026-01-01,a,\uff11\uff12\n".encode(), "not an amount of dollars"),
        (b"day,model,cost\n" + 3 * b"2026-01-01,a,99999999\n", r"add up to \$299,999,997"),
        (
            b"day,model,cost\n2026-01-01,a,1\nTotal,,1\n",
            "line 3: .Total. is not a day.* leave out lines of totals",
        ),
        (b"day,model,cost,currency\n2026-01-01,a,1,\n", "the currency is ..\\."),
        (b"day,model,cost,currency,billing_currency\n2026-01-01,a,1,USD,EUR\n", "the currency is .EUR."),
        (b"day,model,cost_eur\n2026-01-01,a,1\n", "no column for the cost.*found: day, model, cost_eur"),
        (b"day,model,cost (\xe2\x82\xac)\n2026-01-01,a,1\n", "no column for the cost"),
        (b"cost,model,cost,day\n1,a,2,2026-01-01\n", "2 columns named cost. Keep one"),
        (b'day,model,cost\n2026-01-01,"a,5\n', "line 2: it is not CSV"),
        (b"day|model|cost\n2026-01-01|a|5\n", "found: day.model.cost"),
        (b"\n\n", "it is empty"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        ("day,model,cost\n2026-01-01,caf\xe9,1\n".encode("latin-1"), "not text in UTF-8"),
        ("day,model,cost\n2026-01-01,a,1\n".encode("utf-16"), "not text in UTF-8"),
        ("day,model,cost\n2026-01-01,a,1\n".encode("utf-16-le"), "not text in UTF-8"),
        (b"PK\x03\x04\x14\x00", "not as a workbook"),
        (b"day,model,cost\n" + b"x" * 4_000_000, "more than 4 MB. Upload a shorter period"),
        (b"day,model,cost\n" + b"".join(b"2026-01-01,%d,1\n" % n for n in range(5_001)), "more than 5,000"),
    ],
)
def test_a_report_that_cannot_be_read_says_what_is_wrong_with_it(content, said):
    """Nothing is booked by a guess: the message names the line and what is expected."""
    with pytest.raises(ReportError, match=said):
        read_csv(content, provider="openai", name="costs.csv", is_complete=True)
