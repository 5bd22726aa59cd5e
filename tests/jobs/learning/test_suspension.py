"""A model that costs more than it can: who pays, who is told, and what the jobs do that have no other."""

import threading

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.rights import Right
from billing.books.wallet import balances
from billing.models import Call, CallState, SpendingStop, StopScope
from billing.prices.book import load_prices
from billing.stops import lift, stop
from jobs.core.states import JobState
from jobs.lifecycle import cancel_job
from jobs.mail.send import send_due
from jobs.models import Job, OutboxKind, OutboxMessage, OutboxState
from jobs.upkeep.model_suspension import notify_staff
from jobs.upkeep.sweep import sweep
from solver.core.money import NANO_PER_CENT
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

LIE = {"prompt_tokens": 20, "completion_tokens": 5_000}
LIE_NANO = 20 * 1_000 + 5_000 * 2_000


def lies_at_first(call) -> Answer:
    return Answer("Answer: 7", usage=LIE) if call.number == 0 else Answer()


@pytest.fixture
def staff(alice) -> User:
    return User.objects.create_user("staff@example.org", is_staff=True, is_superuser=True)


def submitted(alice, workspace) -> Job:
    return submit_for(alice, "What is 6 times 7?", budget_nano=5 * NANO_PER_CENT, strategy="vote")


def job_of_a_suspended_model(alice, workspace, endpoint, run_all) -> Job:
    """A job of one model, whose first call cost more than its hold."""
    # More tries than one wave, so that the job needs the model after it was suspended.
    endpoint.behaviour = lambda call: (
        lies_at_first(call) if call.number == 0 else Answer(f"Answer: {100 + call.number}")
    )
    job = submitted(alice, workspace)
    run_all()
    job.refresh_from_db()
    return job


def test_an_overrun_is_paid_by_the_house_and_suspends_the_model(alice, workspace, endpoint, run_all, staff):
    """The user pays the hold, the job waits and says why, staff get one mail; lifted, the job goes on to its answer."""
    before = balances(workspace).available_nano
    job = job_of_a_suspended_model(alice, workspace, endpoint, run_all)
    overrun = Call.objects.get(job_id=job.pk, overrun_nano__gt=0)
    assert (overrun.state, overrun.cost_nano) == (CallState.SETTLED, LIE_NANO)
    assert overrun.billed_nano == overrun.hold_nano
    assert overrun.overrun_nano == LIE_NANO - overrun.hold_nano
    suspension = SpendingStop.objects.get()
    assert (suspension.subject, suspension.call_id, suspension.lifted_at) == ("openai/test", overrun.pk, None)

    assert job.state == JobState.WAITING
    assert "openai/test is suspended" in job.error
    assert not Call.objects.filter(job_id=job.pk, created_at__gt=suspension.created_at).exists()
    page = Client()
    page.force_login(alice)
    assert "openai/test is suspended" in page.get(job.get_absolute_url()).content.decode()

    sweep()
    sweep()
    mail = OutboxMessage.objects.get(kind=OutboxKind.SUSPENSION)
    assert (mail.recipient, mail.state) == (staff.email, OutboxState.PENDING)
    assert str(overrun.pk) in mail.content["text"]
    send_due()
    mail.refresh_from_db()
    assert mail.state == OutboxState.SENT

    made = len(endpoint.calls)
    Job.objects.filter(pk=job.pk).update(next_at=timezone.now())
    run_all()
    assert len(endpoint.calls) == made  # it looked, and waits on
    assert Job.objects.get(pk=job.pk).state == JobState.WAITING

    endpoint.behaviour = lambda _: Answer()
    lift(StopScope.MODEL, "openai/test", reason="The provider mended it.", by=staff)
    job.refresh_from_db()
    assert job.next_at is not None
    assert job.next_at <= timezone.now()
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42")
    billed = Call.objects.filter(job_id=job.pk).values_list("billed_nano", flat=True)
    assert job.charged_nano == sum(billed)
    assert balances(workspace).available_nano == before - job.charged_nano


def test_staff_who_come_later_hear_of_a_suspended_model(alice, workspace, endpoint, run_all):
    """While there is nobody to tell it is not ticked off; later it is told once."""
    job_of_a_suspended_model(alice, workspace, endpoint, run_all)
    assert notify_staff() == 0
    assert not OutboxMessage.objects.filter(kind=OutboxKind.SUSPENSION).exists()
    late = User.objects.create_user("late@example.org", is_staff=True)
    assert notify_staff() == 0  # the clerk may not see such pages
    late.user_permissions.set(Permission.objects.filter(codename=Right.SUSPEND_MODELS))
    assert notify_staff() == 1
    assert notify_staff() == 0
    assert OutboxMessage.objects.get(kind=OutboxKind.SUSPENSION).recipient == late.email


