"""Pause, resume, finish, cancel, schedule and deadline: what each does to the job and to its money."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.books.wallet import balances
from jobs.core.states import ENDED, JobState, Wanted
from jobs.lifecycle import (
    SubmitError,
    cancel_job,
    finish_early,
    pause_job,
    raise_budget,
    resume_job,
)
from jobs.mail.compose import compose
from jobs.management.terminal import summary
from jobs.models import Job, OutboxMessage, StepRecord
from jobs.upkeep.sweep import sweep
from solver.core.money import NANO_PER_CENT
from tests.jobs.conftest import undecided, undecided_until
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def submit(alice, workspace, endpoint):
    endpoint.behaviour = undecided

    # More than a job can spend before a slow machine has paused it.
    def make(budget_cents: int = 500, **fields) -> Job:
        return submit_for(
            alice, "Undecidable?", budget_nano=budget_cents * NANO_PER_CENT, strategy="vote", **fields
        )

    return make


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def told(job: Job) -> Counter[str]:
    return Counter(StepRecord.objects.filter(job=job, state="told").values_list("key", flat=True))


def test_a_paused_job_makes_no_calls_and_keeps_its_money(submit, crew, endpoint, workspace):
    """Pausing lets running calls end; then nothing is bought, and the budget stays reserved."""
    job = submit()
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 8)
    assert pause_job(job=job)
    crew.wait_for(lambda: state_of(job) == JobState.PAUSED)
    calls, available = len(endpoint.calls), balances(workspace).available_nano
    crew.wait_for(lambda: not endpoint.in_flight)
    assert sweep() == 0
    threading.Event().wait(1)
    assert len(endpoint.calls) == calls
    assert state_of(job) == JobState.PAUSED
    assert balances(workspace).available_nano == available
    assert job.escrow.balance_nano > 0
    # Long after its last second the page shows what was reached.
    assert f"{len([key for key in told(job) if key.startswith('sample/')])} attempts" in job.phase
    assert job.best["answer"]
    assert job.lease_until is None


def test_a_resumed_job_goes_on_from_where_it_stopped(submit, crew, endpoint):
    """Nothing is asked twice; the job ends at its budget as if it had never been paused."""
    paused = threading.Event()
    endpoint.behaviour = undecided_until(paused)
    job = submit(5)
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 8)
    assert pause_job(job=job)
    paused.set()
    crew.wait_for(lambda: state_of(job) == JobState.PAUSED)
    before = set(told(job))
    assert resume_job(job=job)
    crew.wait_for(lambda: state_of(job) in ENDED)
    after = told(job)
    assert job.state == JobState.EXHAUSTED
    assert before < set(after)
    assert max(after.values()) == 1
    assert len(endpoint.calls) == job.calls


def test_a_queued_job_is_paused_without_a_worker(submit, run_all):
    """Nobody holds it, so it is paused at once, and no worker takes it."""
    job = submit()
    pause_job(job=job)
    assert state_of(job) == JobState.PAUSED
    run_all()
    assert state_of(job) == JobState.PAUSED


@pytest.mark.parametrize(("stop", "state"), [(finish_early, JobState.DONE), (cancel_job, JobState.CANCELLED)])
def test_a_paused_job_can_be_ended(submit, crew, workspace, stop, state):
    """Finish keeps the best answer, cancel does not; the rest of the money returns."""
    before = balances(workspace).available_nano
    job = submit()
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 8)
    pause_job(job=job)
    crew.wait_for(lambda: state_of(job) == JobState.PAUSED)
    assert stop(job=job)
    crew.wait_for(lambda: state_of(job) in ENDED)
    assert job.state == state
    assert bool(job.answer) == (state == JobState.DONE)
    assert balances(workspace).available_nano == before - job.charged_nano


def test_resuming_before_the_pause_took_hold_wins(submit, crew, endpoint):
    """A job is never left paused against its user's last wish."""
    resumed = threading.Event()
    endpoint.behaviour = undecided_until(resumed)
    job = submit(5)
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 4)
    assert pause_job(job=job)
    resume_job(job=job)
    resumed.set()
    crew.wait_for(lambda: state_of(job) in ENDED)
    assert job.state == JobState.EXHAUSTED


def test_what_comes_too_late_changes_nothing(submit, run_all):
    """Each verb says whether it did something; an ended job stays as it is."""
    job = submit(1)
    assert not resume_job(job=job)
    run_all()
    ended = state_of(job), job.wanted
    assert not any(verb(job=job) for verb in (pause_job, resume_job, finish_early, cancel_job))
    assert (state_of(job), job.wanted) == ended


def test_a_cancelled_job_is_not_wished_back(submit):
    """Cancel is the last word."""
    job = submit()
    assert cancel_job(job=job)
    assert not any(verb(job=job) for verb in (pause_job, resume_job, finish_early, cancel_job))
    job.refresh_from_db()
    assert job.wanted == Wanted.CANCEL


def test_a_scheduled_job_waits_with_its_money_reserved(submit, run_all, workspace, endpoint):
    """No worker takes it before its time; starting it now takes it out of its schedule."""
    before = balances(workspace).available_nano
    job = submit(1, not_before_at=timezone.now() + timedelta(hours=1))
    assert job.is_scheduled
    assert balances(workspace).available_nano == before - job.budget_nano
    sweep()
    run_all()
    assert state_of(job) == JobState.QUEUED
    assert not endpoint.calls
    assert resume_job(job=job)
    run_all()
    assert state_of(job) == JobState.EXHAUSTED


