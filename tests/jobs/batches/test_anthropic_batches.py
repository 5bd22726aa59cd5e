"""Waves of calls that go as one of Anthropic's batches, through the real worker and ledger."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.books.wallet import balances
from billing.models import Call, CallState
from billing.prices.book import load_prices
from jobs.core.states import JobState
from jobs.lifecycle import cancel_job
from jobs.models import Job
from tests.jobs.batches.test_batches import CALLS, HALF_NANO, assert_done, fates, go_on, submit
from tests.support.anthropic_batches import KEY, AnthropicBatchEndpoint
from tests.support.endpoint import Answer

__all__ = ["go_on"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(monkeypatch):
    server = AnthropicBatchEndpoint()
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_BASE", server.url.removesuffix("/v1"))
    yield server
    server.close()


@pytest.fixture
def prices(transactional_db, settings):
    """A model of Anthropic's with the rates of the other tests; half of them in batches, by setting."""
    settings.PONDER_MODELS = ["anthropic/claude-test"]
    settings.PONDER_PRICES = "anthropic/claude-test=1/2/8000/400/batch:0.5:1"
    load_prices()


@pytest.fixture
def job(alice, workspace, endpoint) -> Job:
    return submit(alice)


def leave_before_second_commit(job: Job, reference: str) -> None:
    """Leave in the books what a worker leaves that dies between start and commit, after its lease."""
    Call.objects.filter(job_id=job.pk).update(provider_ref=reference)
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, owner="dead", lease_until=timezone.now() - timedelta(minutes=1)
    )


def test_a_wave_becomes_one_batch_at_half_price(job, workspace, endpoint, go_on):
    """Each call has its own fate: a message is paid for, and nothing else; what brought none is asked by itself."""
    before = balances(workspace).available_nano
    waiting = go_on()
    assert (waiting.state, waiting.owner) == (JobState.WAITING, "")
    [batch] = endpoint.batches
    held = Call.objects.filter(job_id=job.pk)
    assert {each["custom_id"] for each in batch.requests} == {str(call.pk) for call in held}
    assert {call.provider_ref for call in held} == {f"batch:{batch.id}"}
    assert go_on().state == JobState.WAITING
    statuses = iter([200] * (CALLS - 3) + [429, 500])
    endpoint.behaviour = lambda _: Answer(status=next(statuses))
    endpoint.finish(batch, "expired", executed=CALLS - 1)
    endpoint.behaviour = lambda _: Answer()
    go_on()
    assert_done(job, workspace, before)
    assert fates(job) == {
        ("batch", CallState.SETTLED, "batch"): CALLS - 3,
        ("batch", CallState.VOID, ""): 3,
        ("", CallState.SETTLED, ""): 3,
    }
    billed = Call.objects.filter(job_id=job.pk, state=CallState.SETTLED, asked_tier="batch")
    assert {call.billed_nano for call in billed} == {HALF_NANO}
    assert len(endpoint.batches) == 1


@pytest.mark.parametrize("others", [False, True])
def test_a_batch_is_found_by_its_results(job, workspace, endpoint, go_on, others):
    """Whoever does not know whether a batch was started finds it among those of others, and starts no other."""
    before = balances(workspace).available_nano
    latest = ""
    if others:
        latest = endpoint.begin({"theirs": {"model": "m", "messages": [{"content": "?"}]}}).id
    endpoint.cut = 1
    assert go_on().state == JobState.WAITING
    batch = endpoint.batches[-1]
    first = batch.requests[0]["custom_id"]
    assert {call.provider_ref for call in Call.objects.filter(job_id=job.pk)} == {
        f"after:{latest}:{CALLS}:{first}"
    }
    if others:
        theirs = endpoint.begin({f"theirs-{n}": each["body"] for n, each in enumerate(batch.requests)})
        endpoint.finish(theirs)
    executed = len(endpoint.calls)
    leave_before_second_commit(job, f"after:{latest}:{CALLS}:{first}")
    assert go_on().state == JobState.WAITING, "one of its size is under way"
    endpoint.finish(batch)
    go_on()
    assert_done(job, workspace, before)
    assert fates(job) == {("batch", CallState.SETTLED, "batch"): CALLS}
    assert len(endpoint.calls) == executed + CALLS + 1  # and the write-up


@pytest.mark.parametrize("accident", ["lost", "refused"])
def test_a_batch_that_is_nowhere_leaves_its_calls_in_doubt(
    job, workspace, endpoint, go_on, accident, monkeypatch
):
    """Nobody can say that a lost start will not arrive, so its money stays apart; a refused one owes nothing."""
    monkeypatch.setattr("solver.providers.anthropic_batches.SETTLES_S", 0.0)
    before = balances(workspace).available_nano
    endpoint.lost, endpoint.has_batches = int(accident == "lost"), accident == "lost"
    go_on()
    assert_done(job, workspace, before)
    ended = CallState.IN_DOUBT if accident == "lost" else CallState.VOID
    assert fates(job) == {("batch", ended, ""): CALLS, ("", CallState.SETTLED, ""): CALLS}
    assert not endpoint.batches


def test_a_cancelled_job_cancels_its_batch_and_pays_for_what_was_executed(job, workspace, endpoint, go_on):
    """The rest was not begun and owes nothing."""
    before = balances(workspace).available_nano
    go_on()
    [batch] = endpoint.batches
    for request in batch.requests[:3]:
        endpoint.execute(batch, request)
    assert cancel_job(job=job)
    ended = go_on()
    assert (ended.state, ended.charged_nano) == (JobState.CANCELLED, 3 * HALF_NANO)
    assert batch.cancels
    assert fates(job) == {("batch", CallState.SETTLED, "batch"): 3, ("batch", CallState.VOID, ""): 5}
    assert balances(workspace).available_nano == before + job.budget_nano - ended.charged_nano
