"""Cost review: for staff only, sums that add up, down to each call."""

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.books.audit import violations
from billing.cost_review.chart import cost_chart
from billing.cost_review.summing import sum_calls
from billing.cost_review.sums import By, Line, Lines, Scope, budget_nano, lines, total_of
from billing.models import Call, CallSum, CallSumMark
from billing.views.staff import review
from tests.billing.books import USD, doubt, settle, sql, start_job, void

pytestmark = pytest.mark.usefixtures("noon")
PAGES = [
    "cost-review",
    "cost-review-csv",
    "cost-review-open",
    "cost-review-open-csv",
    "cost-review-prices",
    "cost-review-prices-csv",
]
JOB_PAGES = ["cost-review-calls", "cost-review-calls-csv"]


def addresses():
    return [reverse(name) for name in PAGES] + [reverse(name, args=[uuid.UUID(int=7)]) for name in JOB_PAGES]


def body(response) -> str:
    return b"".join(response.streaming_content).decode() if response.streaming else response.text


@pytest.fixture
def spent(job, charlie):
    """Alice's job: $3 billed at a cost of $2, an overrun, a void and a doubtful call; one call of Charlie's."""
    settle(job.hold(3 * USD)[0], 3 * USD, cost=2 * USD)
    beyond = job.hold(USD)[0]
    void(job.hold(USD)[0])
    doubt(job.hold(USD)[0])
    job.hold(USD)
    other = start_job(charlie.workspace, USD)
    settle(other.hold(USD)[0], 500_000_000, cost=100_000_000)
    # The last of all: from then on the model is suspended.
    settle(beyond, 2 * USD, cost=2 * USD)
    return job


@pytest.mark.parametrize("index", range(8))
def test_cost_review_is_for_staff(alice, stella, client, index):
    """Others get a 404, also to the CSVs; signed-out people are asked to sign in."""
    address = addresses()[index]
    assert alice.get(address).status_code == 404
    assert client.get(address).status_code == 302
    assert stella.get(address).status_code == 200
    stella.user.is_active = False
    stella.user.save()
    assert stella.get(address).status_code == 302


def test_an_empty_installation_has_an_empty_review(stella):
    """Nothing spent yet is no error."""
    for by in By:
        assert stella.get(f"/staff/costs/?by={by.value}").status_code == 200
    assert "No calls ended" in stella.get("/staff/costs/?by=model").text
    assert "has made no call" in stella.get(reverse("cost-review-calls", args=[uuid.uuid4()])).text


def total(scope: Scope) -> Line:
    return Lines(scope, By.MODEL, most=1).total


def test_the_sums_of_all_groupings_agree(spent):
    """By day, model, user and job: the same total."""
    scope = Scope(days=30)
    expected = Line(
        "total",
        "Total",
        settled=3,
        void=1,
        in_doubt=1,
        cost_nano=4_100_000_000,
        billed_nano=4_500_000_000,
        overrun_nano=USD,
    )
    assert total(scope) == expected
    for by in By:
        assert total_of(lines(scope, by)) == expected
    assert expected.margin_nano == 400_000_000


def test_summed_calls_and_single_ones_make_one_sum(spent):
    """Summed in two steps, at moments inside and outside the scope: no grouping changes, nothing counts twice."""
    calls = Call.objects.filter(finished_at__isnull=False).order_by("created_at", "pk")
    for number, call in enumerate(calls):
        finished = timezone.now() - timedelta(hours=7 * number)
        sql("SET LOCAL session_replication_role = replica")  # a finished call never changes
        sql("UPDATE billing_call SET finished_at = %s WHERE id = %s", finished, call.pk)
    sql("SET LOCAL session_replication_role = DEFAULT")
    scopes = [Scope(days=1), Scope(days=7), Scope(days=7, model="demo/intern")]
    before = [[lines(scope, by) for by in By] for scope in scopes]
    assert sum_calls(timezone.now() - timedelta(hours=20)) == 2
    assert [[lines(scope, by) for by in By] for scope in scopes] == before
    assert sum_calls() == 2
    assert sum_calls() == 0
    assert [[lines(scope, by) for by in By] for scope in scopes] == before
    assert CallSum.objects.count() == 4
    assert not violations()


def test_sums_never_run_ahead_of_the_clock_by_which_calls_finish(spent):
    """A worker whose clock is a day ahead leaves what finishes today to be summed."""
    sum_calls(timezone.now() + timedelta(days=1))
    assert CallSumMark.objects.get().until <= timezone.now()


def test_a_worker_whose_clock_is_behind_leaves_no_call_out_of_the_sums(spent, monkeypatch):
    """Calls that the end of their job leaves in doubt finish by the database's clock, too."""
    call = Call.objects.get(state="held").pk
    sum_calls(timezone.now())
    monkeypatch.setattr(timezone, "now", lambda: datetime.now(tz=UTC) - timedelta(days=1))
    spent.close()
    monkeypatch.undo()
    assert Call.objects.get(pk=call).finished_at >= CallSumMark.objects.get().until
    assert total(Scope(days=2)).in_doubt == 2


def test_no_list_ends_without_a_word(spent, stella, monkeypatch):
    """The page says which of how many lines it shows; the download has all, and they add up to the total."""
    monkeypatch.setattr(review, "PAGE_LINES", 1)
    page = stella.get("/staff/costs/?days=7&by=workspace").text
    assert "1 to 1 of 2" in page
    assert 'href="?days=7&amp;by=workspace&amp;page=2"' in page
    second = stella.get("/staff/costs/?days=7&by=workspace&page=2").text
    assert "2 to 2 of 2" in second
    assert ("alice@example.org" in page, "charlie@example.org" in second) == (True, True)
    for beyond in ("3", "0", "-1", "last", "9" * 5000):
        assert "of 2" in stella.get(f"/staff/costs/?days=7&by=workspace&page={beyond}").text
    rows = b"".join(stella.get("/staff/costs/lines.csv?days=7&by=workspace").streaming_content).splitlines()
    assert len(rows) == 1 + 2


