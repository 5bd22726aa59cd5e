"""A job that needs its person: it asks, waits without a lease or a call, is mailed, and goes on with the answer."""

import os
import signal
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs.core.options import JobOptions
from jobs.core.states import ENDED, JobState, Wanted
from jobs.lifecycle import SubmitError, cancel_job, finish_early, pause_job, raise_budget
from jobs.lifecycle.questions import MAX_ANSWER_CHARS, answer_question, end_late_questions
from jobs.mail.send import send_due
from jobs.management.terminal import solve, summary
from jobs.models import Job, OutboxMessage, StepRecord
from jobs.models.question import waited_for_answers
from jobs.presenters.questions import shown_questions
from jobs.upkeep.delete_texts import delete_texts
from jobs.upkeep.sweep import hurry_late_jobs, sweep
from solver.core.money import NANO_PER_CENT
from tests.support.endpoint import Answer
from tests.support.people import request_for, submit_for

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = "In which unit?"


def unclear(call):
    """Find the problem unclear, and answer it all the same."""
    if "Task: question" in call.prompt:
        return Answer(f"Question: {QUESTION}\nSuggestion: Metres\nSuggestion: Feet")
    return Answer("Answer: 43")


@pytest.fixture
def asking(alice, run_all, endpoint) -> Job:
    """A job that has found something unclear."""
    endpoint.behaviour = unclear
    job = submit_for(
        alice,
        "How long?",
        strategy="vote",
        options=JobOptions(asks_first=True),
        budget_nano=5 * NANO_PER_CENT,
    )
    run_all()
    job.refresh_from_db()
    return job


def test_an_unclear_problem_is_asked_about_and_the_answer_is_told_to_every_call(
    asking, alice, run_all, endpoint
):
    """Waiting holds no lease and no call, takes no pause, and is mailed; the time waited is not the job's own."""
    assert (asking.state, asking.lease_until, asking.owner) == (JobState.ASKING, None, "")
    assert len(endpoint.calls) == 1
    asking.escrow.refresh_from_db()
    assert asking.escrow.held_nano == 0
    send_due()
    [message] = [each for each in mail.outbox if each.subject.startswith("Needs you")]
    assert QUESTION in message.body
    assert "- Feet" in message.body
    assert f"/jobs/{asking.pk}/#question" in message.body
    assert not pause_job(job=asking)
    deadline = timezone.now() - timedelta(minutes=1)
    Job.objects.filter(pk=asking.pk).update(deadline_at=deadline)
    assert hurry_late_jobs() == end_late_questions() == 0
    run_all()
    assert raise_budget(job=asking, to_nano=6 * NANO_PER_CENT, by=alice)
    with pytest.raises(SubmitError):
        answer_question(job=asking, number=1, answer="x" * (MAX_ANSWER_CHARS + 1), by=alice)
    assert not answer_question(job=asking, number=2, answer="Feet", by=alice)
    assert answer_question(job=asking, number=1, answer=" Feet ", by=alice)
    assert not answer_question(job=asking, number=1, answer="Metres", by=alice)
    asking.refresh_from_db()
    assert asking.deadline_at > deadline
    assert asking.deadline_at - deadline == waited_for_answers(asking)
    Job.objects.filter(pk=asking.pk).update(deadline_at=None)
    run_all()
    asking.refresh_from_db()
    assert (asking.state, asking.answer) == (JobState.DONE, "43")
    assert all(f"Question: {QUESTION}\nAnswer: Feet" in call.prompt for call in endpoint.calls[1:])
    assert StepRecord.objects.filter(job=asking, kind="question").count() == 1
    assert asking.calls == len(endpoint.calls)
    assert [(each.outcome, each.answer) for each in shown_questions(asking)] == [("Answered:", "Feet")]
    assert delete_texts(job_id=asking.pk)
    asking.refresh_from_db()
    assert asking.questions == []


def test_without_an_answer_in_time_the_job_goes_on(asking, run_all, endpoint):
    """The sweep sees to it; a message that has not left says nothing any more."""
    OutboxMessage.objects.filter(kind="question").update(next_at=timezone.now() + timedelta(days=1))
    Job.objects.filter(pk=asking.pk).update(next_at=timezone.now())
    sweep()
    run_all()
    asking.refresh_from_db()
    assert (asking.state, asking.answer) == (JobState.DONE, "43")
    assert "No answer came in time" in shown_questions(asking)[0].outcome
    assert not any(QUESTION in call.prompt for call in endpoint.calls)
    OutboxMessage.objects.filter(kind="question").update(next_at=timezone.now())
    send_due()
    assert not any(each.subject.startswith("Needs you") for each in mail.outbox)


