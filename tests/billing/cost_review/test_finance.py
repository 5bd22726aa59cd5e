"""Finance, odd calls, corrections and who changed what: figures that equal raw SQL, and two people for a correction."""

import csv
import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Role, User
from billing.books.corrections import ask_for_correction, decide
from billing.books.ledger import PROMOTION, STRIPE_CLEARING, account_of, debt_nano, post
from billing.books.wallet import balances, grant
from billing.cost_review.changes import Changes
from billing.cost_review.finance import finance
from billing.cost_review.summing import sum_calls
from billing.cost_review.sums import Scope
from billing.cost_review.users_money import users_money
from billing.cost_review.waterfall import waterfall
from billing.errors import BillingError
from billing.models import (
    AccountKind,
    Call,
    CallAnomaly,
    Correction,
    CorrectionKind,
    ModelSum,
    Price,
    TransferKind,
)
from billing.prices.book import rates_of
from solver.core.pricing import Usage, cost_nano
from tests.billing.books import USD, doubt, settle, sql, start_job, void

SPANS = [("2026-10-31", "2026-10-31"), ("2026-11-01", "2026-11-01"), ("2026-10-30", "2026-11-03")]
PERIOD = "from=2026-10-30&to=2026-11-03"
ADJUST, WRITE_OFF = CorrectionKind.ADJUSTMENT, CorrectionKind.WRITE_OFF


