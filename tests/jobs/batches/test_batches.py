"""Waves of calls that go as one batch, through the real worker and ledger: half price, and nothing bought twice."""

from datetime import timedelta

import pytest
from django.db.models import Count
from django.utils import timezone

from billing.books.wallet import balances
from billing.models import Call, CallState
from jobs.core.options import JobOptions
from jobs.core.states import JobState
from jobs.lifecycle import cancel_job
from jobs.lifecycle.quotes.offer import quote_job
from jobs.models import Job
from solver.core.money import NANO_PER_CENT
from solver.engine.calls.service_tier import LEAST_BATCH_S
from tests.support.batches import BatchEndpoint, price_with_batches
from tests.support.endpoint import Answer
from tests.support.flex import TIER as FLEX
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

HALF_NANO = (20 * 1_000 + 10 * 2_000) // 2
CALLS = 8
"""So many votes that agree are wanted for the confidence that the job asks for."""


@pytest.fixture
def endpoint(monkeypatch):
    server = BatchEndpoint()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-000000000000")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    yield server
    server.close()


def submit(
    alice, *, may_wait_s: int = 43_200, strategy: str = "vote", budget_nano: int = 50 * NANO_PER_CENT
) -> Job:
    options = JobOptions(may_wait_s=may_wait_s, confidence_target=0.998)
    return submit_for(
        alice, "What is 6 times 7?", budget_nano=budget_nano, strategy=strategy, options=options
    )


@pytest.fixture
def job(alice, workspace, endpoint) -> Job:
    """A job that may wait, whose model has both cheaper tiers."""
    price_with_batches(FLEX)
    return submit(alice)


@pytest.fixture
def go_on(host, job):
    """Run the job's next execution, whether or not it is due."""

    def run() -> Job:
        Job.objects.filter(pk=job.pk).update(next_at=None)
        host.claim_and_run()
        return Job.objects.get(pk=job.pk)

    return run


def fates(job: Job) -> dict[tuple[str, str, str], int]:
    """How many calls there are by the tier that was asked for, their state, and the tier that was billed."""
    rows = Call.objects.filter(job_id=job.pk).exclude(step_key__startswith="write-up")
    counted = rows.values_list("asked_tier", "state", "service_tier").annotate(count=Count("pk"))
    return {(asked, state, billed): count for asked, state, billed, count in counted}


def assert_done(job: Job, workspace, before_nano: int) -> None:
    """Answered, charged for what was settled, and the rest is back."""
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42"), (job.state, job.error)
    settled = Call.objects.filter(job_id=job.pk, state=CallState.SETTLED)
    assert job.charged_nano == sum(call.billed_nano for call in settled)
    assert balances(workspace).available_nano == before_nano + job.budget_nano - job.charged_nano


def test_a_wave_becomes_one_batch_at_half_price(job, workspace, endpoint, go_on, client, alice):
    """No worker holds the job meanwhile; to the billionth of a dollar; page and receipt say so."""
    before = balances(workspace).available_nano
    waiting = go_on()
    assert (waiting.state, waiting.owner, waiting.lease_until) == (JobState.WAITING, "", None)
    assert waiting.next_at is not None
    assert fates(job) == {("batch", CallState.HELD, ""): CALLS}
    [batch] = endpoint.batches
    held = Call.objects.filter(job_id=job.pk)
    assert {each["custom_id"] for each in batch.requests} == {str(call.pk) for call in held}
    assert {call.provider_ref for call in held} == {f"batch:{batch.id}"}
    assert not endpoint.calls
    client.force_login(alice)
    assert f"{CALLS} calls wait for a batch" in client.get(job.get_absolute_url()).content.decode()
    endpoint.execute(batch, batch.requests[0])
    assert go_on().state == JobState.WAITING
    assert fates(job) == {("batch", CallState.SETTLED, "batch"): 1, ("batch", CallState.HELD, ""): CALLS - 1}
    endpoint.finish(batch)
    go_on()
    assert_done(job, workspace, before)
    assert fates(job) == {("batch", CallState.SETTLED, "batch"): CALLS}
    billed = Call.objects.filter(job_id=job.pk, asked_tier="batch").values_list("billed_nano", flat=True)
    assert list(billed) == [HALF_NANO] * CALLS
    assert f"{CALLS} of them at half price" in client.get(job.get_absolute_url()).content.decode()
    assert len(endpoint.batches) == 1


@pytest.mark.parametrize("accident", ["the answer to the start is cut", "killed before its second commit"])
def test_a_batch_is_found_by_its_file(job, workspace, endpoint, go_on, accident):
    """Whoever does not know whether the batch was started finds it, and starts no other."""
    before = balances(workspace).available_nano
    endpoint.cut = int("cut" in accident)
    assert go_on().state == JobState.WAITING
    [batch] = endpoint.batches
    if "killed" in accident:
        # What stands in the books when a worker dies between start and commit, after its lease.
        Call.objects.filter(job_id=job.pk).update(provider_ref=f"file:{batch.file}")
        Job.objects.filter(pk=job.pk).update(
            state=JobState.RUNNING, owner="dead", lease_until=timezone.now() - timedelta(minutes=1)
        )
    endpoint.finish(batch)
    go_on()
    assert_done(job, workspace, before)
    assert fates(job) == {("batch", CallState.SETTLED, "batch"): CALLS}
    assert len(endpoint.calls) == CALLS + 1  # and the write-up


