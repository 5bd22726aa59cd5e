"""Jobs that wait for money, and what one user may have at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership, Role
from billing.books.wallet import balances, grant
from billing.models import Account
from billing.signals import money_arrived
from jobs.core.states import JobState
from jobs.lifecycle import SubmitError, cancel_job
from jobs.models import Job, OutboxMessage
from jobs.tasks import sweep
from jobs.upkeep.receivers import start_what_was_waiting
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


def submit(user, workspace, *, usd: int = 150, **fields) -> Job:
    return submit_for(user, "Too dear?", budget_nano=usd * NANO_PER_USD, **fields)


def pay(workspace, usd: int) -> None:
    grant(workspace=workspace, amount_nano=usd * NANO_PER_USD, by=None, reason="a top-up")


def test_a_job_may_wait_for_money(alice, workspace):
    """Nothing is charged; no escrow exists; no worker sees it."""
    before = balances(workspace)
    job = submit(alice, workspace, when_paid=True)
    assert job.state == JobState.AWAITING_PAYMENT
    assert balances(workspace) == before
    assert not Account.objects.filter(kind="escrow").exists()


def test_it_starts_by_itself_once_the_money_arrives(alice, workspace):
    """Too little changes nothing; enough reserves the budget and queues the job."""
    job = submit(alice, workspace, when_paid=True)
    pay(workspace, 20)
    job.refresh_from_db()
    assert job.state == JobState.AWAITING_PAYMENT
    pay(workspace, 30)
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert job.escrow.balance_nano == job.budget_nano


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_a_saved_job_of_who_may_not_start_one_any_more_does_not_start(alice, workspace, role):
    """Money that comes later does not pay for it: who only reads is told once, who left hears nothing."""
    job = submit(alice, workspace, when_paid=True)
    mine = Membership.objects.filter(user=alice)
    assert mine.update(role=role) if role else mine.delete()
    before = balances(workspace).wallet_nano + 60 * NANO_PER_USD
    pay(workspace, 60)
    job.refresh_from_db()
    assert (job.state, balances(workspace).wallet_nano) == (JobState.AWAITING_PAYMENT, before)
    assert "not start jobs" in job.error if role else "no longer a member" in job.error
    assert OutboxMessage.objects.count() == bool(role)


def test_what_returns_from_another_job_counts(alice, workspace, run_all):
    """Unspent money of a job that ends is money that arrives."""
    other = submit(alice, workspace, usd=60)
    job = submit(alice, workspace, usd=70, when_paid=True)
    cancel_job(job=other)
    run_all()
    job.refresh_from_db()
    assert job.state not in {JobState.AWAITING_PAYMENT, JobState.CANCELLED}


def test_a_lost_signal_costs_seconds(alice, workspace):
    """The sweep finds jobs that can be paid."""
    job = submit(alice, workspace, when_paid=True)
    money_arrived.disconnect(dispatch_uid="jobs.start_paid_jobs")
    try:
        pay(workspace, 50)
    finally:
        money_arrived.connect(start_what_was_waiting, dispatch_uid="jobs.start_paid_jobs")
    job.refresh_from_db()
    assert job.state == JobState.AWAITING_PAYMENT
    sweep()
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_enough_money_starts_the_job_at_once(alice, workspace):
    """The choice matters only where money is missing."""
    assert submit(alice, workspace, usd=10, when_paid=True).state == JobState.QUEUED


def test_a_job_that_waits_for_money_can_be_cancelled(alice, workspace):
    """It ends at once, with one message and without a charge; money that comes later does not wake it."""
    job = submit(alice, workspace, when_paid=True)
    assert cancel_job(job=job)
    pay(workspace, 100)
    job.refresh_from_db()
    assert (job.state, job.stop_reason, job.charged_nano) == (JobState.CANCELLED, "cancelled", 0)
    assert OutboxMessage.objects.filter(job=job).count() == 1


def test_a_job_whose_money_never_comes_ends(alice, workspace, settings):
    """After the operator's number of days, with words that say so."""
    job = submit(alice, workspace, when_paid=True)
    Job.objects.update(created_at=timezone.now() - timedelta(days=settings.PONDER_PAYMENT_DAYS, minutes=1))
    sweep()
    job.refresh_from_db()
    assert (job.state, job.stop_reason) == (JobState.CANCELLED, "unpaid")
    assert "nothing was charged" in job.stop_reason_words


def test_a_user_has_at_most_so_many_jobs(alice, workspace, settings):
    """The refusal says what to do; nothing is half-made."""
    settings.PONDER_MAX_JOBS_PER_USER = 2
    jobs = [submit(alice, workspace, usd=1) for _ in range(2)]
    before = balances(workspace)
    with pytest.raises(SubmitError, match="the limit is 2") as refusal:
        submit(alice, workspace, usd=1)
    assert refusal.value.code == "too_many_jobs"
    assert Job.objects.count() == 2
    assert balances(workspace) == before
    cancel_job(job=jobs[0])
    with pytest.raises(SubmitError):
        submit(alice, workspace, usd=1)


def test_a_user_holds_at_most_so_much(alice, workspace, settings):
    """Budgets under way count until they are spent or returned."""
    settings.PONDER_MAX_HELD_NANO = 3 * NANO_PER_USD
    submit(alice, workspace, usd=2)
    before = balances(workspace)
    with pytest.raises(SubmitError, match=r"\$3.00") as refusal:
        submit(alice, workspace, usd=2)
    assert (refusal.value.code, refusal.value.field) == ("too_much_held", "budget")
    assert balances(workspace) == before
    submit(alice, workspace, usd=1)


def test_the_same_form_sent_twice_is_one_job(alice, workspace):
    """The id of a form makes its second click harmless."""
    first = submit(alice, workspace, usd=1)
    again = submit_for(alice, "Too dear?", budget_nano=NANO_PER_USD, request_id=first.pk)
    assert again.pk == first.pk
    assert Job.objects.count() == 1
    assert balances(workspace).held_nano == 100 * NANO_PER_CENT