def test_a_scheduled_job_starts_at_its_time(submit, run_all):
    """Once the time has come it is runnable like any other."""
    job = submit(1, not_before_at=timezone.now() + timedelta(hours=1))
    Job.objects.update(next_at=timezone.now(), not_before_at=timezone.now())
    run_all()
    assert state_of(job) == JobState.EXHAUSTED


def test_a_cancelled_schedule_returns_the_money(submit, run_all, workspace):
    """It costs nothing and needs no wait."""
    before = balances(workspace).available_nano
    job = submit(not_before_at=timezone.now() + timedelta(hours=1))
    cancel_job(job=job)
    run_all()
    assert state_of(job) == JobState.CANCELLED
    assert balances(workspace).available_nano == before


def test_a_deadline_ends_a_running_job_with_its_best_answer(submit, run_all, endpoint):
    """Time limit is a reason to stop like another; unspent money returns."""
    endpoint.behaviour = lambda call: undecided(call, delay_s=1)
    job = submit()
    Job.objects.update(deadline_at=timezone.now() + timedelta(seconds=15))
    run_all()
    assert state_of(job) == JobState.DONE
    assert job.stop_reason == "time_limit"
    assert job.answer
    assert job.charged_nano < job.budget_nano


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.PAUSED, JobState.WAITING])
def test_a_deadline_ends_a_job_that_rests(submit, crew, state):
    """Scheduled, paused or waiting for a provider: the best answer so far is delivered at the deadline."""
    job = submit()
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 4)
    pause_job(job=job)
    crew.wait_for(lambda: state_of(job) == JobState.PAUSED)
    later = timezone.now() + timedelta(hours=1)
    if state != JobState.PAUSED:
        # As a worker would leave it that waits for a provider, or a clock that is an hour early.
        for step in (JobState.QUEUED, JobState.RUNNING, state) if state == JobState.WAITING else (state,):
            Job.objects.update(state=step, wanted=Wanted.RUN, next_at=later)
    Job.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    sweep()
    crew.wait_for(lambda: state_of(job) in ENDED)
    assert (job.state, job.stop_reason) == (JobState.DONE, "time_limit")
    assert job.answer
    assert OutboxMessage.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("minutes", [-5, 0])
def test_a_deadline_without_time_is_refused(submit, minutes):
    """Nothing is made, nothing is charged."""
    with pytest.raises(SubmitError) as refusal:
        submit(deadline_at=timezone.now() + timedelta(minutes=minutes))
    assert refusal.value.field == "deadline"
    assert not Job.objects.exists()


def test_no_call_is_left_open_by_a_pause(submit, crew):
    """What was running when the job was paused is settled, not in doubt; what was not yet sent is given back."""
    job = submit()
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 8)
    pause_job(job=job)
    crew.wait_for(lambda: state_of(job) == JobState.PAUSED)
    assert set(job.steps.exclude(state="told").values_list("state", flat=True)) <= {"void"}
    assert job.escrow.held_nano == 0


def test_finishing_a_job_that_never_started_is_not_done(submit, run_all, workspace, alice, client):
    """Mail, page, list and receipt say that it ended without an answer; it cost nothing and may be continued."""
    before = balances(workspace).available_nano
    job = submit(not_before_at=timezone.now() + timedelta(days=1))
    assert finish_early(job=job)
    run_all()
    assert (state_of(job), job.stop_reason) == (JobState.UNANSWERED, "finished_by_user")
    assert (job.charged_nano, balances(workspace).available_nano) == (0, before)
    mail = compose(OutboxMessage.objects.get(job=job))
    assert mail.subject.startswith("Ended without an answer: Undecidable?")
    assert f"{job.get_absolute_url()}raise/" in mail.body
    client.force_login(alice)
    page = client.get(job.get_absolute_url()).content.decode()
    assert "Ended without an answer" in page
    assert "Raise and continue" in page
    assert "Ended without an answer" in client.get("/jobs/", {"state": "unanswered"}).content.decode()
    assert "Undecidable?" not in client.get("/jobs/", {"state": "done"}).content.decode()
    assert summary(job, 0.0)["state"] == "unanswered"


def test_a_deadline_before_any_answer_is_not_done(submit, run_all):
    """A job whose time ran out without an answer is no job that was done."""
    job = submit(
        not_before_at=timezone.now() + timedelta(days=1), deadline_at=timezone.now() + timedelta(days=2)
    )
    Job.objects.update(deadline_at=timezone.now())
    sweep()
    run_all()
    assert (state_of(job), job.stop_reason) == (JobState.UNANSWERED, "time_limit")


def test_a_job_that_ended_without_an_answer_can_be_continued(submit, run_all, endpoint):
    """More money opens a new version, which answers."""
    job = submit(20, not_before_at=timezone.now() + timedelta(days=1))
    finish_early(job=job)
    run_all()
    endpoint.behaviour = lambda _: Answer()
    job.refresh_from_db()
    raise_budget(job=job, to_nano=30 * NANO_PER_CENT)
    run_all()
    assert (state_of(job), job.version, job.answer) == (JobState.DONE, 2, "42")