@pytest.mark.parametrize("accident", ["lost", "refused"])
def test_a_batch_that_was_not_started_costs_nothing(job, workspace, endpoint, go_on, accident, monkeypatch):
    """A start that did not arrive, or a server without batches: the calls are void, and made at flex under new holds."""
    monkeypatch.setattr("solver.providers.openai_batches.SETTLES_S", 0.0)
    before = balances(workspace).available_nano
    if accident == "lost":
        endpoint.lost = 1
    else:
        endpoint.has_batches = False
    endpoint.behaviour = lambda call: Answer(service_tier=call.body.get("service_tier", ""))
    go_on()
    assert_done(job, workspace, before)
    assert fates(job) == {("batch", CallState.VOID, ""): CALLS, ("flex", CallState.SETTLED, "flex"): CALLS}
    assert not endpoint.batches


def test_each_call_of_a_batch_has_its_own_fate(job, workspace, endpoint, go_on):
    """Answered: settled. Refused, or not begun before it expired: void. Broken: in doubt. Those are asked at flex."""
    before = balances(workspace).available_nano
    statuses = iter([200, 200, 200, 200, 429, 500])
    go_on()
    [batch] = endpoint.batches
    endpoint.behaviour = lambda _: Answer(status=next(statuses))
    endpoint.finish(batch, "expired", executed=6)
    endpoint.behaviour = lambda call: Answer(service_tier=call.body.get("service_tier", ""))
    go_on()
    assert_done(job, workspace, before)
    found = fates(job)
    assert found.pop(("batch", CallState.SETTLED, "batch")) == 4
    assert found.pop(("batch", CallState.IN_DOUBT, "")) == 1
    assert found.pop(("batch", CallState.VOID, "")) == 3
    assert found == {("flex", CallState.SETTLED, "flex"): 4}
    assert len(endpoint.batches) == 1


def test_a_batch_that_takes_too_long_is_cancelled(job, workspace, endpoint, go_on):
    """While there is time for it at flex: what was executed is paid for, and what was not is asked there."""
    before = balances(workspace).available_nano
    go_on()
    [batch] = endpoint.batches
    for request in batch.requests[:5]:
        endpoint.execute(batch, request)
    endpoint.cancels_at_once = False
    Job.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(seconds=43_200 - 2_000))
    assert go_on().state == JobState.WAITING
    assert batch.cancels
    endpoint.finish(batch, "cancelled", executed=0)
    endpoint.behaviour = lambda call: Answer(service_tier=call.body.get("service_tier", ""))
    go_on()
    assert_done(job, workspace, before)
    assert fates(job) == {
        ("batch", CallState.SETTLED, "batch"): 5,
        ("batch", CallState.VOID, ""): 3,
        ("flex", CallState.SETTLED, "flex"): 3,
    }


def test_a_batch_that_never_ends_is_given_up(job, workspace, endpoint, go_on):
    """Its calls are in doubt a while after it was cancelled, whatever executions looked at it, and the job goes on."""
    before = balances(workspace).available_nano
    go_on()
    endpoint.cancels_at_once = False
    Job.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(seconds=43_200 - 2_000))
    assert go_on().state == JobState.WAITING
    Job.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(seconds=43_200 - 1_000))
    endpoint.behaviour = lambda call: Answer(service_tier=call.body.get("service_tier", ""))
    go_on()
    assert_done(job, workspace, before)
    found = fates(job)
    assert found.pop(("batch", CallState.IN_DOUBT, "")) == CALLS
    assert sum(found.values()) == CALLS
    assert {state for _, state, _ in found} == {CallState.SETTLED}


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


@pytest.mark.parametrize("may_wait_s", [43_200, 3_600])
def test_the_quote_knows_that_a_batch_takes_hours(alice, workspace, endpoint, may_wait_s):
    """Its time range has them where a wave may go in a batch, but not more than the job may take."""
    price_with_batches()
    options = JobOptions(may_wait_s=may_wait_s, confidence_target=0.998)
    said = quote_job(
        problem="What is 6 times 7?",
        budget_nano=50 * NANO_PER_CENT,
        strategy="vote",
        options=options,
        workspace=workspace,
    ).quote
    assert said.tries_high >= 2 * CALLS
    assert (said.time_high_s > LEAST_BATCH_S) is (may_wait_s == 43_200)
    assert said.time_high_s < may_wait_s


@pytest.mark.parametrize(("may_wait_s", "strategy"), [(3_600, "vote"), (43_200, "deep")])
def test_neither_chains_nor_jobs_in_a_hurry_go_in_batches(
    alice, workspace, endpoint, run_all, may_wait_s, strategy
):
    """A chain would pay the queue at each link, and an hour is too short."""
    price_with_batches(FLEX)
    usage = {"prompt_tokens": 100, "completion_tokens": 350, "total_tokens": 450}
    endpoint.behaviour = lambda call: Answer(service_tier=call.body.get("service_tier", ""), usage=usage)
    job = submit(alice, may_wait_s=may_wait_s, strategy=strategy, budget_nano=NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert job.answer == "42"
    assert "batch" not in {asked for asked, *_ in fates(job)}
    assert not endpoint.files
