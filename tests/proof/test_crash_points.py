"""A job is killed at every boundary of its journal, before, during and after the commit, and always ends well."""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import connection
from django.db.models import Q

from billing.models import Call, CallState
from jobs.core.options import JobOptions
from jobs.core.states import ENDED, JobState
from jobs.models import Job, OutboxMessage, StepRecord
from jobs.upkeep.audit import violations
from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from solver.strategies import REGISTRY
from tests.processes.zygote import shared
from tests.proof.conftest import LONG
from tests.proof.crash_runner import CRASHED, MOMENTS, NOT_CLAIMED
from tests.proof.replies import DATA
from tests.support.endpoint import Answer
from tests.support.flex import MAY_WAIT, price_with_flex, refusing
from tests.support.people import submit_for
from tests.support.responses import ResponsesEndpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proof]

SAMPLED = 1
"""Places a strategy in the short form."""
JOBS_AT_ONCE = 500
ONE_LINE = JobOptions(confidence_target=0.7, max_tries=1)
"""Several attempts with tools go on side by side, in an order that depends on how long each use takes."""
TWO_DRAFTS = JobOptions(confidence_target=0.7, max_tries=2, result=ResultKind.TEXT)


def submit(alice, workspace, strategy: str, text: str, result: ResultKind | None = None) -> Job:
    """Submit a job whose tries soon agree, or of two drafts. Replies depend on problem and seed: all have the same."""
    soon = JobOptions(confidence_target=0.7, result=result)
    job = submit_for(
        alice,
        text,
        budget_nano=10 * NANO_PER_CENT,
        strategy=strategy,
        options={"drafts": TWO_DRAFTS, "agent": ONE_LINE}.get(strategy, soon),
        wake=False,
    )
    # The scripted model grades and revises, unlike the bundled one in whose place it is.
    calls = {"reads": True, "calls_tools": strategy == "agent"}
    panel = [card | calls for card in job.pinned["panel"]]
    Job.objects.filter(pk=job.pk).update(pinned=job.pinned | {"seed": 11, "panel": panel})
    return job


def run(
    tmp_path: Path, orders: list[tuple[Job, list[tuple[int, str]]]], *, calls_per_job: int = 1
) -> list[dict]:
    """Carry out crash orders in processes of their own; return their reports."""
    parameters = connection.get_connection_params()
    report = tmp_path / "report.jsonl"
    env = os.environ | {
        "DATABASE_URL": f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}",
        "CRASH_ORDERS": json.dumps([(str(job.pk), places) for job, places in orders]),
        "CRASH_REPORT": str(report),
        "PONDER_CALLS_PER_JOB": str(calls_per_job),
        "PONDER_LEASE_S": "60",
    }
    process = shared().start(["tests.proof.crash_runner"], env=env, log=tmp_path / "log")
    status = process.wait(600 + 60 * sum(1 + len(places) for _, places in orders))
    assert status == 0, (tmp_path / "log").read_text()[-4000:]
    return [json.loads(line) for line in report.read_text().splitlines()]


def told(job: Job) -> tuple[list[tuple[str, str]], set[str]]:
    """Return keys and answers of calls in the order of telling, and the notes and uses of tools.

    Two notes asked for at once are two commits: after a crash between them a call may come before the second. Two tools
    are used side by side.
    """
    steps = StepRecord.objects.filter(job=job, state="told").order_by("seq")
    aside = Q(kind__in=["note", "tool"])
    calls = steps.exclude(aside).values_list("key", "answer_key")
    return list(calls), set(steps.filter(aside).values_list("key", flat=True))


TEXTS = {
    "a program": "Write a Python function f.",
    "data": f"Compute (17 * 4 + 9) mod 13. {DATA}.",
    # Of a kind that the model is known to be good at.
    "": "Compute (17 * 4 + 9) mod 13.",
}
EACH = [*sorted(REGISTRY), "auto, for a program", "auto, for data"]


