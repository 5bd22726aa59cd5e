"""Spending limits of users, workspaces and the installation: exact, also when many submit at once; told of in time."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, User
from accounts.services import ensure_personal_workspace
from billing.books.wallet import balances, grant
from billing.cost_review.changes import Changes
from billing.cost_review.summing import sum_calls
from billing.models import Call, CallSum
from jobs.core.errors import SubmitError
from jobs.lifecycle import cancel_job, raise_budget
from jobs.lifecycle.limits.spending import SpendingLimitReached, set_limit
from jobs.lifecycle.limits.uses import bounds_of, limits_in_force, uses_of
from jobs.lifecycle.submission.funding import start_paid_jobs
from jobs.models import Job, OutboxKind, OutboxMessage, Period
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from tests.billing.ledger.test_races import together
from tests.support.people import make_job, submit_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]

PROBLEM = "What is 6 times 7?"


def submit(user: User, cents: int) -> Job:
    return submit_for(user, PROBLEM, budget_nano=cents * NANO_PER_CENT)


def limit(cents: int | None, period: Period = Period.DAY, *, by_staff: bool = True, **of_whom) -> None:
    amount_nano = None if cents is None else cents * NANO_PER_CENT
    set_limit(period=period, amount_nano=amount_nano, by=None, by_staff=by_staff, **of_whom)


def person(name: str) -> User:
    user = User.objects.create_user(f"{name}@example.org")
    grant(workspace=ensure_personal_workspace(user), amount_nano=NANO_PER_USD, by=None, reason="test")
    return user


@pytest.fixture
def staff(prices) -> User:
    return User.objects.create_user("staff@example.org", is_staff=True, is_superuser=True)


def test_who_raises_the_job_of_another_adds_no_more_than_they_may_spend(alice, workspace):
    """Its maker's limits and those of the one who raises hold; a smaller amount is taken."""
    bob = person("bob")
    limit(5, user=bob)
    job = submit(alice, 10)
    with pytest.raises(SpendingLimitReached, match=r"\$0.05"):
        raise_budget(job=job, to_nano=16 * NANO_PER_CENT, by=bob)
    job.refresh_from_db()
    assert job.budget_nano == 10 * NANO_PER_CENT
    assert raise_budget(job=job, to_nano=15 * NANO_PER_CENT, by=bob)


@pytest.mark.parametrize("of", ["user", "workspace", "installation"])
def test_spent_and_reserved_together_stay_within_a_limit(alice, workspace, run_all, of):
    """Submitting and raising beyond it is refused and charges nothing; what a job returns may be used again."""
    make_job(alice, "done", spent_cents=3, budget_cents=5)
    limit(20, **{"user": {"user": alice}, "workspace": {"workspace": workspace}}.get(of, {}))
    job = submit(alice, 10)
    before = balances(workspace).available_nano
    with pytest.raises(SpendingLimitReached, match=r"\$0.07"):
        submit(alice, 8)
    with pytest.raises(SubmitError, match=r"Only the operator can change it"):
        raise_budget(job=job, to_nano=18 * NANO_PER_CENT)
    assert balances(workspace).available_nano == before
    assert raise_budget(job=job, to_nano=17 * NANO_PER_CENT)
    [use] = uses_of(limits_in_force(user=alice, workspace=workspace))
    assert (use.spent_nano, use.held_nano, use.left_nano) == (3 * NANO_PER_CENT, 17 * NANO_PER_CENT, 0)
    assert cancel_job(job=Job.objects.get(pk=job.pk))
    run_all()
    assert submit(alice, 17)


