"""Real workers die in the middle of jobs; nothing is lost and nothing is charged twice."""

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from django.db.models import Sum
from django.utils import timezone

from billing.books.wallet import balances
from billing.models import Call, CallState, Entry
from jobs.core.states import ENDED, JobState
from jobs.core.wake import wake_worker
from jobs.lifecycle import cancel_job, finish_early
from jobs.models import Job, OutboxMessage, ProgramRun, StepRecord
from solver.core.money import NANO_PER_CENT
from tests.jobs.conftest import undecided
from tests.jobs.running.test_tools_of_jobs import submit
from tests.jobs.workers import Worker
from tests.support import endpoint as scripted
from tests.support.children import all_below, is_alive
from tests.support.endpoint import Answer
from tests.support.people import submit_for
from tests.support.sandboxes import bubblewrap
from tests.tools import site

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


FOUND = json.dumps({"results": [{"title": "Bees", "url": "https://example.org/bees", "content": "Ten."}]})


def scripted_turns(endpoint: scripted.Endpoint, calls: tuple[tuple[str, str], ...]) -> list[str]:
    """Let the model call all of these tools at once, then answer; return what tools told it."""
    told: list[str] = []

    def behave(call: scripted.Call) -> Answer:
        told[:] = [message["content"] for message in call.body["messages"] if message["role"] == "tool"]
        return Answer("Answer: 42") if told else Answer("", tool_calls=calls)

    endpoint.behaviour = behave
    return told


def paths_of(asked: list[str]) -> set[str]:
    return {each.split()[1].partition("?")[0] for each in asked}


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


def test_a_job_survives_kill_9_in_the_middle_of_its_tools(alice, workspace, endpoint, worker):
    """A program, a page and a paid search are under way: each is told once, the turn is bought once, one hold is lost."""
    bubblewrap()
    before, may_answer = balances(workspace).available_nano, threading.Event()

    def waits(answer: site.Answer) -> site.Answer:
        return lambda request: answer(request) if may_answer.wait(600) else None

    pages = {
        "/bees": waits(site.page("Ten bees.", "text/plain")),
        "/search": waits(site.page(FOUND, "application/json")),
    }
    with site.site(pages) as (origin, asked):
        uses = {
            "python": {"code": "import time\ntime.sleep(3)\nprint(6 * 7)"},
            "read_page": {"address": f"{origin}/bees"},
            "web_search": {"query": "bees"},
        }
        calls = tuple((name, json.dumps(arguments)) for name, arguments in uses.items())
        told = scripted_turns(endpoint, calls)
        job = submit(alice, "According to the site, how many bees are there?")
        tools = {
            "PONDER_RUN_CODE": "True", "SEARXNG_URL": origin, "PONDER_SEARCH_PRICE": "0.005",
            "PONDER_TOOLS_ALLOW_HOSTS": urlsplit(origin).netloc,
        }  # fmt: skip
        first = worker(**tools)
        wake_worker(job.pk)
        runs = ProgramRun.objects.filter(job=job)
        first.wait_for(
            lambda: len(paths_of(asked) & {"/bees", "/search"}) == 2 and runs.exclude(taken_at=None).exists()
        )
        below = all_below(first.process.pid)
        first.kill()
        may_answer.set()
        # As if the time of both leases had passed.
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())
        runs.update(lease_until=timezone.now())
        second = worker(**tools)
        wake_worker(job.pk)
        # Neither the program, whose sandbox is its own, nor what reads files outlives the worker.
        second.wait_for(lambda: not any(map(is_alive, below)))
        second.wait_for(lambda: ended(job))
    assert below
    assert job.answer == "42"
    steps = StepRecord.objects.filter(job=job, state="told").exclude(kind="note").order_by("seq")
    assert Counter(steps.values_list("key", flat=True)) == Counter(
        ["agent/0/0", "agent/0/0/0", "agent/0/0/1", "agent/0/0/2", "agent/0/1"]
    )
    assert len(endpoint.calls) == 2
    for part in ("\n42\n", "Ten bees.", "https://example.org/bees"):
        assert any(part in each for each in told)
    searches = Call.objects.filter(job_id=job.pk, kind="tool").order_by("attempt")
    assert [call.state for call in searches] == [CallState.IN_DOUBT, CallState.SETTLED]
    assert Counter(each.split()[1].partition("?")[0] for each in asked)["/search"] == 2
    assert searches[1].cost_nano == 5_000_000
    assert job.charged_nano == sum(step.charged_nano for step in steps)
    assert balances(workspace).available_nano == before - job.charged_nano


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
