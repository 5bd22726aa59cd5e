"""Cost review by any period and grouping: exact across a change of the clock, by tag and member, and as exports."""

import csv
import io
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils import timezone

from billing.cost_review.summing import sum_calls
from billing.cost_review.sums import By, Lines, Scope, lines, series
from billing.models import BalanceTransaction, Call, Dispute, Entry, Refund, StopScope, StripeEvent, TopUp
from billing.stops import lift, stop
from billing.views.staff import payments, refunds, spending, stripe, suspension
from tests.billing.books import USD, settle, sql, start_job
from tests.billing.payments_to_look_at import make_payments
from tests.support.people import make_job

pytestmark = pytest.mark.usefixtures("noon")


def rows_of(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


def finish_at(call, moment: datetime) -> None:
    sql("SET LOCAL session_replication_role = replica")  # a finished call never changes
    sql("UPDATE billing_call SET finished_at = %s WHERE id = %s", moment, call)
    sql("SET LOCAL session_replication_role = DEFAULT")


@pytest.fixture
def autumn(rich, settings):
    """A call of $1, $2, … each hour around 2026-11-01 in New York, whose clocks went back at two that night."""
    settings.TIME_ZONE = "America/New_York"
    with timezone.override("America/New_York"):
        job = start_job(rich, 20 * USD)
        for hour in range(36):
            call, _ = job.hold(USD // 100)
            settle(call, USD // 100, cost=hour + 1)
            finish_at(call, datetime(2026, 10, 31, 22, 30, tzinfo=UTC) + timedelta(hours=hour))
        yield job


@pytest.mark.parametrize("is_summed", [False, True])
def test_days_weeks_and_months_are_exact_across_a_change_of_the_clock(autumn, is_summed):
    """The day has 25 hours; every figure equals raw SQL in the zone, whether its calls are summed or not."""
    if is_summed:
        sum_calls()
    scope = Scope(days=3, last=date(2026, 11, 2))
    raw = dict(
        Call.objects.extra(select={"d": "(finished_at AT TIME ZONE 'America/New_York')::date"})
        .values_list("d")
        .annotate(total=Sum("cost_nano"))
    )
    days = {line.key: line.cost_nano for line in lines(scope, By.DAY)}
    assert days == {
        day.isoformat(): raw.get(day, 0) for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2))
    }
    assert [line.settled for line in lines(scope, By.DAY)] == [6, 25, 5]
    assert [(line.key, line.settled) for line in lines(scope, By.MONTH)] == [("2026-11", 30), ("2026-10", 6)]
    assert [(line.label, line.settled) for line in lines(scope, By.WEEK)] == [
        ("week from 2026-11-02", 5),
        ("week from 2026-10-26", 31),
    ]
    only = Scope(days=1, last=date(2026, 11, 1))
    for by in By:
        assert Lines(only, by, most=1).total.cost_nano == raw[date(2026, 11, 1)], by


@pytest.mark.parametrize("zone", ["Etc/GMT+6", "Etc/GMT-6"])
def test_a_zone_whose_name_is_an_offset_is_taken_at_its_word(rich, zone):
    """PostgreSQL reads “-06” as six hours ahead; a call at 20 UTC belongs to the day that the site's clocks show."""
    call, _ = start_job(rich, USD).hold(USD // 100)
    settle(call, USD // 100, cost=1)
    finish_at(call, datetime(2026, 11, 1, 20, tzinfo=UTC))
    with timezone.override(zone):
        days = lines(Scope(days=2, last=date(2026, 11, 2)), By.DAY)
    assert [day.settled for day in days] == ([1, 0] if zone == "Etc/GMT+6" else [0, 1])


def test_a_period_is_chosen_by_month_or_from_and_to(autumn, stella):
    """The address says it; what names no period, or one of many years, means the default."""
    page = stella.get("/staff/costs/?month=2026-11").text
    assert "2026-11-01 to 2026-11-30. Days and times are those of America/New_York" in page
    assert (
        "2026-10-31 to 2026-11-01." in stella.get("/staff/costs/?from=2026-10-31&to=2026-11-01&by=week").text
    )
    for odd in (
        "month=2026-13",
        "from=2026-11-02&to=2026-11-01",
        "from=0001-01-01&to=9999-12-31",
        "month=9999-12",
    ):
        assert stella.get(f"/staff/costs/?{odd}").status_code == 200


def test_costs_are_told_by_member_and_by_tag(alice, bob, stella):
    """Members of one workspace are told apart; a job with two tags is in both lines and once in the total."""
    for owner, tags in ((alice, ["thesis", "maths"]), (bob, [])):
        job = make_job(alice.user, "done", spent_cents=3, tags=tags)
        type(job).objects.filter(pk=job.pk).update(created_by=owner.user)
    scope = Scope(days=1)
    members = {line.label: line.cost_nano for line in lines(scope, By.MEMBER)}
    assert members == {"alice@example.org": USD * 3 // 100, "bob@example.org": USD * 3 // 100}
    tags = {line.label: line.cost_nano for line in lines(scope, By.TAG)}
    assert set(tags) == {"thesis", "maths", "no tag"}
    assert Lines(scope, By.TAG, most=10).total.cost_nano == USD * 6 // 100
    assert "thesis" in stella.get("/staff/costs/?by=tag").text
    assert "bob@example.org" in stella.get("/staff/costs/?by=member").text
    sum_calls()
    chosen = [Scope(days=1, member="bob@example.org"), Scope(days=1, tag="maths")]
    assert [Lines(one, By.MODEL, most=1).total.cost_nano for one in chosen] == [USD * 3 // 100] * 2
    both = Scope(days=1, member="bob@example.org", tag="maths")
    assert [series(each, By.DAY)[0].settled for each in (*chosen, both)] == [1, 1, 0]
    page = stella.get("/staff/costs/?by=member&tag=maths").text.split("<table")
    assert "tag maths" in page[0]
    assert ("alice@example.org" in page[1], "bob@example.org" in page[1]) == (True, False)
    assert "member=alice%40example.org" in page[1]
    assert rows_of(stella.get("/staff/costs/lines.csv?by=job&tag=nothing")) == []


ZONES = {
    "Europe/Berlin": datetime(2026, 10, 24, 12, tzinfo=UTC),
    "America/New_York": datetime(2026, 10, 31, 12, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 10, 2, 20, tzinfo=UTC),
    "Asia/Kathmandu": datetime(2026, 10, 31, 12, tzinfo=UTC),
    "America/Santiago": datetime(2026, 9, 5, 12, tzinfo=UTC),
    "Africa/Cairo": datetime(2026, 10, 28, 12, tzinfo=UTC),
}
"""Zones that change by an hour at night, by half an hour, at midnight itself, or never and lie on no whole hour."""


@pytest.mark.parametrize("zone", ZONES)
def test_days_begin_and_end_where_raw_sql_says_in_every_zone(rich, settings, zone):
    """A call each 19 minutes over two changes of date: by day, month and chosen range, half of them summed."""
    settings.TIME_ZONE = zone
    job, begin = start_job(rich, 20 * USD), ZONES[zone]
    for number in range(150):
        call, _ = job.hold(USD // 100)
        settle(call, 2 * number + 3, cost=number + 1)
        finish_at(call, begin + timedelta(minutes=19 * number, microseconds=number % 3 - 1))
    sum_calls(begin + timedelta(hours=20))
    local = "(finished_at AT TIME ZONE %s)"
    with timezone.override(zone):
        first = timezone.localtime(begin).date()
        for days in (range(4), range(1, 2), range(2, 3), range(1, 3)):
            scope = Scope(days=len(days), last=first + timedelta(days=days[-1]))
            for line in lines(scope, By.DAY):
                figures = (
                    "concat_ws(' ', count(*), coalesce(sum(cost_nano), 0), coalesce(sum(billed_nano), 0))"
                )
                said = sql(f"SELECT {figures} FROM billing_call WHERE {local}::date = %s", zone, line.key)
                assert said == f"{line.settled} {line.cost_nano} {line.billed_nano}", (line.key, days)
            (total,) = (Lines(scope, By.PROVIDER, most=1).total,)
            assert total.cost_nano == sum(line.cost_nano for line in lines(scope, By.MONTH))
            within = f"SELECT sum(cost_nano) FROM billing_call WHERE {local}::date BETWEEN %s AND %s"
            assert total.cost_nano == sql(within, zone, scope.first_day, scope.last_day)


@pytest.mark.parametrize("page", ["", "finance/", "anomalies/", "opinions/"])
def test_a_period_of_ones_own_is_chosen_on_every_page_and_a_wrong_one_is_said(stella, page):
    """What is no period is not taken for the last thirty days without a word; other choices stay."""
    found = stella.get(f"/staff/costs/{page}?from=2026-03-01&to=2026-04-15&model=x/y").text
    assert 'name="from" value="2026-03-01"' in found
    assert '<input type="hidden" name="model" value="x/y">' in found
    assert "is no period" not in found
    for asked in ("from=2020-01-01&to=2026-01-01", "from=2026-02-02&to=2026-01-01", "month=2026-13"):
        assert "is no period of 1 to 1,000 days" in stella.get(f"/staff/costs/{page}?{asked}").text


def test_every_download_of_the_review_says_its_time_zone(autumn, stella):
    """Its last column names the zone of the days and times before it."""
    period, job = "from=2026-10-31&to=2026-11-02", autumn.job_id
    for name in (
        *("lines", "journal", "finance/figures", "finance/tokens", "anomalies/calls", "changes"),
        *("opinions/calls", f"jobs/{job}/calls", "open/calls"),
    ):
        header, *rows = b"".join(stella.get(f"/staff/costs/{name}.csv?{period}").streaming_content).split(
            b"\r\n"
        )
        assert header.endswith(b",time_zone"), name
        assert all(row.endswith(b",America/New_York") for row in rows if row), name


def test_lists_beside_others_have_pages_too(alice, stella, monkeypatch):
    """Payments to look at, payouts, disputes, refunds, earlier stops and suspensions: none ends with the newest few."""
    make_payments(alice.user)
    whose = {"workspace": alice.workspace, "user": alice.user, "amount_nano": USD, "state": "pending"}
    for number in range(2):
        TopUp.objects.create(**whose, problem="Another amount.")
        StripeEvent.objects.create(pk=f"evt_{number + 2}", type="x", payload={}, attempts=99)
    for module, name in (
        (payments, "_ROWS"),
        (stripe, "_FEW"),
        (refunds, "_ROWS"),
        (spending, "_ROWS"),
        (suspension, "_ROWS"),
    ):
        monkeypatch.setattr(module, name, 1)
    for scope, subject in ((StopScope.EVERYTHING, ""), (StopScope.MODEL, "demo/intern")):
        for _ in range(2):
            stop(scope, subject, reason="x", by=stella.user)
            lift(scope, subject, reason="y", by=stella.user)
    for of in (BalanceTransaction.objects.filter(type="payout"), Dispute.objects.all(), Refund.objects.all()):
        one = of.get()
        one.pk = "other" if isinstance(one.pk, str) else None
        one._state.adding = True
        one.request = uuid.uuid4()
        one.save()
    for address, names in {
        "/staff/costs/stripe/": ("payouts", "disputes"),
        "/staff/costs/refunds/": ("refunds",),
        "/staff/costs/spending/": ("earlier",),
        "/staff/costs/suspended/": ("earlier",),
        "/staff/costs/payments/": ("top_ups", "events"),
    }.items():
        page = stella.get(address).text
        assert page.count("Page 1 of 2") == len(names), address
        for name in names:
            assert f'href="?{name}=2"' in page
            assert "Page 2 of 2" in stella.get(f"{address}?{name}=2").text


@pytest.mark.parametrize("by", list(By))
def test_every_grouping_has_a_picture_and_the_table_has_its_figures(autumn, stella, by):
    """Bars of times for days, weeks and months, also of empty ones; bars of the dearest for anything else."""
    page = stella.get(f"/staff/costs/?from=2026-09-20&to=2026-11-02&by={by}").text
    assert page.count("<figure") == 1
    picture, table = page.split("<figure", 1)[1].split("</figure>", 1)
    assert ("chart-line" in picture) == (by in {"day", "week", "month"})
    assert ("meter-fill" in picture) != ("chart-line" in picture)
    rows = {"day": 44, "week": 8, "month": 3}.get(by, 1)
    assert table.split("<tbody>")[1].split("</tbody>")[0].count("<tr>") == rows


def test_the_journal_has_every_entry_and_each_transfer_sums_to_zero(autumn, stella):
    """A period's entries with kind, account and reason; the file says in its name which days."""
    reply = stella.get("/staff/costs/journal.csv?days=7")
    rows = rows_of(reply)
    assert len(rows) == Entry.objects.count()
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["transfer"]] = sums.get(row["transfer"], Decimal(0)) + Decimal(row["amount_usd"])
    assert set(sums.values()) == {Decimal(0)}
    assert {"call", "escrow", "grant"} <= {row["kind"] for row in rows}
    assert rows_of(stella.get("/staff/costs/journal.csv?from=2001-01-01&to=2001-01-02")) == []


def test_charges_come_in_the_columns_of_focus(autumn, stella):
    """A line a day, model, workspace and job; costs add up; periods are in UTC, those of the site's days."""
    rows = rows_of(stella.get("/staff/costs/focus.csv?from=2026-10-31&to=2026-11-02"))
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal(sum(range(1, 37))) / USD
    [sunday] = [row for row in rows if row["ChargePeriodStart"] == "2026-11-01T04:00:00Z"]
    assert sunday["ChargePeriodEnd"] == "2026-11-02T05:00:00Z"
    assert (sunday["BillingPeriodStart"], sunday["BillingPeriodEnd"]) == (
        "2026-11-01T04:00:00Z",
        "2026-12-01T05:00:00Z",
    )
    assert (sunday["ProviderName"], sunday["SkuId"], sunday["ConsumedQuantity"]) == (
        "demo",
        "demo/intern",
        "25",
    )
    assert sunday["SubAccountName"] == "alice@example.org"