@pytest.mark.parametrize("of", ["user", "workspace", "member", "installation"])
def test_what_finished_calls_are_summed_to_counts_once(alice, workspace, of):
    """Before and after they are summed by quarter of an hour, also of a limit that begins amid what is summed."""
    job = make_job(alice, "done", spent_cents=3, budget_cents=5)
    make_job(alice, "done", spent_cents=2, budget_cents=5)
    whose = {"user": {"user": alice}, "workspace": {"workspace": workspace}}
    whose["member"] = whose["user"] | whose["workspace"]
    limit(20, Period.MONTH, **whose.get(of, {}))
    began, _ = bounds_of(Period.MONTH, timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Call.objects.filter(job_id=job.pk).update(finished_at=began)
        cursor.execute("SET session_replication_role = origin")
    concerned = limits_in_force(user=alice, workspace=workspace)
    before = uses_of(concerned)
    assert [use.spent_nano for use in before] == [5 * NANO_PER_CENT]
    sum_calls(timezone.now())
    assert CallSum.objects.exists()
    assert uses_of(concerned) == before


def test_a_refusal_says_what_is_left_when_it_renews_and_who_can_change_it(alice, settings):
    """Of one's own limit as of the operator's; a limit of the site tells nobody what others spend."""
    _, renews = bounds_of(Period.MONTH, timezone.localdate())
    limit(10, Period.MONTH, by_staff=False, user=alice)
    submit(alice, 4)
    with pytest.raises(SubmitError) as own:
        submit(alice, 7)
    assert (own.value.field, own.value.code) == ("budget", "spending_limit")
    assert own.value.message == (
        "Your spending limit is $0.10 per month; $0.04 of it is spent or reserved, so the budget can be $0.06 at most. "
        f"It renews on {renews:%Y-%m-%d} 00:00 ({settings.TIME_ZONE}). "
        "You can change it under Spending limits."
    )
    limit(None, Period.MONTH, by_staff=False, user=alice)
    limit(11)
    with pytest.raises(SubmitError, match=r"in a day, and \$0.07 of that is left.*Only the operator"):
        submit(alice, 8)


@pytest.mark.parametrize("of", ["user", "installation"])
def test_who_submit_at_once_take_turns_at_a_limit(alice, workspace, of):
    """Of eight submissions of 4 cents at the same moment, by one user or by eight, exactly five fit into 20 cents."""
    people = [alice] * 8 if of == "user" else [alice, *(person(f"p{number}") for number in range(7))]
    limit(20, **({"user": alice} if of == "user" else {}))
    done = together(*(lambda each=each: submit(each, 4) for each in people))
    assert sum(isinstance(one, Job) for one in done) == 5
    assert sum(isinstance(one, SpendingLimitReached) for one in done) == 3
    assert uses_of(limits_in_force(user=alice, workspace=workspace))[0].left_nano == 0


def test_each_step_of_a_limit_is_told_once(alice, workspace, staff):
    """At 50, 80 and 100 percent, the last also for a refusal: to the user, to owners, to staff who may set limits."""

    def mails(to: User) -> list[str]:
        found = OutboxMessage.objects.filter(kind=OutboxKind.LIMIT, recipient=to.email).order_by("pk")
        return [message.content["subject"].partition(" of")[0].rstrip(" %") for message in found]

    limit(100, user=alice)
    submit(alice, 40)
    assert mails(alice) == []
    submit(alice, 15)
    submit(alice, 1)
    assert mails(alice) == ["50"]
    submit(alice, 30)
    assert mails(alice) == ["50", "80"]
    for _ in range(2):
        with pytest.raises(SpendingLimitReached):
            submit(alice, 20)
    assert mails(alice) == ["50", "80", "100"]
    text = OutboxMessage.objects.filter(kind=OutboxKind.LIMIT).latest("pk").content["text"]
    assert "is $1.00 per day, set by the operator." in text
    assert "/limits/" in text

    limit(None, user=alice)
    limit(107, workspace=workspace)
    limit(108)
    submit(alice, 1)
    assert mails(alice)[3:] == ["80"]  # straight past 50: one email
    assert mails(staff) == ["80"]


def test_people_set_their_own_limits_and_owners_those_of_their_workspace(alice, workspace, staff):
    """What the operator set stays beside it; nobody sees or sets another's."""
    bob = User.objects.create_user("bob@example.org")
    Membership.objects.create(workspace=workspace, user=bob)
    owner, member, operator = Client(), Client(), Client()
    owner.force_login(alice)
    member.force_login(bob)
    operator.force_login(staff)
    assert owner.post("/limits/", {"what": "user", "day": "x", "month": ""}).status_code == 422
    assert owner.post("/limits/", {"what": "user", "day": "5", "month": ""}).status_code == 302
    owner.post("/limits/", {"what": "workspace", "day": "", "month": "70"})
    member.post("/limits/", {"what": "workspace", "day": "", "month": "90"})
    new = {"scope": "user", "email": "bob@example.org", "period": "day", "amount": "2"}
    assert operator.post("/staff/limits/", new | {"email": "nobody@example.org"}).status_code == 422
    assert operator.post("/staff/limits/", new).status_code == 302
    operator.post("/staff/limits/", {"scope": "installation", "period": "month", "amount": "1000"})
    member.post("/limits/", {"what": "user", "day": "", "month": ""})
    found = {
        (one.limit.user_id, one.limit.workspace_id, one.limit.period, one.amount_nano // NANO_PER_USD)
        for user in (alice, bob)
        for one in uses_of(limits_in_force(user=user, workspace=workspace))
    }
    assert found == {
        (alice.pk, None, "day", 5),
        (None, workspace.pk, "month", 70),
        (bob.pk, None, "day", 2),
        (None, None, "month", 1000),
    }
    shown = member.get("/limits/").content.decode()
    assert "$2.00 per day" in shown
    assert "$70.00 per month" in shown
    assert "$5.00 per day" not in shown
    assert "1,000" not in shown
    listed = operator.get("/staff/limits/").content.decode()
    assert all(
        text in listed for text in ("alice@example.org", "not by the operator", "The whole installation")
    )
    assert member.get("/staff/limits/").status_code == 404
    set_by_staff = {(each.who, each.about, each.why) for each in Changes()[:] if "limit" in each.what}
    assert set_by_staff == {
        ("staff@example.org", "bob@example.org", "day: 2.00"),
        ("staff@example.org", "The whole installation", "month: 1000.00"),
    }


@pytest.mark.parametrize(
    ("period", "today", "hours"),
    [
        (Period.DAY, dt.date(2026, 11, 1), 25),
        (Period.DAY, dt.date(2026, 3, 8), 23),
        (Period.MONTH, dt.date(2026, 12, 31), 31 * 24),
        (Period.MONTH, dt.date(2026, 11, 30), 30 * 24 + 1),
    ],
)
def test_periods_are_those_of_the_sites_time_zone(period, today, hours):
    """Days of 23 and 25 hours and the end of a year are counted as clocks there show them."""
    with timezone.override("America/New_York"):
        began, renews = bounds_of(period, today)
    assert (began.hour, renews.hour) == (0, 0)
    assert renews.astimezone(dt.UTC) - began.astimezone(dt.UTC) == dt.timedelta(hours=hours)


def test_a_paid_job_that_a_limit_refuses_says_so_and_starts_once_it_may(prices, settings):
    """Page and one email name the limit in place of the money; a limit that is lifted lets the job go."""
    settings.PONDER_TRIAL_CREDIT_NANO = 0
    user = User.objects.create_user("dora@example.org")
    workspace = ensure_personal_workspace(user)
    job = submit_for(user, PROBLEM, budget_nano=90 * NANO_PER_CENT, when_paid=True)
    assert job.state == "awaiting_payment"
    limit(50, user=user)
    grant(workspace=workspace, amount_nano=NANO_PER_USD, by=None, reason="test")
    for _ in range(3):
        assert start_paid_jobs() == 0
    client = Client()
    client.force_login(user)
    page = client.get(job.get_absolute_url()).text
    assert "The money for this job is there, but it could not start" in page
    assert "Only the operator can change it" in page
    assert "Add money" not in page.split("</main>")[0]
    [mail] = OutboxMessage.objects.filter(kind=OutboxKind.LIMIT, message_id__contains="held-back")
    assert mail.recipient == user.email
    limit(None, user=user)
    assert start_paid_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.error) == ("queued", "")
