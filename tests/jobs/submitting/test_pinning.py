"""Prices change while jobs are under way: who pays which, to the nano-dollar."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.books.wallet import balances, grant
from billing.models import Call, CallState, Price
from billing.prices.book import load_prices
from jobs.core.states import JobState
from jobs.lifecycle import finish_early, pause_job, resume_job
from jobs.models import Job, StepRecord
from jobs.models.pinned import ENGINE
from solver.core.money import NANO_PER_CENT
from tests.jobs.conftest import undecided
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

GOOD_NANO = 20 * 1_000 + 10 * 2_000


@pytest.fixture
def reprice(settings):
    """Change the price of the one model, as an operator does."""

    def change(input_usd: str, output_usd: str) -> Price:
        settings.PONDER_PRICES = f"openai/test={input_usd}/{output_usd}/8000/400"
        assert load_prices() == 1
        return Price.objects.filter(model="openai/test").latest("effective_from")

    return change


def submitted(alice, workspace, *, cents: int = 5, **options) -> Job:
    return submit_for(alice, "What is 6 times 7?", budget_nano=cents * NANO_PER_CENT, **options)


def settled(job: Job) -> list[Call]:
    return list(Call.objects.filter(job_id=job.pk, state=CallState.SETTLED).order_by("created_at"))


def test_a_job_keeps_the_price_it_began_with(alice, workspace, endpoint, crew, reprice):
    """A new price reaches new jobs only, even between two executions of a job; what was charged never changes."""
    endpoint.behaviour = undecided
    job = submitted(alice, workspace, cents=500)
    crew.start()
    crew.wait_for(lambda: len(settled(job)) >= 5)
    assert pause_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.PAUSED)
    before = {call.pk: call.billed_nano for call in settled(job)}
    dearer = reprice("10", "20")
    assert resume_job(job=job)
    crew.wait_for(lambda: len(settled(job)) >= len(before) + 5)
    endpoint.behaviour = lambda _: Answer()
    finish_early(job=job)
    later = submitted(alice, workspace, cents=50)
    crew.wait_for(lambda: all(each.has_ended for each in Job.objects.all()))
    calls = settled(job)
    assert {call.price_id for call in calls} != {dearer.pk}
    assert dearer.pk not in {call.price_id for call in calls}
    assert all(call.cost_nano == call.input_tokens * 1_000 + call.output_tokens * 2_000 for call in calls)
    assert {call.pk: call.billed_nano for call in calls if call.pk in before} == before
    job.refresh_from_db()
    assert job.charged_nano == sum(call.billed_nano for call in calls)
    assert {call.price_id for call in settled(later)} == {dearer.pk}
    assert {call.billed_nano for call in settled(later)} == {10 * GOOD_NANO}


@pytest.mark.parametrize("waits_for", ["its hour", "money"])
def test_a_job_that_starts_later_pays_the_price_of_its_start(
    alice, workspace, endpoint, run_all, reprice, waits_for
):
    """Between submission and start a price may change: the job pays the new one, and never more than its budget."""
    if waits_for == "its hour":
        job = submitted(alice, workspace, not_before_at=timezone.now() + timedelta(hours=1))
    else:
        job = submitted(alice, workspace, cents=20_000, when_paid=True)
        assert job.state == JobState.AWAITING_PAYMENT
    old_price = job.pinned["panel"][0]["price_id"]
    dearer = reprice("2", "4")
    assert dearer.pk != old_price
    if waits_for == "its hour":
        assert resume_job(job=job)
    else:
        grant(workspace=workspace, amount_nano=20_000 * NANO_PER_CENT, by=alice, reason="test")
    before = balances(workspace)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42")
    assert {call.price_id for call in settled(job)} == {dearer.pk}
    assert job.charged_nano == job.calls * 2 * GOOD_NANO
    assert balances(workspace).held_nano == before.held_nano - job.budget_nano


def test_a_price_that_outgrew_the_budget_ends_the_job_for_free_and_says_so(
    alice, workspace, endpoint, run_all, reprice
):
    """The budget was enough when it was set and buys nothing now: no charge, all returns, more money continues."""
    before = balances(workspace).available_nano
    job = submitted(alice, workspace, cents=1, not_before_at=timezone.now() + timedelta(hours=1))
    reprice("900", "900")
    assert resume_job(job=job)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.charged_nano, endpoint.calls) == (JobState.EXHAUSTED, 0, [])
    assert "does not pay for a single call" in job.error
    assert job.may_continue
    assert balances(workspace).available_nano == before


def test_a_job_of_an_older_release_goes_on_to_its_answer(alice, workspace, endpoint, crew):
    """Pinned before the engine's version and the seed were, and with a plan noted in another form, it is continued."""
    endpoint.behaviour = undecided
    job = submitted(alice, workspace, cents=500, strategy="vote")
    assert job.pinned["engine"] == ENGINE
    crew.start()
    crew.wait_for(lambda: len(settled(job)) >= 3)
    assert pause_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.PAUSED)
    older = {
        name: value for name, value in job.pinned.items() if name not in {"engine", "seed", "reserve_nano"}
    }
    Job.objects.filter(pk=job.pk).update(pinned=older)
    StepRecord.objects.filter(job=job, key="plan").update(note={"rotation": ["openai/test"]})
    endpoint.behaviour = lambda _: Answer()
    assert resume_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    assert Job.objects.get(pk=job.pk).answer == "42"