def test_filters_narrow_the_sums(spent, charlie):
    """One user, one model, one period."""
    assert total(Scope(days=7, workspace_id=charlie.workspace.pk)).cost_nano == 100_000_000
    assert total(Scope(days=7, model="demo/intern")).cost_nano == 4_100_000_000
    assert total(Scope(days=7, model="demo/expert")).cost_nano == 0
    Call.objects.filter(state="in_doubt").update(finished_at=timezone.now() - timedelta(days=8))
    assert (total(Scope(days=7)).in_doubt, total(Scope(days=30)).in_doubt) == (0, 1)


def test_days_without_calls_are_shown_too(spent):
    """A series has a line for each day, the last of them today."""
    days = lines(Scope(days=7), By.DAY)
    assert len(days) == 7
    assert days[-1].key == timezone.localdate().isoformat()
    assert [day.settled for day in days] == [0, 0, 0, 0, 0, 0, 3]


def test_the_page_shows_sums_and_a_picture_with_its_table(spent, stella):
    """Cost, billed, margin; the SVG has a title and no inline style; the table has the same figures."""
    page = stella.get("/staff/costs/?days=7").text
    for shown in ("$4.10", "$4.50", "$0.40", "chart-bar", "chart-line", "<title id=", "$1.00 in 1 call"):
        assert shown in page
    assert "style=" not in page.split("<main", 1)[1].split("</main>", 1)[0]


def test_one_can_walk_from_user_to_job_to_call(spent, stella, alice):
    """By user → the user's jobs → a job's calls → the job itself."""
    users = stella.get("/staff/costs/?by=workspace").text
    assert "alice@example.org" in users
    assert f"workspace={alice.workspace.pk}" in users
    jobs = stella.get(f"/staff/costs/?by=job&workspace={alice.workspace.pk}").text
    address = reverse("cost-review-calls", args=[spent.job_id])
    assert address in jobs
    calls = stella.get(address).text
    for shown in (
        "$10.00",
        "alice@example.org",
        "explore/1",
        "in doubt",
        "Void",
        "the house paid $1.00",
        str(spent.job_id),
    ):
        assert shown in calls


def test_a_jobs_budget_counts_all_its_versions(spent):
    """Money reserved twice is a budget of both."""
    spent.close()
    start_job(spent.workspace, 2 * USD, job_id=spent.job_id, version=2)
    assert budget_nano(spent.job_id) == 12 * USD


def test_open_calls_are_listed(spent, stella):
    """What is held and what is in doubt, with its jobs."""
    page = stella.get("/staff/costs/open/").text
    assert page.count("$1.00 in 1 call") == 2
    assert spent.job_id.hex[:8] in page


def test_everything_downloads_as_csv(spent, stella):
    """Exact decimals, one row each."""
    by_model = list(csv.DictReader(io.StringIO(body(stella.get("/staff/costs/lines.csv?by=model")))))
    assert [(row["model"], row["cost_usd"], row["margin_usd"]) for row in by_model] == [
        ("demo/intern", "4.10", "0.40")
    ]
    calls = list(
        csv.DictReader(io.StringIO(body(stella.get(reverse("cost-review-calls-csv", args=[spent.job_id])))))
    )
    assert [row["state"] for row in calls] == ["settled", "settled", "void", "in_doubt", "held"]
    assert calls[1]["overrun_usd"] == "1.00"
    assert len(body(stella.get("/staff/costs/open/calls.csv")).splitlines()) == 3
    assert "demo/intern,demo,active" in body(stella.get("/staff/costs/prices.csv"))


def test_the_price_book_is_shown(stella):
    """By provider, the dearest first, in dollars per million tokens; the other rates and the source on demand."""
    page = stella.get("/staff/costs/prices/").text
    for shown in (
        '<h2 id="p-gemini">',
        "4.50\u2007\u2007",
        "Input above 200,000",
        "Cache write, 1 h",
        "price list 20",
    ):
        assert shown in page
    assert page.index("claude-opus-5-5") < page.index("claude-haiku-5-5")


@pytest.mark.parametrize(
    "query",
    [
        "days=8",
        "days=x",
        "by=x",
        "workspace=x",
        "workspace=9999999999999999999",
        "workspace=²",
        "model=%00",
        "model=" + "m" * 999,
        "page=x",
    ],
)
def test_strange_addresses_show_the_default(stella, query):
    """Nothing in the address is an error."""
    assert stella.get(f"/staff/costs/?{query}").status_code == 200


def test_the_picture_fits_its_frame():
    """Bars and line stay inside, also with one huge day and with nothing at all."""
    for days in ([Line("a", "a")] * 90, [Line("a", "a", cost_nano=n, billed_nano=10**15) for n in range(7)]):
        chart = cost_chart(list(days))
        assert all(bar.x >= 0 and bar.x + bar.width <= chart.width for bar in chart.bars)
        assert all(chart.top <= bar.y and bar.y + bar.height == chart.base for bar in chart.bars)
        assert all(chart.top <= int(point.split(",")[1]) <= chart.base for point in chart.line.split())


def test_pages_need_few_queries(spent, stella, django_assert_max_num_queries):
    """Independent of how many calls, jobs and users there are."""
    for address in addresses():
        stella.get(address)
        with django_assert_max_num_queries(14):
            body(stella.get(address))
