"""A job is killed at every boundary of its journal while a batch is formed, started and collected."""

from collections import Counter
from functools import partial

import pytest
from aiohttp import web

from billing.books.wallet import balances
from billing.models import Call, CallState
from jobs.core.options import JobOptions
from jobs.core.states import JobState
from jobs.models import Job, OutboxMessage
from jobs.upkeep.audit import violations
from solver.core.money import NANO_PER_CENT
from tests.proof.conftest import LONG
from tests.proof.crash_runner import CRASHED, MOMENTS, NOT_CLAIMED
from tests.proof.test_crash_points import run, told
from tests.support.batches import Batch, BatchEndpoint, price_with_batches
from tests.support.people import submit_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proof]

NOWHERE = (10**6, MOMENTS[0])
"""No execution has so many boundaries."""
CALLS = 8
HALF_NANO = (20 * 1_000 + 10 * 2_000) // 2
STARTING, COLLECTING = 7, 3
"""Places in the short form: of the execution that starts the batch, and of the one that collects it."""


class EndsAtSecondLook(BatchEndpoint):
    """Its batches are under way at the first look, when their job is given back, and over at the second."""

    async def _list(self, request: web.Request) -> web.StreamResponse:
        # Who knows a batch by its file alone looks at it here.
        for batch in self.batches:
            batch.looks += 1
            self.look(batch)
        return await super()._list(request)

    def look(self, batch: Batch) -> None:
        if batch.looks >= 2 and batch.status == "in_progress":
            self.finish(batch)


@pytest.fixture
def endpoint(monkeypatch):
    server = EndsAtSecondLook()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-000000000000")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    yield server
    server.close()


run_at_once = partial(run, calls_per_job=16)


def submit(alice) -> Job:
    options = JobOptions(may_wait_s=43_200, confidence_target=0.998)
    return submit_for(
        alice,
        "What is 6 times 7?",
        budget_nano=50 * NANO_PER_CENT,
        strategy="vote",
        options=options,
        wake=False,
    )


def votes_of(job: Job) -> list[tuple[str, str]]:
    """Return keys and answers of a job's tries, which are made at once: any of them may land first, and be written up."""
    return sorted(call for call in told(job)[0] if not call[0].startswith("write-up"))


def fates(job: Job) -> Counter[tuple[str, str]]:
    """How many of a job's calls there are by the tier that was asked for, and their state."""
    return Counter(Call.objects.filter(job_id=job.pk).values_list("asked_tier", "state"))


def test_a_batch_is_paid_once_wherever_its_worker_dies(alice, workspace, endpoint, tmp_path):
    """Same answer and journal; a started batch is collected, one that was not costs nothing, no call is in doubt."""
    price_with_batches()
    whole = submit(alice)
    [first] = run_at_once(tmp_path, [(whole, [])])
    whole.refresh_from_db()
    assert (whole.state, first["statuses"]) == (JobState.WAITING, [0]), (tmp_path / "log").read_text()[-4000:]
    (tmp_path / "report.jsonl").unlink()
    [second] = run_at_once(tmp_path, [(whole, [])])
    whole.refresh_from_db()
    assert (whole.state, whole.answer) == (JobState.DONE, "42"), (tmp_path / "log").read_text()[-4000:]
    assert fates(whole)["batch", CallState.SETTLED] == CALLS
    orders = [(submit(alice), places) for places in places_of(first["boundaries"], second["boundaries"])]
    before_nano, executed_before = balances(workspace).available_nano, len(endpoint.calls)
    started_before = len(endpoint.batches)
    (tmp_path / "report.jsonl").unlink()
    for (job, places), report in zip(orders, run_at_once(tmp_path, orders), strict=True):
        where = f"killed at {places}: {report}\n{(tmp_path / 'log').read_text()[-2000:]}"
        assert set(report["statuses"]) <= {CRASHED, 0, NOT_CLAIMED}, where
        job.refresh_from_db()
        assert (job.state, job.answer, votes_of(job)) == (whole.state, whole.answer, votes_of(whole)), where
        assert OutboxMessage.objects.filter(job=job).count() == 1, where
        found = fates(job)
        # Only a call that was made by itself may be in doubt, one at a time.
        assert found["batch", CallState.IN_DOUBT] == found["batch", CallState.HELD] == 0, where
        assert found["", CallState.IN_DOUBT] <= 1, where
        assert found["", CallState.HELD] == 0, where
        settled = Call.objects.filter(job_id=job.pk, state=CallState.SETTLED)
        assert settled.count() == whole.calls, where
        assert {call.billed_nano for call in settled if call.asked_tier} <= {HALF_NANO}, where
        assert job.charged_nano == sum(call.billed_nano for call in settled), where
    jobs = Job.objects.filter(pk__in=[job.pk for job, _ in orders])
    charged_nano, budgets_nano = (
        sum(jobs.values_list(name, flat=True)) for name in ("charged_nano", "budget_nano")
    )
    assert balances(workspace).available_nano == before_nano + budgets_nano - charged_nano
    # Each started batch was executed and settled once, whoever collected it.
    calls = Call.objects.filter(job_id__in=jobs)
    in_batches = calls.filter(asked_tier="batch", state=CallState.SETTLED).count()
    assert in_batches == CALLS * (len(endpoint.batches) - started_before)
    alone = calls.filter(asked_tier="", state__in=[CallState.SETTLED, CallState.IN_DOUBT]).count()
    assert len(endpoint.calls) - executed_before - in_batches <= alone
    assert in_batches
    assert alone > len(orders), "some batch was not started, and its calls were made by themselves"
    assert violations() == []


def places_of(first: int, second: int) -> list[list[tuple[int, str]]]:
    """Return where each of a job's executions is killed, the one that starts the batch or the one that collects it.

    In the short form at places that are spread over all of them: before the batch may have been started, and after.
    """
    starting = [(number, moment) for number in range(1, first + 1) for moment in MOMENTS]
    collecting = [(number, moment) for number in range(1, second + 1) for moment in MOMENTS]
    if not LONG:
        starting, collecting = _spread(starting, STARTING), _spread(collecting, COLLECTING)
    # A batch that some calls know by its file and some by itself is looked at twice an execution: one more ends it.
    return [[place, NOWHERE, NOWHERE] for place in starting] + [
        [NOWHERE, place, NOWHERE] for place in collecting
    ]


def _spread(places: list[tuple[int, str]], count: int) -> list[tuple[int, str]]:
    return [places[(2 * number + 1) * len(places) // (2 * count)] for number in range(count)]