@pytest.mark.parametrize(
    ("verb", "state"), [(cancel_job, JobState.CANCELLED), (finish_early, JobState.UNANSWERED)]
)
def test_a_job_with_a_question_can_be_ended(asking, run_all, endpoint, verb, state):
    """Nothing more is called, and what is unspent returns."""
    assert verb(job=asking)
    run_all()
    asking.refresh_from_db()
    assert asking.state == state
    assert len(endpoint.calls) == asking.calls == 1


def test_the_terminal_shows_and_answers_a_question(asking, capsys, run_all):
    """Without an answer it says what is asked and how to answer."""
    call_command("answer", str(asking.pk))
    assert f"manage.py answer {asking.pk}" in capsys.readouterr().out
    call_command("answer", str(asking.pk), without=True)
    run_all()
    asking.refresh_from_db()
    assert asking.state in ENDED
    with pytest.raises(CommandError, match="no open question"):
        call_command("answer", str(asking.pk), "Feet")


def test_solve_shows_its_question_and_goes_on_once_it_is_answered(alice, endpoint):
    """It says how to answer, and waits."""
    endpoint.behaviour = unclear
    said: list[str] = []

    def report(line: str) -> None:
        said.append(line)
        if line.startswith(f"Question: {QUESTION}\n  - Metres"):
            answer_question(job=Job.objects.get(), number=1, answer="Feet", by=alice)

    options = JobOptions(asks_first=True)
    job = solve(request_for(alice, "How long?", strategy="vote", options=options), report)
    assert (job.state, job.answer) == (JobState.DONE, "43")
    assert any(f"manage.py answer {job.pk}" in line for line in said)
    assert summary(job, 1.0)["questions"] == [{"text": QUESTION, "answer": "Feet", "outcome": "Answered:"}]


def test_ctrl_c_ends_a_job_that_waits_for_an_answer(alice, endpoint):
    """As it ends one that runs, with what it has."""
    endpoint.behaviour = unclear

    def report(line: str) -> None:
        if line.startswith("Question:"):
            os.kill(os.getpid(), signal.SIGINT)

    job = solve(request_for(alice, "How long?", strategy="vote", options=JobOptions(asks_first=True)), report)
    assert (job.state, job.calls) == (JobState.UNANSWERED, 1)


@pytest.mark.parametrize(
    ("answer", "state", "wanted"),
    [
        ("yes", JobState.ASKING, Wanted.RUN),
        ("all", JobState.DONE, Wanted.RUN),
        ("no", JobState.DONE, Wanted.FINISH),
    ],
)
def test_a_step_above_the_price_waits_for_permission(alice, run_all, endpoint, answer, state, wanted):
    """Yes counts for that step, all for every later one, no ends the job with the best so far."""
    endpoint.behaviour = lambda _: Answer("Answer: 43")
    options = JobOptions(ask_above_nano=1)
    job = submit_for(alice, "How long?", strategy="vote", options=options, budget_nano=5 * NANO_PER_CENT)
    for number, said in enumerate(["yes", answer], start=1):
        run_all()
        job.refresh_from_db()
        assert job.state == JobState.ASKING
        assert len(endpoint.calls) == number - 1
        assert "The next step may cost up to $" in shown_questions(job)[-1].text
        with pytest.raises(SubmitError):
            answer_question(job=job, number=number, answer="perhaps", by=alice)
        assert answer_question(job=job, number=number, answer=said, by=alice)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.wanted) == (state, wanted)
    assert (job.answer == "43") == (state == JobState.DONE)


def test_without_permission_in_time_a_job_ends_with_what_it_has(alice, run_all, endpoint):
    """The cheaper way: nothing was allowed, so nothing is called."""
    options = JobOptions(ask_above_nano=1, answer_within_s=60)
    job = submit_for(alice, "How long?", strategy="vote", options=options, budget_nano=5 * NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert timezone.now() < job.next_at < timezone.now() + timedelta(minutes=2)
    Job.objects.filter(pk=job.pk).update(next_at=timezone.now())
    assert end_late_questions() == 1
    run_all()
    job.refresh_from_db()
    assert (job.state, len(endpoint.calls)) == (JobState.UNANSWERED, 0)
    assert job.stop_reason_words == "Stopped before a step above the price that you set."
    assert job.may_continue
    assert "ended with the best it had" in shown_questions(job)[0].outcome
