"""Jobs that another release began: they decide as they began, or end with what they have and say so."""

import pytest

from billing.books.wallet import balances
from jobs.core.lease import Lease
from jobs.core.options import JobOptions
from jobs.core.states import JobState, stop_reason_words
from jobs.lifecycle import SubmitError, pause_job, raise_budget, resume_job
from jobs.models import Job, StepRecord
from jobs.views.job_form.form_fields import fields_of_options
from jobs.worker.execution import strategy_of
from jobs.worker.load import load_job
from solver.core.money import NANO_PER_CENT
from solver.inference import parameters
from tests.jobs.conftest import undecided
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

SHOWN = {"answer": "41", "text": "Answer: 41", "confidence": 0.4, "dissent": [{"answer": "43", "votes": 1}]}


def submitted(alice, *, cents: int = 5, **options) -> Job:
    return submit_for(alice, "What is 6 times 7?", budget_nano=cents * NANO_PER_CENT, **options)


def decided(job: Job) -> tuple[float, str]:
    """How sure a job is of which answer, its journal told anew."""
    snapshot = load_job(Lease(job.pk, job.token, job.escrow_id, job.workspace_id))
    strategy = strategy_of(snapshot)
    for result in snapshot.told:
        strategy.tell(result)
    best = strategy.best()
    return best.confidence, best.explanation


def test_a_job_decides_by_the_parameters_it_began_with(alice, workspace, endpoint, crew, monkeypatch):
    """A deploy that ships other evidence parameters changes nothing of a job under way, and all of the next one."""
    endpoint.behaviour = lambda call: Answer("Answer: 42") if call.number < 3 else undecided(call)
    # More than it can spend before a slow machine has paused it.
    job = submitted(alice, cents=500, options=JobOptions(confidence_target=0.999999))
    crew.start()
    crew.wait_for(lambda: StepRecord.objects.filter(job=job, status="ok").count() >= 5)
    assert pause_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.PAUSED)
    job.refresh_from_db()
    before = decided(job)
    other = {**parameters.shipped_parameters(), "open_answers": 2, "shared": 0.9}
    monkeypatch.setattr(parameters, "shipped_parameters", lambda: other)
    assert decided(job) == before
    Job.objects.filter(pk=job.pk).update(pinned={**job.pinned, "parameters": other})
    assert decided(job)[0] != before[0]


def test_a_job_that_pinned_no_parameters_keeps_those_it_is_continued_with(alice, workspace, endpoint):
    """A job of an older release pins them when it is next taken."""
    job = submitted(alice)
    assert job.pinned.pop("parameters") == parameters.shipped_parameters()
    job.save()
    load_job(Lease(job.pk, job.token, job.escrow_id, job.workspace_id))
    assert Job.objects.get(pk=job.pk).pinned["parameters"] == parameters.shipped_parameters()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"checker": {"kind": "hunch", "points": 3}}, "its checker, “hunch”"),
        ({"checker": {"kind": "number"}}, "its checker, “number”"),
        ({"strategy": "hindsight"}, "its strategy, “hindsight”"),
        (
            {"options": {"confidence_target": {"at_least": 0.9}, "novel": 1}},
            "the options that it was started with",
        ),
        ({"pinned": {"panel": [{"name": "openai/test"}]}}, "the prices and models that it began with"),
    ],
    ids=["checker", "lacking checker", "strategy", "options", "panel"],
)
def test_what_this_release_does_not_know_ends_a_job_with_its_best_answer(
    alice, workspace, endpoint, run_all, changed, words
):
    """It ends at once, keeps the answer that its page showed, returns the money, and says why."""
    before = balances(workspace).available_nano
    job = submitted(alice)
    Job.objects.filter(pk=job.pk).update(best=SHOWN, **changed)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.stop_reason, job.answer) == (JobState.DONE, "fault", "41")
    assert job.dissent == SHOWN["dissent"]
    assert words in job.error
    assert balances(workspace).available_nano == before
    assert not job.may_continue
    assert fields_of_options(job)["confidence_target"] == ""
    with pytest.raises(SubmitError):
        raise_budget(job=job, to_nano=10 * NANO_PER_CENT)


def test_an_unknown_step_ends_a_job_that_has_no_answer_as_failed(alice, workspace, endpoint, crew):
    """A journal with a kind of step that this release does not know is not read over and over."""
    endpoint.behaviour = undecided
    # More than it can spend before a slow machine has paused it.
    job = submitted(alice, cents=500)
    crew.start()
    crew.wait_for(lambda: StepRecord.objects.filter(job=job, status="ok").exists())
    assert pause_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.PAUSED)
    StepRecord.objects.filter(job=job, key="plan").update(kind="debate")
    Job.objects.filter(pk=job.pk).update(best={})
    assert resume_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    job.refresh_from_db()
    assert (job.state, job.stop_reason) == (JobState.FAILED, "fault")
    assert "a step of its journal" in job.error


def test_an_unknown_option_is_no_hindrance(alice, workspace, endpoint, run_all):
    """Options of another release that this one does not read are left alone."""
    job = submitted(alice)
    Job.objects.filter(pk=job.pk).update(options={"novel": {"depth": 3}})
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42")


def test_an_unknown_stop_reason_has_words():
    """A job that a newer release ended says at least that it ended; one that runs says nothing."""
    assert stop_reason_words("agreed", budget_nano=1, confidence=None) == "Ended."
    assert stop_reason_words("", budget_nano=1, confidence=None) == ""
