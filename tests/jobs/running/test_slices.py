"""Fairness: whoever has many jobs does not keep out whoever has one."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing.books.wallet import grant
from jobs.core.states import JobState
from jobs.models import Job, StepRecord
from jobs.worker import lease as leases
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from tests.jobs.conftest import undecided
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

SLOTS = 2
SLICE_S = 2


@pytest.fixture
def bob(prices) -> User:
    user = User.objects.create_user("bob@example.org")
    grant(workspace=ensure_personal_workspace(user), amount_nano=10 * NANO_PER_USD, by=user, reason="test")
    return user


def submit(user: User, budget_cents: int = 500) -> Job:
    return submit_for(user, "Undecidable?", budget_nano=budget_cents * NANO_PER_CENT, strategy="vote")


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_one_users_many_jobs_do_not_keep_out_anothers_one(alice, bob, crew, endpoint, settings):
    """Every slot is taken by Alice's long jobs, and many more wait; Bob's one is the next to start."""
    settings.PONDER_JOBS_PER_WORKER, settings.PONDER_SLICE_S = SLOTS, SLICE_S
    endpoint.behaviour = lambda call: undecided(call, delay_s=0.2)
    hers = [submit(alice) for _ in range(12)]
    crew.start(SLOTS)
    crew.wait_for(lambda: Job.objects.filter(state=JobState.RUNNING).count() == SLOTS)
    crew.wait_for(lambda: StepRecord.objects.filter(job=hers[0], state="told").count() > 5)
    his = submit(bob, 1)
    there_at = timezone.now()
    crew.wait_for(lambda: state_of(his) == JobState.EXHAUSTED)
    # Of slots that fall free together one goes to whoever waits longest, the next to him.
    before_his = Job.objects.filter(created_by=alice, started_at__gt=there_at, started_at__lt=his.started_at)
    assert before_his.count() < SLOTS
    # The job that gave way waits behind Alice's others, with its work and nothing in doubt.
    gave_way = Job.objects.filter(created_by=alice, token__gt=0, state=JobState.QUEUED).first()
    assert gave_way is not None
    assert gave_way.queued_at > hers[-1].queued_at
    assert not StepRecord.objects.filter(job=gave_way).exclude(state="told").exists()
    assert gave_way.escrow.held_nano == 0


def test_nobody_gives_way_where_nobody_waits(alice, crew, endpoint, settings):
    """A long job keeps its slot for as long as no one else wants it."""
    settings.PONDER_JOBS_PER_WORKER, settings.PONDER_SLICE_S = 1, 1
    endpoint.behaviour = lambda call: undecided(call, delay_s=0.5)
    job = submit(alice, 500)
    crew.start()
    crew.wait_for(lambda: state_of(job) == JobState.RUNNING)
    time.sleep(8)
    assert (state_of(job), job.token) == (JobState.RUNNING, 1)


def test_the_user_with_fewer_running_jobs_comes_first(alice, bob):
    """Among those that wait, the user with the fewest running jobs is served, then the one who waits longest."""
    first, second = submit(alice, 1), submit(alice, 1)
    his = submit(bob, 1)
    order = [leases.claim_next("a worker").job_id for _ in range(3)]
    assert order == [first.pk, his.pk, second.pk]


def test_claims_at_the_same_moment_count_each_other(alice, bob):
    """Two slots fall free at once while Alice's jobs wait longest: one takes her first, the other Bob's."""
    first, _ = submit(alice, 1), submit(alice, 1)
    his = submit(bob, 1)
    claimed: list[leases.Lease | None] = []

    def claim() -> None:
        try:
            claimed.append(leases.claim_next("another worker"))
        finally:
            connection.close()

    other = threading.Thread(target=claim)
    with transaction.atomic():
        mine = leases.claim_next("a worker")
        other.start()
        other.join(0.5)  # it claims before this claim is committed, if it can
    other.join(300)
    assert [lease and lease.job_id for lease in (mine, *claimed)] == [first.pk, his.pk]


def test_a_worker_claims_one_job_at_a_time(alice, crew, monkeypatch):
    """Its claims never queue in the database: a host cut off there would hold up all others once for each."""
    claiming: list[str] = []
    at_once: list[int] = []

    def claim(owner: str) -> None:
        claiming.append(owner)
        time.sleep(0.02)  # so that others come in, if they can
        at_once.append(len(claiming))
        claiming.pop()

    monkeypatch.setattr(leases, "claim_next", claim)
    crew.start(4)
    crew.wait_for(lambda: len(at_once) > 10)
    crew.stop()
    assert max(at_once) == 1
