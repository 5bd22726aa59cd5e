"""Hints of a person to a job that goes on: heard at once, told to every later call, known after a restart."""

import pytest
from django.conf import settings

from jobs.core.states import ENDED, JobState
from jobs.lifecycle import SubmitError, cancel_job, finish_early, pause_job, resume_job
from jobs.lifecycle.hint import add_hint
from jobs.models import Job, StepRecord
from jobs.presenters.hints import shown_hints
from jobs.upkeep.delete_texts import delete_texts
from solver.core.money import NANO_PER_CENT
from solver.core.problem.hints import MAX_HINT_CHARS, MAX_HINTS
from tests.jobs.conftest import undecided
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)
HINT = "The answer is odd."


@pytest.fixture
def job(alice, workspace, endpoint) -> Job:
    endpoint.behaviour = undecided
    # More than it can spend before a slow machine has given its hint.
    return submit_for(alice, "Undecidable?", budget_nano=500 * NANO_PER_CENT, strategy="vote")


def told(job: Job) -> set[str]:
    return set(StepRecord.objects.filter(job=job, state="told").values_list("key", flat=True))


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_a_running_job_hears_a_hint_and_later_calls_carry_it(job, alice, crew, endpoint):
    """The same execution goes on; with the next start nothing is bought twice, and the hint is still known."""
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 4)
    assert add_hint(job=job, text=f"  {HINT}\n", starts_afresh=False, by=alice)
    assert not add_hint(job=job, text=HINT, starts_afresh=False, by=alice)
    crew.wait_for(lambda: "hint/1" in told(job))
    # What is called from here on carries it; calls in progress, which may not have arrived yet, do not.
    known, in_progress = len(endpoint.calls), settings.PONDER_CALLS_PER_JOB
    crew.wait_for(lambda: len(endpoint.calls) > known + in_progress + 2)
    pause_job(job=job)
    crew.wait_for(lambda: state_of(job) == JobState.PAUSED)
    assert sum(HINT not in call.prompt for call in endpoint.calls[known:]) <= in_progress
    assert not any(HINT in call.prompt for call in endpoint.calls[:4])
    paused_at = len(endpoint.calls)
    resume_job(job=job)
    crew.wait_for(lambda: len(endpoint.calls) > paused_at + 2)
    finish_early(job=job)
    crew.wait_for(lambda: state_of(job) in ENDED)
    assert all(HINT in call.prompt for call in endpoint.calls[paused_at:])
    assert job.calls == len(endpoint.calls)
    assert [(hint.text, hint.state) for hint in shown_hints(job)] == [(HINT, "heeded since")]


def test_a_start_afresh_drops_what_was_found_and_stays_within_the_budget(job, alice, crew, endpoint):
    """The answers before it are no dissent of the one after it."""
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 4)
    endpoint.behaviour = lambda call: Answer("Answer: 43") if HINT in call.prompt else undecided(call)
    assert add_hint(job=job, text=HINT, starts_afresh=True, by=alice)
    crew.wait_for(lambda: state_of(job) in ENDED)
    assert job.answer == "43"
    assert job.dissent == []
    assert job.charged_nano <= job.budget_nano
    assert any(key.startswith("hint/1/sample/") for key in told(job))


def test_a_hint_before_the_start_is_in_the_first_prompt(job, alice, run_all, endpoint):
    """A queued job takes hints as a running one does."""
    add_hint(job=job, text=HINT, starts_afresh=False, by=alice)
    endpoint.behaviour = lambda _: Answer("Answer: 43")
    run_all()
    assert all(HINT in call.prompt for call in endpoint.calls)


@pytest.mark.parametrize(
    ("text", "code"),
    [(" \u200b", "empty"), ("x" * (MAX_HINT_CHARS + 1), "too_long"), ("a\x00b", "nul")],
)
def test_a_hint_that_cannot_be_told_is_refused(job, alice, text, code):
    """With what is wrong; nothing changes."""
    with pytest.raises(SubmitError) as caught:
        add_hint(job=job, text=text, starts_afresh=False, by=alice)
    assert caught.value.code == code
    job.refresh_from_db()
    assert job.hints == []


def test_a_hint_for_which_no_model_has_room_is_refused(alice, workspace, endpoint):
    """As a problem is that no model can read; what models have room for is told."""
    endpoint.behaviour = undecided
    job = submit_for(alice, "Undecidable?", strategy="vote")
    job.pinned["panel"] = [{**card, "context_window": 1_000} for card in job.pinned["panel"]]
    job.save(update_fields=["pinned"])
    assert add_hint(job=job, text="x" * 300, starts_afresh=False, by=alice)
    with pytest.raises(SubmitError, match="no room"):
        add_hint(job=job, text="x" * MAX_HINT_CHARS, starts_afresh=False, by=alice)


def test_hints_end_with_their_number_their_job_and_its_texts(job, alice, run_all):
    """Ten fit into a prompt; a job that ends takes none; they are deleted with its texts."""
    for number in range(MAX_HINTS):
        assert add_hint(job=job, text=f"Hint {number}", starts_afresh=False, by=alice)
    with pytest.raises(SubmitError, match="10 hints already"):
        add_hint(job=job, text="One more", starts_afresh=False, by=alice)
    cancel_job(job=job)
    run_all()
    with pytest.raises(SubmitError, match="follow-up"):
        add_hint(job=job, text="Too late", starts_afresh=False, by=alice)
    job.refresh_from_db()
    assert {hint.state for hint in shown_hints(job)} == {"came too late"}
    assert delete_texts(job_id=job.pk)
    job.refresh_from_db()
    assert job.hints == []
