"""One job from submission to mail, through real litellm, HTTP and Postgres."""

from datetime import timedelta

import pytest

from billing.books.wallet import balances
from billing.models import Call, CallState
from jobs.core.states import JobState
from jobs.lifecycle.finish import finish
from jobs.models import Job, OutboxMessage, StepRecord
from jobs.worker import lease as leases
from solver.checkers.arithmetic import Arithmetic
from solver.core.money import NANO_PER_CENT
from solver.core.steps import Candidate, Status, StopReason
from solver.engine.outcome import Outcome
from solver.inference.evidence import Evidence
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_is_answered_charged_and_told_once(alice, workspace, endpoint, run_all):
    """Agreeing tries end a job; its charge is what its calls cost; the rest returns; one message waits.

    Tokens of every class that the replies name are kept with the calls.
    """
    told = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    classes = {"prompt_tokens_details": {"audio_tokens": 4, "image_tokens": 3}}
    endpoint.behaviour = lambda _: Answer(usage=told | classes)
    before = balances(workspace).available_nano
    job = submit_for(alice, "What is 6 times 7?", budget_nano=5 * NANO_PER_CENT)
    assert balances(workspace).available_nano == before - 5 * NANO_PER_CENT
    run_all()
    job.refresh_from_db()
    assert (job.state, job.stop_reason, job.answer) == (JobState.DONE, "confident", "42")
    assert job.calls == len(endpoint.calls) >= 4
    assert {style for *_, style in job.outline["dots"]} == {"agrees"}
    calls = Call.objects.filter(job_id=job.pk)
    assert {call.state for call in calls} == {CallState.SETTLED}
    assert {(call.audio_tokens, call.image_tokens) for call in calls} == {(4, 3)}
    assert job.charged_nano == sum(call.billed_nano for call in calls) == job.calls * (20 * 1000 + 10 * 2000)
    assert balances(workspace).available_nano == before - job.charged_nano
    assert OutboxMessage.objects.filter(job=job).count() == 1


@pytest.mark.parametrize(
    ("confidence", "reason"), [(0.3, "no_progress"), (0.7, "confident"), (None, "confident")]
)
def test_a_clear_lead_is_called_confident_only_where_it_is(alice, host, confidence, reason):
    """Programs read the reason, and may not be told another thing than the page and the email."""
    job = submit_for(alice, "What is 6 times 7?", budget_nano=NANO_PER_CENT)
    best = Candidate("42", "42", "num:42", "sample/0", confidence, "Eleven of twelve tries agree.")
    assert finish(leases.claim_next("a worker"), Outcome(StopReason.CONFIDENT, best))
    job.refresh_from_db()
    assert (job.state, job.stop_reason) == (JobState.DONE, reason)


def test_a_small_budget_is_never_exceeded(alice, workspace, endpoint, run_all):
    """Where tries never agree, a job ends at its budget, not above it."""
    endpoint.behaviour = lambda call: Answer(
        f"Answer: {call.number}", usage={"prompt_tokens": 250, "completion_tokens": 390, "total_tokens": 640}
    )
    job = submit_for(alice, "Unanswerable?", budget_nano=NANO_PER_CENT, strategy="vote")
    run_all()
    job.refresh_from_db()
    assert job.state == JobState.EXHAUSTED
    assert 0 < job.charged_nano <= job.budget_nano
    assert job.answer
    assert StepRecord.objects.filter(job=job, state="told").count() == job.calls + 1  # and the plan


def test_a_proven_answer_ends_the_job(alice, workspace, endpoint, run_all):
    """A passing exact checker ends a job at once."""
    endpoint.behaviour = lambda call: Answer(
        "Answer: 25 + 12 + 3 * 7" if call.number == 5 else "Answer: 3 + 7 + 12 + 25"
    )
    job = submit_for(
        alice,
        "Use 3, 7, 12, 25 to make 58.",
        budget_nano=50 * NANO_PER_CENT,
        checker=Arithmetic((3, 7, 12, 25), 58),
    )
    run_all()
    job.refresh_from_db()
    assert (job.state, job.stop_reason, job.answer) == (JobState.DONE, "solved", "25 + 12 + 3 * 7")
    assert job.calls < 40  # of the 12,500 that the budget would pay
    assert Job.objects.count() == 1


def test_a_reply_whose_telling_kills_executions_is_left_out(alice, workspace, endpoint, run_all, monkeypatch):
    """What a strategy cannot bear is replayed to it by no more than a few executions; then the job goes on without."""
    endpoint.behaviour = lambda call: Answer("Answer: 666" if call.number == 1 else "Answer: 42")
    tell, killed = Evidence.tell, []

    def frail(evidence, result):
        if "666" in result.text and result.status is Status.OK:
            killed.append(result.key)
            raise RuntimeError("told something terrible")
        return tell(evidence, result)

    monkeypatch.setattr(Evidence, "tell", frail)
    monkeypatch.setattr("jobs.worker.outcomes.AFTER_FAULT", timedelta(0))
    job = submit_for(alice, "What is 6 times 7?", budget_nano=5 * NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42")
    assert 2 <= len(killed) <= 3
    left_out = StepRecord.objects.get(job=job, status="failed")
    assert left_out.key.endswith(killed[0])
    assert left_out.state == "told"
    assert job.charged_nano == sum(call.billed_nano for call in Call.objects.filter(job_id=job.pk))
