"""Calls that the provider works on by itself survive deploys and kills: submitted once, collected by whoever is there."""

import functools

import pytest
from django.utils import timezone

from billing.books.wallet import balances
from billing.models import Call, CallState
from jobs.core.states import JobState
from jobs.lifecycle import cancel_job, pause_job, resume_job
from jobs.models import Job, StepRecord
from jobs.worker import execution
from solver.core.money import NANO_PER_CENT
from solver.engine.outcome import Limits
from tests.support.people import submit_for
from tests.support.responses import ResponsesEndpoint

pytestmark = pytest.mark.django_db(transaction=True)

GOOD_NANO = 20 * 1_000 + 10 * 2_000


@pytest.fixture
def endpoint(monkeypatch):
    server = ResponsesEndpoint()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-000000000000")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    yield server
    server.close()


@pytest.fixture
def job(alice, workspace, endpoint, settings) -> Job:
    """A job whose model the provider runs in the background."""
    settings.PONDER_BACKGROUND_MODELS = ["openai/test"]
    return submit_for(alice, "What is 6 times 7?", budget_nano=5 * NANO_PER_CENT, strategy="vote")


def referenced(job: Job) -> list[Call]:
    """The calls under way whose reference is committed."""
    return list(Call.objects.filter(job_id=job.pk, state=CallState.HELD).exclude(provider_ref=""))


def all_submitted(job: Job, endpoint: ResponsesEndpoint) -> bool:
    return bool(endpoint.submissions) and len(referenced(job)) == len(endpoint.submissions)


def assert_each_submission_was_settled_once(job: Job, workspace, endpoint, before_nano: int) -> None:
    job.refresh_from_db()
    calls = Call.objects.filter(job_id=job.pk)
    assert (job.state, job.answer) == (JobState.DONE, "42"), (job.state, job.error)
    assert {call.state for call in calls} == {CallState.SETTLED}
    assert {call.attempt for call in calls} == {1}
    assert sorted(call.provider_ref for call in calls) == sorted(work.id for work in endpoint.submissions)
    assert job.charged_nano == len(endpoint.submissions) * GOOD_NANO
    assert balances(workspace).available_nano == before_nano + job.budget_nano - job.charged_nano
    assert {call.reasoning_tokens for call in calls} == {4}


def test_a_paused_job_collects_what_was_submitted_before(job, workspace, endpoint, crew):
    """A pause need not wait for the provider, and the resumed job buys nothing again; a deaf moment loses nothing."""
    before = balances(workspace).available_nano
    crew.start()
    crew.wait_for(lambda: all_submitted(job, endpoint))
    assert pause_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.PAUSED)
    assert all_submitted(job, endpoint)
    endpoint.deaf = True
    endpoint.done.set()
    assert resume_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.RUNNING)
    endpoint.deaf = False
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    assert_each_submission_was_settled_once(job, workspace, endpoint, before)


def test_a_cancelled_job_cancels_its_calls_at_the_provider(job, workspace, endpoint, crew, monkeypatch):
    """After the grace period the provider is told; what it did until then is in doubt, so the user gets all back."""
    monkeypatch.setattr(execution, "Limits", functools.partial(Limits, grace_s=0.5))
    crew.start()
    crew.wait_for(lambda: all_submitted(job, endpoint))
    assert cancel_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    job.refresh_from_db()
    assert (job.state, job.charged_nano) == (JobState.CANCELLED, 0)
    assert all(work.cancelled for work in endpoint.submissions)
    assert {call.state for call in Call.objects.filter(job_id=job.pk)} == {CallState.IN_DOUBT}


def test_a_reference_that_the_provider_forgot_is_in_doubt_and_bought_again(
    job, workspace, endpoint, crew, monkeypatch
):
    """Expired here, failed there, cut before its reference came: each is in doubt, never submitted by itself again."""
    monkeypatch.setattr("solver.engine.calls.attempts._DOUBT_BACKOFF_S", 0.1)
    endpoint.cut = 1
    crew.start()
    crew.wait_for(lambda: len(referenced(job)) >= 2)
    crew.wait_for(lambda: Call.objects.filter(job_id=job.pk, state=CallState.IN_DOUBT).exists())
    crew.wait_for(lambda: len(endpoint.submissions) == Call.objects.filter(job_id=job.pk).count())
    for work in endpoint.submissions[-1:]:
        work.status = "failed"
    forgotten = endpoint.submissions[1].id
    del endpoint.works[forgotten]
    endpoint.done.set()
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42")
    doubts = Call.objects.filter(job_id=job.pk, state=CallState.IN_DOUBT)
    assert {"", forgotten} <= set(doubts.values_list("provider_ref", flat=True))
    settled = Call.objects.filter(job_id=job.pk, state=CallState.SETTLED)
    assert settled.count() + doubts.count() == len(endpoint.submissions)
    assert job.charged_nano == settled.count() * GOOD_NANO
    assert not StepRecord.objects.filter(job=job, state="open").exists()


def test_a_reply_that_was_cut_is_charged_as_counted(job, workspace, endpoint, run_all):
    """`incomplete` is a reply of finish reason `length`; without usage it is settled at its bound, flagged."""
    endpoint.done.set()
    original = endpoint._response

    def odd(work, status):
        number = endpoint.submissions.index(work)
        if number == 0:
            work.status, work.text = "incomplete", "Let me think"
        if number == 1:
            work.usage = None
        return original(work, status)

    endpoint._response = odd
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42")
    calls = {call.provider_ref: call for call in Call.objects.filter(job_id=job.pk)}
    cut, unmetered = (calls[work.id] for work in endpoint.submissions[:2])
    assert cut.billed_nano == GOOD_NANO
    assert StepRecord.objects.get(pk=cut.pk).finish_reason == "length"
    assert unmetered.usage_missing
    assert 0 < unmetered.billed_nano <= unmetered.hold_nano
    assert timezone.now() > job.finished_at
