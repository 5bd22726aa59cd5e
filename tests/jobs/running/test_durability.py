"""Real workers die in the middle of jobs; nothing is lost and nothing is charged twice."""

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db.models import Sum

from billing.models import Call, CallState, Entry
from jobs.core.states import ENDED, JobState
from jobs.lifecycle import cancel_job, finish_early
from jobs.models import Job, OutboxMessage, StepRecord
from solver.core.money import NANO_PER_CENT
from tests.jobs.conftest import undecided
from tests.jobs.workers import Worker
from tests.support import endpoint as scripted
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


def slow_from(number: int, delay_s: float) -> Callable[[scripted.Call], Answer]:
    """Answers like `undecided`, which need so long from some call on, so that the job is still at work."""
    return lambda call: replace(undecided(call), delay_s=delay_s if call.number >= number else 0.05)


@pytest.fixture
def worker(tmp_path, endpoint, alice):
    started: list[Worker] = []

    def start(**env: str) -> Worker:
        started.append(Worker(tmp_path / f"worker-{len(started)}.log", **env))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def settled(job: Job) -> int:
    return Call.objects.filter(job_id=job.pk, state=CallState.SETTLED).count()


def ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.state in ENDED


def test_a_job_survives_kill_9_of_its_worker(alice, workspace, endpoint, worker):
    """Another worker continues after the lease; no settled step is bought again; one message is written."""
    endpoint.behaviour = slow_from(20, delay_s=3600)
    job = submit_for(alice, "Undecidable?", budget_nano=5 * NANO_PER_CENT)
    first = worker()
    first.wait_for(lambda: settled(job) >= 20)
    in_flight = endpoint.in_flight
    first.kill()
    endpoint.behaviour = undecided
    keys_before = set(StepRecord.objects.filter(job=job, state="told").values_list("key", flat=True))
    second = worker()
    second.wait_for(lambda: ended(job))
    assert job.state == JobState.EXHAUSTED
    assert 0 < job.charged_nano <= job.budget_nano
    told = Counter(StepRecord.objects.filter(job=job, state="told").values_list("key", flat=True))
    assert max(told.values()) == 1
    assert keys_before <= set(told)
    doubtful = Call.objects.filter(job_id=job.pk, state=CallState.IN_DOUBT).count()
    assert doubtful <= max(in_flight, 1) + 16
    assert len(endpoint.calls) <= settled(job) + doubtful
    assert OutboxMessage.objects.filter(job=job).count() == 1
    second.wait_for(lambda: OutboxMessage.objects.filter(job=job).exclude(sent_at=None).exists())


def test_sigterm_hands_a_job_over_without_waiting_for_the_lease(alice, workspace, endpoint, worker):
    """A deploy gives its jobs back; the next worker goes on at once and nothing is in doubt."""
    # What it still buys until the signal arrives takes so long that its budget lasts.
    is_told = threading.Event()
    slowly = slow_from(20, delay_s=2)
    endpoint.behaviour = lambda call: replace(
        slowly(call), may_end=lambda: call.number < 20 or is_told.is_set()
    )
    job = submit_for(alice, "Undecidable?", budget_nano=8 * NANO_PER_CENT)
    first = worker(PONDER_LEASE_S="60")
    first.wait_for(lambda: settled(job) >= 20)
    first.process.terminate()
    is_told.set()
    assert first.process.wait(300) == 0
    endpoint.behaviour = undecided
    job.refresh_from_db()
    assert (job.state, job.lease_until) == (JobState.QUEUED, None)
    doubtful = Call.objects.filter(job_id=job.pk, state__in=[CallState.HELD, CallState.IN_DOUBT])
    assert not doubtful.exists()
    second = worker(PONDER_LEASE_S="60")
    second.wait_for(lambda: ended(job))


@pytest.mark.parametrize(("stop", "state"), [(finish_early, JobState.DONE), (cancel_job, JobState.CANCELLED)])
def test_a_stop_reaches_a_running_job_at_once(alice, workspace, endpoint, worker, stop, state):
    """Finish and cancel end a job within moments; only what was used is charged."""
    endpoint.behaviour = undecided
    job = submit_for(alice, "Undecidable?", budget_nano=500 * NANO_PER_CENT)
    running = worker(PONDER_LEASE_S="60")
    running.wait_for(lambda: settled(job) >= 10)
    stop(job=job)
    running.wait_for(lambda: ended(job))
    assert job.state == state
    assert bool(job.answer) == (state == JobState.DONE)
    assert job.charged_nano == Call.objects.filter(job_id=job.pk).aggregate(total=Sum("billed_nano"))["total"]


def test_a_lost_wake_up_costs_seconds_not_the_job(alice, workspace, endpoint, worker):
    """A job whose message never arrived is found by the sweep."""
    job = submit_for(alice, "Anyone?", budget_nano=NANO_PER_CENT, wake=False)
    worker().wait_for(lambda: ended(job))
    assert job.answer == "42"


@pytest.mark.proof
def test_many_jobs_at_once_keep_their_budgets(alice, workspace, endpoint, worker):
    """Many jobs with small random budgets on one worker (200 in the long form): all end, none above its budget."""
    number = 200 if os.environ.get("PONDER_PROOF") == "long" else 12
    rng = random.Random(5)
    endpoint.behaviour = lambda call: Answer(
        f"Answer: {call.number % 3}",
        delay_s=0.02,
        usage={"prompt_tokens": 100, "completion_tokens": 390, "total_tokens": 490},
    )
    jobs = [
        submit_for(alice, f"Question {n}?", budget_nano=rng.randint(1, 2) * NANO_PER_CENT)
        for n in range(number)
    ]
    running = worker(PONDER_LEASE_S="60")
    running.wait_for(lambda: not Job.objects.exclude(state__in=ENDED).exists())
    for job in Job.objects.filter(pk__in=[job.pk for job in jobs]):
        assert job.charged_nano <= job.budget_nano
        assert job.answer, (job.state, job.stop_reason, job.error)
    assert Entry.objects.aggregate(total=Sum("amount_nano"))["total"] == 0
    assert running.peak_mb() <= 400
    assert "deadlock" not in running.log.read_text()