@pytest.mark.parametrize("strategies", [[each] for each in EACH] if LONG else [EACH])
def test_a_job_killed_at_any_boundary_ends_as_if_undisturbed(strategies, alice, workspace, seeded, tmp_path):
    """Same answer, same journal, nothing settled twice, at most the one call in flight bought again."""
    wholes = [submit_one_of(strategy, alice, workspace) for strategy in strategies]
    undisturbed = run(tmp_path, [(whole, []) for whole in wholes])
    assert "agent" not in strategies or {*Call.objects.values_list("kind", flat=True)} == {"model", "tool"}
    killed: list[Killed] = []
    for strategy, whole, report in zip(strategies, wholes, undisturbed, strict=True):
        whole.refresh_from_db()
        # A job that ends at its budget could afford one call less after a crash: the call in doubt keeps its hold.
        assert whole.state in ENDED - {JobState.EXHAUSTED}, (strategy, (tmp_path / "log").read_text()[-4000:])
        killed += [Killed(strategy, whole, place) for place in places_of(strategy, report["boundaries"])]
    calls_before, reached = len(seeded.calls), 0
    for part in batched(killed, JOBS_AT_ONCE):  # a user may have so many under way, and money for so many
        (tmp_path / "report.jsonl").unlink()
        jobs = [submit_one_of(each.strategy, alice, workspace) for each in part]
        orders = [(job, [each.place]) for job, each in zip(jobs, part, strict=True)]
        for each, job, report in zip(part, jobs, run(tmp_path, orders), strict=True):
            where = (
                f"{each.strategy} killed at {each.place}: {report}\n{(tmp_path / 'log').read_text()[-2000:]}"
            )
            # The page is told of progress by the clock, so an execution may have a commit less than the undisturbed one.
            reached += report["statuses"][0] == CRASHED
            assert report["statuses"][0] in {CRASHED, 0}, where
            assert report["statuses"][1] in {0, NOT_CLAIMED}, where
            assert_ended_as(each.whole, job, where)
    assert len(seeded.calls) - calls_before <= sum(each.whole.calls + 1 for each in killed)
    assert reached >= len(killed) * 2 // 3
    assert violations() == []


class Killed(NamedTuple):
    """A job to be killed at a place, and the one like it that was left alone."""

    strategy: str
    whole: Job
    place: tuple[int, str]


def submit_one_of(strategy: str, alice, workspace) -> Job:
    """Submit what `strategy` says: its name and, after “, for ”, what should come back; else a sum."""
    strategy, _, wanted = strategy.partition(", for ")
    return submit(alice, workspace, strategy, TEXTS[wanted], ResultKind.DATA if wanted == "data" else None)


def places_of(strategy: str, boundaries: int) -> list[tuple[int, str]]:
    """Return where to kill; in the short form always at the last boundary, the end of the job, and some others."""
    places = [(number, moment) for number in range(1, boundaries + 1) for moment in MOMENTS]
    if LONG:
        return places
    return [
        *random.Random(strategy).sample(places[:-3], 5 if strategy == "agent" else SAMPLED),
        random.Random(strategy).choice(places[-3:]),
    ]


def assert_ended_as(whole: Job, job: Job, where: str) -> None:
    """What was killed ended as what was not, was charged for nothing twice, and told its user once."""
    job.refresh_from_db()
    assert (job.state, job.answer) == (whole.state, whole.answer), where
    assert told(job) == told(whole), where
    assert OutboxMessage.objects.filter(job=job).count() == 1, where
    calls = Counter(Call.objects.filter(job_id=job.pk).values_list("state", flat=True))
    assert calls[CallState.SETTLED] == whole.calls, where
    assert calls[CallState.IN_DOUBT] <= 1, where
    assert calls[CallState.HELD] == 0, where


@pytest.fixture
def background(monkeypatch, prices, settings) -> Iterator[ResponsesEndpoint]:
    """A provider that works on calls by itself and answers the first look."""
    server = ResponsesEndpoint()
    server.done.set()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-000000000000")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    settings.PONDER_BACKGROUND_MODELS = ["openai/test"]
    yield server
    server.close()


def test_a_call_whose_reference_is_committed_is_never_submitted_again(alice, workspace, background, tmp_path):
    """Killed around the commit of a reference: before it the call is in doubt, from then on it is collected."""
    text = "What is 6 times 7?"
    whole = submit(alice, workspace, "vote", text)
    [undisturbed] = run(tmp_path, [(whole, [])])
    whole.refresh_from_db()
    assert (whole.state, whole.answer) == (JobState.DONE, "42"), (tmp_path / "log").read_text()[-4000:]
    places = [(number, moment) for number in range(1, undisturbed["boundaries"] + 1) for moment in MOMENTS]
    # The first call's: its hold, its reference, its result.
    places = places if LONG else [place for place in places if place[0] <= 4]
    orders = [(submit(alice, workspace, "vote", text), [place]) for place in places]
    before = len(background.submissions)
    (tmp_path / "report.jsonl").unlink()
    reports, lost = run(tmp_path, orders), 0
    for (job, [place]), report in zip(orders, reports, strict=True):
        where = f"killed at {place}: {report}\n{(tmp_path / 'log').read_text()[-2000:]}"
        job.refresh_from_db()
        assert (job.state, job.answer) == (whole.state, whole.answer), where
        assert told(job) == told(whole), where
        calls = Call.objects.filter(job_id=job.pk)
        settled, doubts = calls.filter(state=CallState.SETTLED), calls.filter(state=CallState.IN_DOUBT)
        assert settled.count() == whole.calls == calls.count() - doubts.count(), where
        assert doubts.count() <= 1, where
        assert not doubts.exclude(provider_ref="").exists(), where
        lost += doubts.count()
    assert lost  # some died between the submission and the commit of its reference
    assert len(background.submissions) - before <= len(orders) * whole.calls + lost
    assert violations() == []