@pytest.fixture
def calls(job):
    """Calls of every kind on the days around the end of daylight saving time in New York."""
    made = []
    for number in range(24):
        call, _ = job.hold(USD // 4)
        if number % 8 == 5:
            doubt(call)
        elif number % 8 == 6:
            void(call)
        elif number == 3:
            settle(call, 0)
        else:
            cost = 200_000_000 if number == 2 else 5_000_001 + number * 700_001
            settle(call, cost + 1_000_003 * (number % 3), cost=cost)
        made.append(call)
    job.close()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for number, call in enumerate(made):
            at = datetime(2026, 10, 31, 2, tzinfo=UTC) + timedelta(hours=3 * number)
            Call.objects.filter(pk=call).update(
                created_at=at - timedelta(seconds=9), finished_at=at, attempt=1 + (number % 3 == 0)
            )
        Call.objects.filter(pk=made[1]).update(output_tokens=5)
        Call.objects.filter(pk=made[4]).update(usage_missing=True)
        cursor.execute("SET LOCAL session_replication_role = origin")
    return made


def rows_of(person, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(person.get(f"{address}?{PERIOD}").getvalue().decode().splitlines()))


def raw(first: str, last: str, column: str, where: str = "state = 'settled'") -> int:
    """Sum a column of calls by their local day, without any of the review's own statements."""
    return int(
        sql(
            f"SELECT coalesce(sum({column}), 0) FROM billing_call WHERE {where} "
            "AND (finished_at AT TIME ZONE 'America/New_York')::date BETWEEN %s AND %s",
            *(first, last),
        )
    )


@pytest.mark.parametrize("is_summed", [False, True], ids=["call by call", "summed"])
@pytest.mark.parametrize(
    "span", [("2026-10-31", "2026-10-31"), ("2026-11-01", "2026-11-01"), ("2026-10-30", "2026-11-03")]
)
def test_every_figure_equals_raw_sql_across_the_end_of_daylight_saving_time(calls, is_summed, span):
    """Tokens, cost and waste of a period, before and after the calls are summed by quarter of an hour."""
    if is_summed:
        sum_calls(datetime(2026, 11, 2, 9, tzinfo=UTC))
        assert ModelSum.objects.exists()
    first, last = (date.fromisoformat(day) for day in span)
    with timezone.override("America/New_York"):
        found = finance(Scope(days=(last - first).days + 1, last=last)).total
    for name in ("input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens", "cost_nano"):
        assert getattr(found, name) == raw(*span, name), name
    assert found.again_nano == raw(*span, "cost_nano", "state = 'settled' AND attempt > 1")
    assert found.mute_nano == raw(
        *span, "cost_nano", "state = 'settled' AND output_tokens <= reasoning_tokens"
    )
    assert found.doubt_nano == raw(*span, "hold_nano", "state = 'in_doubt'")
    assert found.settled == raw(*span, "1")
    by_class = (found.input_nano, found.cache_read_nano, found.cache_write_nano, found.reasoning_nano)
    assert sum(by_class) + found.output_nano + found.fee_nano == found.cost_nano


def test_trial_and_paid_money_are_told_apart_and_liabilities_are_what_accounts_hold(alice, calls, job):
    """What an ended job spent, by where it came from; wallets and their part of open escrows are owed to users."""
    left = balances(alice.workspace)
    other = start_job(job.workspace, left.trial_nano + 2 * USD)
    figures = finance(Scope(days=7))
    spent = sum(Call.objects.values_list("billed_nano", flat=True))
    assert figures.ended_trial_nano + figures.ended_paid_nano == spent
    assert figures.ended_trial_nano == spent, "trial credit is spent first, and there was enough of it"
    assert (figures.wallets_nano, figures.trial_nano) == (left.wallet_nano - 2 * USD, 0)
    assert (figures.escrows_nano, figures.trial_escrows_nano) == (2 * USD, left.trial_nano)
    assert figures.liability_nano == left.wallet_nano, "reserving one's own money leaves it one's own"
    call, _ = other.hold(left.trial_nano + USD)
    settle(call, left.trial_nano + USD)
    figures = finance(Scope(days=7))
    assert (figures.escrows_nano, figures.trial_escrows_nano) == (USD, 0), "trial credit is spent first"
    other.close()
    assert balances(alice.workspace).wallet_nano == figures.liability_nano
    assert (figures.users.granted_nano, figures.users.trial_given_nano) == (20 * USD, 5 * USD)


_RATES = {
    "input_pico": 1_000,
    "output_pico": 4_000,
    "reasoning_pico": 6_000,
    "audio_pico": 3_000,
    "search_nano": 7,
    "cache_read_pico": 100,
    "cache_write_pico": 1_250,
    "cache_write_1h_pico": 2_000,
    "tiers": [
        {"above_prompt_tokens": 5_000, "input_pico": 2_000, "output_pico": 8_000, "cache_read_pico": 200},
        {"above_prompt_tokens": 0, "service": "flex", "input_pico": 500, "output_pico": 2_000},
    ],
    "windows": [
        {
            "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "from_minute": 600,
            "to_minute": 660,
            "input_pico": 300,
            "output_pico": 900,
        }
    ],
}
_OF_EACH_CLASS = [
    (
        12,
        Usage(1_000, 200, 400, 100, 50, cache_write_1h_tokens=40, audio_tokens=100, searches=2),
        {"input": 700, "cache_read": 40, "cache_write": 155, "output": 600, "reasoning": 300, "fee": 14},
    ),
    (
        13,
        Usage(6_000, 110, 1_000, 0, 10),
        {"input": 10_000, "cache_read": 200, "output": 800, "reasoning": 80},
    ),
    (14, Usage(1_000, 110, 0, 0, 10, service="flex"), {"input": 500, "output": 200, "reasoning": 20}),
    (10, Usage(1_000, 100, 0, 0, 50), {"input": 300, "output": 45, "reasoning": 45}),
]
"""Hour of the reply, what it used, and what each class of that costs in nano-USD: plain, long, cheap, and by the hour."""


@pytest.mark.parametrize("is_summed", [False, True], ids=["call by call", "summed"])
def test_each_class_of_tokens_costs_what_it_was_charged(job, is_summed):
    """By the tier, hour and rates of each call; fees per use raise no class's price; all of it is the cost."""
    limits = {
        "context_window": 9_000,
        "max_output_tokens": 900,
        "effective_from": datetime(2026, 1, 1, tzinfo=UTC),
    }
    price = Price.objects.create(model="x/y", provider="x", status="active", **_RATES, **limits)
    job.price_id = price.pk
    wanted: Counter[str] = Counter()
    for hour, usage, parts in _OF_EACH_CLASS:
        at = datetime(2026, 10, 7, hour, 30, tzinfo=UTC)
        cost = sum(parts.values())
        assert cost == cost_nano(rates_of(price), usage, at=at)
        call, _ = job.hold(USD // 4)
        sql(
            "SELECT billing_settle(%s, %s, %s, %s, %s, %s, %s, %s, %s, false, '', NULL, %s, %s, '', %s)",
            *(call, cost, cost, usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens),
            *(usage.output_tokens, usage.reasoning_tokens),
            json.dumps({"server_tool_use": {"web_search_requests": usage.searches}}),
            *(usage.cache_write_1h_tokens, usage.service, usage.audio_tokens),
        )
        sql("SET LOCAL session_replication_role = replica")
        sql("UPDATE billing_call SET finished_at = %s WHERE id = %s", at, call)
        sql("SET LOCAL session_replication_role = DEFAULT")
        wanted.update(parts)
    if is_summed:
        sum_calls()
    found = finance(Scope(days=3, last=date(2026, 10, 8))).total
    assert {name: getattr(found, f"{name}_nano") for name in wanted} == wanted
    assert found.cache_read_per_million_nano == 240 * 1_000_000 // 1_400
    assert found.cache_write_per_million_nano == 155 * 1_000_000 // 100
    assert found.output_per_million_nano == 1_645 * 1_000_000 // 400
    assert found.reasoning_per_million_nano == 445 * 1_000_000 // 120


def test_users_money_before_and_after_a_period_adds_up(alice, calls, rich):
    """Of each span across the end of daylight saving time: what one leaves the next begins with, the last with what is.

    A dispute of more than the wallet has is shown whole, and what users owe for it beside it.
    """
    grant(workspace=rich, amount_nano=3 * USD, by=None, reason="x")
    wallet, owes = (account_of(rich, kind) for kind in (AccountKind.WALLET, AccountKind.RECEIVABLE))
    wallet.refresh_from_db()
    left = wallet.balance_nano
    disputed = {wallet.pk: -left, owes.pk: -2 * USD, STRIPE_CLEARING: left + 2 * USD}
    post(key="stripe:x", kind=TransferKind.REFUND, amounts=disputed)
    ask = ask_for_correction(workspace=rich, kind=WRITE_OFF, amount_nano=USD, reason="x", by=alice.user)
    decide(ask.pk, approve=True, reason="", by=User.objects.create_user("b@example.org", is_staff=True))
    grant(workspace=rich, amount_nano=3 * USD, by=None, reason="pays the rest of the debt")
    job = start_job(rich, 2 * USD)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE billing_transfer SET effective_at = CASE kind WHEN 'trial' THEN '2026-10-30 9:00Z'::timestamptz "
            "ELSE '2026-11-01 23:30 America/New_York' END "
            "WHERE id IN (SELECT id FROM billing_transfer WHERE kind IN ('trial', 'grant') ORDER BY id LIMIT 2)"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    today = timezone.localdate()
    with timezone.override("America/New_York"):
        spans = [
            users_money(Scope(days=(last - first).days + 1, last=last))
            for first, last in (
                (date(2026, 10, 1), date(2026, 10, 31)),
                (date(2026, 11, 1), date(2026, 11, 1)),
                (date(2026, 11, 2), today + timedelta(days=1)),
            )
        ]
    assert (spans[0].opening_nano, spans[0].trial_given_nano, spans[1].granted_nano) == (0, 5 * USD, 20 * USD)
    assert [a.closing_nano for a in spans[:2]] == [b.opening_nano for b in spans[1:]]
    now = balances(rich)
    assert spans[2].closing_nano == now.available_nano + now.held_nano == job.state[0] + now.available_nano
    found = spans[2]
    assert (found.refunded_nano, found.beyond_nano) == (left + 2 * USD, 2 * USD)
    assert (found.debts_paid_nano, found.written_off_nano, found.debts_nano) == (USD, USD, 0)
    assert sum(span.charged_nano for span in spans) == raw("2026-10-01", "2026-12-31", "billed_nano")


def test_odd_calls_are_noted_once_and_lead_to_their_place_among_the_jobs_calls(calls, stella):
    """Outlier, near the hold, no cost, no usage; the page, its CSV and the job's calls with a bar for each."""
    sum_calls(datetime(2026, 11, 4, tzinfo=UTC))
    kinds = dict(CallAnomaly.objects.values_list("kind", "call_id"))
    assert (kinds["outlier"], kinds["zero_cost"], kinds["no_usage"]) == (calls[2], calls[3], calls[4])
    page = stella.get("/staff/costs/anomalies/?kind=outlier&" + PERIOD).content.decode()
    odd = CallAnomaly.objects.get(kind="outlier")
    link = f"?call={odd.call_id}#call-{odd.call_id}"
    assert link in page
    rows = rows_of(stella, "/staff/costs/anomalies/calls.csv")
    assert len(rows) == CallAnomaly.objects.count()
    there = stella.get(f"/staff/costs/jobs/{odd.call.job_id}/?call={odd.call_id}").content.decode()
    assert f'id="call-{odd.call_id}" aria-current="true"' in there
    assert there.count("<rect") == len(calls)
    assert all(0 <= bar.x <= 1000 for bar in waterfall(Call.objects.all()).values())


def test_the_finance_page_needs_few_statements_and_has_a_csv(calls, stella):
    """At most twenty, sign-in included; the CSV has the page's models."""
    stella.get("/staff/costs/finance/?" + PERIOD)
    with CaptureQueriesContext(connection) as captured:
        page = stella.get("/staff/costs/finance/?" + PERIOD).content.decode()
    assert len(captured) <= 20, [query["sql"][:100] for query in captured]
    assert "demo/intern" in page
    rows = rows_of(stella, "/staff/costs/finance/tokens.csv")
    assert [row["model"] for row in rows] == ["demo/intern"]
    assert rows[0]["time_zone"]
    told = {row["figure"]: row for row in rows_of(stella, "/staff/costs/finance/figures.csv")}
    assert told["charged"]["amount_usd"] == told["billed"]["amount_usd"] != "0.00"
    assert {(row["first_day"], row["last_day"], row["time_zone"]) for row in told.values()} == {
        ("2026-10-30", "2026-11-03", "UTC")
    }
    usd = {name: Decimal(row["amount_usd"]) for name, row in told.items()}
    came = usd["topped_up"] + usd["granted"] + usd["trial_given"] + usd["adjusted"]
    went = usd["refunded"] - usd["beyond"] + usd["debts_paid"] + usd["charged"]
    assert usd["opening"] + came - went == usd["closing"]
    page = (
        stella.get("/staff/costs/finance/?" + PERIOD).text.partition("<main")[2].partition('id="tokens-h"')[0]
    )
    shown = {Decimal(amount.replace(",", "")) for amount in re.findall(r"\$([\d,.]*\d)", page)}
    assert len(shown) == 10
    assert shown <= {abs(amount) for amount in usd.values()}, "what the page shows, its download has"


def test_a_correction_moves_money_once_a_second_person_approves_it(rich, alice, stella):
    """Who asked can't approve; a refusal says why; what was decided stays decided."""
    bella = type(stella)("bella", staff=True)
    with pytest.raises(BillingError, match="Say why"):
        ask_for_correction(workspace=rich, kind=ADJUST, amount_nano=USD, reason=" ", by=stella.user)
    with pytest.raises(BillingError, match="to take from"):
        ask_for_correction(workspace=rich, kind=ADJUST, amount_nano=-21 * USD, reason="x", by=stella.user)
    wish = ask_for_correction(
        workspace=rich, kind=ADJUST, amount_nano=-USD, reason="A double grant.", by=stella.user
    )
    with pytest.raises(BillingError, match="ask a colleague"):
        decide(wish.pk, approve=True, reason="", by=stella.user)
    assert balances(rich).wallet_nano == 20 * USD
    bella.post(f"/staff/costs/corrections/{wish.pk}/decide/", {"decision": "approve"})
    assert balances(rich).wallet_nano == 19 * USD
    with pytest.raises(BillingError, match="approved already"):
        decide(wish.pk, approve=True, reason="", by=bella.user)
    told = {(change.who, change.what) for change in Changes()[:]}
    assert told >= {
        ("stella@example.org", "adjustment asked for"),
        ("bella@example.org", "adjustment approved"),
        ("bella@example.org", "adjustment"),
    }
    assert {each.about for each in Changes()[:] if each.what == "adjustment"} == {rich.name}
    assert "A double grant." in stella.get("/staff/costs/changes/").content.decode()
    assert "A double grant." in alice.get("/wallet/").content.decode()


def test_a_correction_is_of_a_workspace_that_the_user_owns(rich, alice, charlie, stella):
    """Not of one that they have switched to; of several the asker chooses, the approver reads whose, and is not in it."""
    form = {"email": "alice@example.org", "kind": "adjustment", "amount": "1.00", "reason": "Late."}
    address = "/staff/costs/corrections/"
    Membership.objects.create(workspace=charlie.workspace, user=alice.user, role=Role.MEMBER)
    User.objects.filter(pk=alice.user.pk).update(current_workspace=charlie.workspace)
    assert stella.post(address, form).status_code == 302
    assert Correction.objects.get().workspace == rich
    Membership.objects.filter(workspace=charlie.workspace, user=alice.user).update(role=Role.OWNER)
    asked = stella.post(address, form)
    assert (asked.status_code, "owns several workspaces" in asked.content.decode()) == (422, True)
    chosen = {"workspace": str(charlie.workspace.public_id)}
    assert stella.post(address, form | chosen).status_code == 302
    wish = Correction.objects.latest("pk")
    assert wish.workspace == charlie.workspace
    bella = type(stella)("bella", staff=True)
    assert "Owner: charlie@example.org" in bella.get(address).content.decode()
    Membership.objects.create(workspace=charlie.workspace, user=bella.user, role=Role.VIEWER)
    with pytest.raises(BillingError, match="in this workspace yourself"):
        decide(wish.pk, approve=True, reason="", by=bella.user)
    assert stella.post(address, form | {"email": "nobody@example.org"}).status_code == 422


@pytest.mark.parametrize("amount", ["1e9", "-1000000.01", "9999999999.99", "NaN", "0.001", "1,5,0", ""])
def test_a_correction_that_cannot_be_is_refused_in_words(rich, stella, amount):
    """Nothing is written down of more than a million dollars, of fractions of a cent or of what is no number."""
    form = {"email": "alice@example.org", "kind": "adjustment", "amount": amount, "reason": "Late."}
    page = stella.post("/staff/costs/corrections/", form)
    assert (page.status_code, Correction.objects.count()) == (422, 0)


def test_a_debt_is_written_off_by_two(rich, stella):
    """At most what is owed; afterwards the workspace owes nothing."""
    bella = type(stella)("bella", staff=True)
    with pytest.raises(BillingError, match="at most the open debt"):
        ask_for_correction(workspace=rich, kind=WRITE_OFF, amount_nano=USD, reason="x", by=stella.user)
    owed = account_of(rich, AccountKind.RECEIVABLE)
    post(key="debt", kind=TransferKind.ADJUSTMENT, amounts={owed.pk: -3 * USD, PROMOTION: 3 * USD})
    form = {"email": "alice@example.org", "kind": "write_off", "amount": "3.00", "reason": "Card was stolen."}
    assert stella.post("/staff/costs/corrections/", form).status_code == 302
    wish = Correction.objects.get()
    bella.post(f"/staff/costs/corrections/{wish.pk}/decide/", {"decision": "approve"})
    assert debt_nano(rich) == 0
    assert "debt written off: Card was stolen." in json.dumps([change.why for change in Changes()[:]])
    call_command("audit")
    grant(workspace=rich, amount_nano=USD, by=None, reason="x")
    assert balances(rich).wallet_nano == 21 * USD