def test_a_panel_with_another_model_goes_on_without_a_suspended_one(
    alice, workspace, endpoint, run_all, settings
):
    """The other model answers; nothing more is sent to the one that lied."""
    settings.PONDER_MODELS = ["openai/test", "openai/other"]
    settings.PONDER_PRICES = "openai/test=1/2/8000/400,openai/other=1/2/8000/400"
    load_prices()
    lied: list[str] = []

    def behaviour(call) -> Answer:
        if not lied:
            lied.append(f"openai/{call.body['model']}")
            return Answer("Answer: 7", usage=LIE)
        # They agree only long after those that were under way with the lie.
        return Answer(f"Answer: {100 + call.number}" if call.number < 32 else "Answer: 42")

    endpoint.behaviour = behaviour
    job = submitted(alice, workspace)
    run_all()
    job.refresh_from_db()
    suspension = SpendingStop.objects.get()
    assert (job.state, job.answer) == (JobState.DONE, "42")
    after = Call.objects.filter(job_id=job.pk, created_at__gt=suspension.created_at)
    assert set(after.values_list("model", flat=True)) == {"openai/test", "openai/other"} - set(lied)
    assert not job.steps.filter(status="failed").exists()


def test_a_new_job_of_a_suspended_model_waits_without_a_call_and_can_be_cancelled(
    alice, workspace, endpoint, run_all
):
    """Suspended by hand, the model is not called at all; the user may wait, or have everything back."""
    call_command("suspension", "openai/test", reason="Its bill looks odd.")
    before = balances(workspace).available_nano
    job = submitted(alice, workspace)
    run_all()
    job.refresh_from_db()
    assert (job.state, endpoint.calls) == (JobState.WAITING, [])
    assert not Call.objects.exists()
    assert cancel_job(job=job)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.charged_nano) == (JobState.CANCELLED, 0)
    assert balances(workspace).available_nano == before
    call_command("suspension", "openai/test", lift=True, reason="The bill was right.")
    with pytest.raises(CommandError, match="is not suspended"):
        call_command("suspension", "openai/test", lift=True, reason="Again.")


def test_several_overruns_at_once_are_one_suspension_and_one_mail(
    alice, workspace, endpoint, run_all, staff, host
):
    """A whole wave of lies suspends the model once; sweepers that run together write one mail each of the staff."""
    endpoint.behaviour = lambda call: Answer(f"Answer: {call.number}", usage=LIE)
    jobs = [submitted(alice, workspace) for _ in range(2)]
    threads = [threading.Thread(target=run_and_close, args=(host.claim_and_run,)) for _ in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert Call.objects.filter(overrun_nano__gt=0).count() >= 2
    assert SpendingStop.objects.count() == 1
    sweepers = [threading.Thread(target=run_and_close, args=(notify_staff,)) for _ in range(4)]
    for thread in sweepers:
        thread.start()
    for thread in sweepers:
        thread.join(300)
    assert OutboxMessage.objects.filter(kind=OutboxKind.SUSPENSION).count() == 1
    assert {job.state for job in Job.objects.all()} == {JobState.WAITING}


def run_and_close(work) -> None:
    try:
        work()
    finally:
        connections.close_all()


def test_staff_set_a_model_aside_and_lift_it_on_its_page(alice, workspace, endpoint, staff):
    """Both need a reason; what happened stays on the page; nobody else finds the page."""
    browser = Client()
    browser.force_login(staff)
    address, lifts = "/staff/costs/suspended/", "/staff/costs/suspended/lift/"
    assert browser.post(address, {"model": "openai/test", "reason": " "}).status_code == 422
    assert browser.post(address, {"model": "openai/none", "reason": "Why not"}).status_code == 422
    assert browser.post(address, {"model": "openai/test", "reason": "Odd bill"}).status_code == 302
    assert browser.post(address, {"model": "openai/test", "reason": "Again"}).status_code == 422
    assert "Odd bill" in browser.get(address).content.decode()
    browser.post(lifts, {"model": "openai/test", "reason": ""})
    assert SpendingStop.objects.filter(lifted_at=None).count() == 1
    browser.post(lifts, {"model": "openai/test", "reason": "Looked at it"})
    suspension = SpendingStop.objects.get()
    assert (suspension.by, suspension.lifted_by, suspension.lift_reason) == (staff, staff, "Looked at it")
    assert "Looked at it" in browser.get(address).content.decode()

    browser.force_login(alice)
    stop(StopScope.MODEL, "openai/test", reason="Once more", by=staff)
    for reply in (
        browser.get(address),
        browser.post(address, {"model": "openai/test", "reason": "x"}),
        browser.post(lifts, {"model": "openai/test", "reason": "x"}),
    ):
        assert reply.status_code == 404
    assert SpendingStop.objects.filter(lifted_at=None).count() == 1