def test_a_refusal_at_half_price_is_replayed_once_whenever_the_worker_dies(
    alice, workspace, endpoint, tmp_path
):
    """Killed around the end of a refused call and the hold of its replay: same answer, each step is settled once."""
    endpoint.behaviour = refusing(lambda number: number % 2 == 1)
    price_with_flex()
    text = "What is 6 times 7?"
    whole = submit_for(
        alice, text, budget_nano=10 * NANO_PER_CENT, strategy="vote", options=MAY_WAIT, wake=False
    )
    [undisturbed] = run(tmp_path, [(whole, [])])
    whole.refresh_from_db()
    assert (whole.state, whole.answer) == (JobState.DONE, "42"), (tmp_path / "log").read_text()[-4000:]
    # The first call's: its hold, its end as refused, the hold of the replay, its result.
    last = undisturbed["boundaries"] if LONG else 4
    places = [(number, moment) for number in range(1, last + 1) for moment in MOMENTS]
    places = places if LONG else places[3:9]
    jobs = [
        submit_for(alice, text, budget_nano=10 * NANO_PER_CENT, strategy="vote", options=MAY_WAIT, wake=False)
        for _ in places
    ]
    (tmp_path / "report.jsonl").unlink()
    for job, report in zip(
        jobs, run(tmp_path, [(job, [place]) for job, place in zip(jobs, places, strict=True)]), strict=True
    ):
        where = f"{report}\n{(tmp_path / 'log').read_text()[-2000:]}"
        job.refresh_from_db()
        assert (job.state, job.answer, told(job)) == (whole.state, whole.answer, told(whole)), where
        calls = Call.objects.filter(job_id=job.pk)
        assert calls.filter(state=CallState.SETTLED).count() == whole.calls, where
        assert calls.filter(state=CallState.IN_DOUBT).count() <= 1, where
        assert not calls.filter(state=CallState.HELD).exists(), where
        assert job.charged_nano <= job.budget_nano, where
    assert violations() == []


def test_a_question_is_asked_and_paid_once_wherever_the_worker_dies(alice, workspace, endpoint, tmp_path):
    """Killed around the reply that asks and around the commit that lets the job wait: one question, one email."""
    unclear = "Question: In which unit?\nSuggestion: Feet"
    endpoint.behaviour = lambda call: Answer(unclear if "Task: question" in call.prompt else "Answer: 42")

    def submit_asking() -> Job:
        budget_nano, options = 10 * NANO_PER_CENT, JobOptions(asks_first=True)
        return submit_for(alice, "How long?", budget_nano=budget_nano, options=options, wake=False)

    [undisturbed] = run(tmp_path, [(submit_asking(), [])])
    places = [(number, moment) for number in range(1, undisturbed["boundaries"] + 1) for moment in MOMENTS]
    places = places if LONG else places[-6:]
    orders = [(submit_asking(), [place]) for place in places]
    (tmp_path / "report.jsonl").unlink()
    for (job, _), report in zip(orders, run(tmp_path, orders), strict=True):
        where = f"{report}\n{(tmp_path / 'log').read_text()[-2000:]}"
        job.refresh_from_db()
        assert (job.state, job.lease_until, len(job.questions)) == (JobState.ASKING, None, 1), where
        assert StepRecord.objects.filter(job=job, kind="question", state="told").count() == 1, where
        assert OutboxMessage.objects.filter(job=job, kind="question").count() == 1, where
        calls = Call.objects.filter(job_id=job.pk)
        assert calls.filter(state=CallState.SETTLED).count() == 1, where
        assert not calls.filter(state=CallState.HELD).exists(), where
    assert violations() == []
