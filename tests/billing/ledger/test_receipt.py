"""Receipts by model and price, the net statement of a job, and the end of trial credit."""

import json
import uuid
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from billing.books.receipt import RECEIPT_HEADER, receipt_json, receipt_of, receipt_rows
from billing.books.statement import ledger_rows, net_page, statement
from billing.books.trial_end import end_trials, trial_ends_at
from billing.books.wallet import balances
from billing.cost_review.sums import Scope
from billing.cost_review.users_money import users_money
from billing.models import Call, Price
from billing.reconciliation.items import take_report
from billing.reconciliation.report import Bill, report_of
from solver.core.money import usd_decimal
from tests.billing.books import USD, doubt, settle, start_job


def change(call: uuid.UUID, **columns) -> None:
    """Write columns of a settled call as if the engine had told them."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Call.objects.filter(pk=call).update(**columns)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture
def used(job):
    """A job of two models, one behind an alias, with a web search, and a call that nobody answered."""
    first, _ = job.hold(USD)
    settle(
        first,
        987_654_321,
        cost=900_000_001,
        usage=json.dumps({"server_tool_use": {"web_search_requests": 2}}),
    )
    second, _ = job.hold(USD)
    settle(second, 234_567_891, cost=200_000_000)
    lost, _ = job.hold(USD)
    doubt(lost)
    price = Price.objects.get(pk=job.price_id)
    price.pk, price.effective_from, price.search_nano = None, timezone.now(), 10_000_000
    price.save(force_insert=True)
    change(first, price=price, served_model="intern-2026-11")
    return job


def test_the_lines_of_a_receipt_add_up_to_the_charge(used):
    """Cost and markup by model, price and the reply's own name; fees per use; exact, so the totals hold at the cent."""
    used.close()
    receipt = receipt_of(used.job_id)
    assert [(line.served_model, line.calls, line.fees_nano) for line in receipt.lines] == [
        ("intern-2026-11", 1, 20_000_000),
        ("", 1, 0),
    ]
    assert len({(line.price_id, line.price_since) for line in receipt.lines}) == 2
    charged = sum(call.billed_nano for call in Call.objects.filter(job_id=used.job_id))
    assert receipt.provider_nano + receipt.markup_nano == receipt.billed_nano == charged
    *rows, total = receipt_rows(receipt)
    assert {len(row) for row in (*rows, total)} == {len(RECEIPT_HEADER)}
    column = RECEIPT_HEADER.index("charged_usd")
    assert (
        sum(Decimal(row[column]) for row in rows) == Decimal(total[column]) == Decimal(usd_decimal(charged))
    )
    assert receipt_json(receipt)["total"]["billed_usd"] == usd_decimal(charged)


def test_a_receipt_has_the_tokens_of_each_class(used):
    """Both lifetimes of what was written to a cache, audio and images are columns of their own, summed by line."""
    told = {"input_tokens": 900, "cache_write_tokens": 300, "cache_write_1h_tokens": 100}
    call = Call.objects.filter(job_id=used.job_id, served_model="intern-2026-11").get()
    change(call.pk, **told, audio_tokens=40, image_tokens=260)
    used.close()
    named, _, _, total = (
        dict(zip(RECEIPT_HEADER, row, strict=True)) for row in receipt_rows(receipt_of(used.job_id))
    )
    assert {name: named[name] for name in told} == told
    assert (named["audio_tokens"], named["image_tokens"], named["charged_usd"]) == (40, 260, "0.987654321")
    assert total["charged_usd"] == "1.222222212"
    (line, _) = receipt_json(receipt_of(used.job_id))["lines"]
    assert (line["cache_write_1h_tokens"], line["audio_tokens"], line["image_tokens"]) == (100, 40, 260)


def test_a_receipt_says_what_came_of_calls_in_doubt(used):
    """Kept back while the job runs; then returned; and once the provider's bill has come, that the house paid it."""
    (before,) = receipt_of(used.job_id).doubts
    assert (before.calls, before.reserved_nano) == (1, USD)
    assert "until the job ends" in before.outcome
    used.close()
    (after,) = receipt_of(used.job_id).doubts
    assert after.outcome.startswith("returned; should the provider")


def test_the_bill_that_ends_a_doubt_is_that_of_the_day_on_which_the_call_was_made(used):
    """A lost call is matched by the day it was made: who waited for it may have given up after midnight."""
    midnight = datetime.combine(datetime.now(tz=UTC).date(), time.min, tzinfo=UTC)
    begun, ended = midnight - timedelta(minutes=1), midnight + timedelta(microseconds=1)
    lost = Call.objects.filter(job_id=used.job_id, state="in_doubt")
    change(lost.get().pk, created_at=begun, finished_at=ended)
    used.close()
    for day, bill_nano, has_come in (
        (ended.date(), 1_100_000_001, False),
        (begun.date(), USD // 2, True),
    ):
        take_report(report_of("demo", "bill.csv", [Bill(day, "intern", bill_nano)], is_complete=False))
        (doubt_line,) = receipt_of(used.job_id).doubts
        assert ("bill has come" in doubt_line.outcome) is has_come


def test_a_job_is_one_net_row_of_the_statement_with_its_parts(used):
    """What it cost in all, its reservation and return on demand; balances are those of the movements."""
    assert net_page(used.workspace).rows[0].amount_nano == -10 * USD
    used.close()
    newest, *others = net_page(used.workspace).rows
    every = list(statement(used.workspace))
    assert len(others) == len(every) - 2
    assert (
        newest.amount_nano
        == sum(part.amount_nano for part in newest.parts)
        == -receipt_of(used.job_id).billed_nano
    )
    assert [part.kind for part in newest.parts] == ["escrow", "release"]
    assert newest.balance_nano == every[0].balance_nano == balances(used.workspace).available_nano


def test_the_wallet_page_shows_the_net_row(alice, used):
    """Its movements are one click away."""
    used.close()
    page = alice.get("/wallet/").content.decode()
    assert "2 movements" in page
    assert page.count("unspent money returned") == 1


def test_trial_credit_ends_after_its_days(alice, settings):
    """What is left goes back to the house once; what lies with a job goes when it returns; by default nothing ends."""
    assert (trial_ends_at(alice.workspace), end_trials()) == (None, 0)
    job = start_job(alice.workspace, 2 * USD)
    settings.PONDER_TRIAL_DAYS = 30
    assert trial_ends_at(alice.workspace) - timezone.now() > timedelta(days=29)
    day = f"{timezone.localtime(trial_ends_at(alice.workspace)):%Y-%m-%d}"
    assert alice.get("/wallet/").content.decode().count(f"ends on {day}") == 2, (
        "by the balance and in the ledger"
    )
    given = [row for row in ledger_rows(alice.workspace) if row[-1]]
    assert [(row[1], str(timezone.localtime(row[-1]).date())) for row in given] == [("Trial credit", day)]
    assert end_trials() == 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE billing_transfer SET effective_at = now() - interval '31 days' WHERE kind = 'trial'"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert (end_trials(), end_trials()) == (1, 0)
    assert balances(alice.workspace).trial_nano == 0
    job.close()
    assert balances(alice.workspace).trial_nano == 2 * USD
    assert end_trials() == 1
    assert "Trial credit that was not used in time" in alice.get("/wallet/").content.decode()
    assert users_money(Scope(days=90)).trial_given_nano == 0, "what ended is not counted as given"
