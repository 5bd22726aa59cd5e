"""Raising a budget: while a job runs, and after it ended; the purse grows, the journal goes on, the books agree."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.books.wallet import balances
from billing.models import Account
from jobs.core.states import ENDED, JobState
from jobs.lifecycle import SubmitError, cancel_job, finish_early, pause_job, raise_budget
from jobs.lifecycle.finish import finish
from jobs.models import Job, OutboxMessage, StepRecord
from jobs.worker import lease as leases
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from solver.core.steps import StopReason
from solver.engine.outcome import Outcome
from tests.jobs.conftest import undecided, undecided_until
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(alice, workspace, endpoint) -> Job:
    endpoint.behaviour = undecided
    return submit_for(alice, "Undecidable?", budget_nano=2 * NANO_PER_CENT)


def told(job: Job) -> Counter[str]:
    return Counter(StepRecord.objects.filter(job=job, state="told").values_list("key", flat=True))


def ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.state in ENDED


def test_a_running_job_hears_of_its_raise_without_a_restart(job, crew, workspace, endpoint):
    """The same execution of the job goes on beyond its old budget."""
    is_raised = threading.Event()
    endpoint.behaviour = undecided_until(is_raised, held_from=10)
    before = balances(workspace).available_nano
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 2)
    assert raise_budget(job=job, to_nano=6 * NANO_PER_CENT)
    is_raised.set()
    assert balances(workspace).available_nano == before - 4 * NANO_PER_CENT
    crew.wait_for(lambda: ended(job))
    assert (job.state, job.token, job.version) == (JobState.EXHAUSTED, 1, 1)
    assert 5 * NANO_PER_CENT < job.charged_nano <= job.budget_nano == 6 * NANO_PER_CENT
    assert OutboxMessage.objects.filter(job=job).count() == 1


def test_an_exhausted_job_continues_as_a_new_version(job, run_all, workspace, endpoint):
    """New escrow, receipt and message; the journal is told again and nothing is bought twice."""
    start = balances(workspace).available_nano + job.budget_nano
    run_all()
    assert ended(job)
    first_keys, first_charge = set(told(job)), job.charged_nano
    assert raise_budget(job=job, to_nano=5 * NANO_PER_CENT)
    job.refresh_from_db()
    assert (job.state, job.version, job.finished_at, job.stop_reason) == (JobState.QUEUED, 2, None, "")
    assert balances(workspace).available_nano == start - 5 * NANO_PER_CENT
    run_all()
    assert ended(job)
    keys = told(job)
    assert first_keys < set(keys)
    assert max(keys.values()) == 1
    assert first_charge < job.charged_nano <= 5 * NANO_PER_CENT
    assert job.calls == len(endpoint.calls)
    assert balances(workspace).available_nano == start - job.charged_nano
    assert sorted(OutboxMessage.objects.values_list("version", flat=True)) == [1, 2]
    assert Account.objects.filter(kind="escrow", job_id=job.pk).exclude(closed_at=None).count() == 2


def test_the_same_raise_twice_is_one(job, run_all, workspace):
    """A double click adds nothing, neither to a queued job nor to one that continues."""
    assert raise_budget(job=job, to_nano=3 * NANO_PER_CENT)
    assert not raise_budget(job=job, to_nano=3 * NANO_PER_CENT)
    run_all()
    ended(job)
    assert raise_budget(job=job, to_nano=4 * NANO_PER_CENT)
    held = balances(workspace).held_nano
    assert not raise_budget(job=job, to_nano=4 * NANO_PER_CENT)
    job.refresh_from_db()
    assert (job.version, job.budget_nano) == (2, 4 * NANO_PER_CENT)
    assert balances(workspace).held_nano == held


def test_a_paused_job_can_be_raised_and_stays_paused(job):
    """More money does not wake what its user has stopped."""
    pause_job(job=job)
    assert raise_budget(job=job, to_nano=9 * NANO_PER_CENT)
    job.refresh_from_db()
    assert (job.state, job.budget_nano, job.escrow.balance_nano) == (
        JobState.PAUSED,
        9 * NANO_PER_CENT,
        9 * NANO_PER_CENT,
    )


def test_a_raise_in_the_moment_of_the_end_is_not_lost(job, host, run_all):
    """An execution that ends at the old budget is no end of a job whose budget has grown meanwhile."""
    lease = leases.claim_next("a worker")
    raise_budget(job=job, to_nano=3 * NANO_PER_CENT)
    assert finish(lease, Outcome(StopReason.BUDGET_REACHED, None, limit_nano=2 * NANO_PER_CENT))
    job.refresh_from_db()
    assert (job.state, job.version, job.lease_until) == (JobState.QUEUED, 1, None)
    run_all()
    assert ended(job)
    assert 2 * NANO_PER_CENT < job.charged_nano <= 3 * NANO_PER_CENT


def test_a_job_finished_by_its_user_can_be_continued(job, crew, endpoint):
    """Finish now is no last word: the same money, or more, carries the job on."""
    is_finished = threading.Event()
    endpoint.behaviour = undecided_until(is_finished, held_from=10)
    crew.start()
    crew.wait_for(lambda: len(told(job)) > 4)
    assert finish_early(job=job)
    is_finished.set()
    crew.wait_for(lambda: ended(job))
    assert raise_budget(job=job, to_nano=job.budget_nano)
    crew.wait_for(lambda: ended(job))
    assert (job.version, job.state) == (2, JobState.EXHAUSTED)


def test_a_deadline_that_stopped_a_job_does_not_stop_it_again(job, run_all):
    """Continuing drops a deadline that has passed."""
    Job.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    run_all()
    assert ended(job)
    assert job.stop_reason == "time_limit"
    raise_budget(job=job, to_nano=3 * NANO_PER_CENT)
    run_all()
    assert ended(job)
    assert (job.state, job.deadline_at) == (JobState.EXHAUSTED, None)


def test_a_cancelled_job_cannot_be_raised(job, run_all, workspace):
    """The refusal says what to do, and takes no money."""
    cancel_job(job=job)
    with pytest.raises(SubmitError, match="being ended"):
        raise_budget(job=job, to_nano=NANO_PER_USD)
    run_all()
    before = balances(workspace)
    with pytest.raises(SubmitError, match="Run it again"):
        raise_budget(job=job, to_nano=NANO_PER_USD)
    assert balances(workspace) == before


@pytest.mark.parametrize(
    ("cents", "words"),
    [(1, "already"), (200 * 100, "add money"), (10_000 * 100, "between"), (0, "between")],
)
def test_a_raise_that_cannot_be_is_refused_in_words(job, run_all, workspace, cents, words):
    """Less than before, more than the wallet, more than allowed: nothing changes."""
    run_all()
    before = balances(workspace)
    with pytest.raises(SubmitError) as refusal:
        raise_budget(job=job, to_nano=cents * NANO_PER_CENT)
    assert words in refusal.value.message.lower()
    assert balances(workspace) == before
    job.refresh_from_db()
    assert (job.state, job.version, job.budget_nano) == (JobState.EXHAUSTED, 1, 2 * NANO_PER_CENT)
