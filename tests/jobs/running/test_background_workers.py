"""Calls that the provider works on by itself, and workers that are replaced and killed meanwhile."""

import pytest

from billing.books.wallet import balances
from jobs.models import Job
from tests.jobs.running.test_background import (
    all_submitted,
    assert_each_submission_was_settled_once,
    endpoint,
    job,
    referenced,
)
from tests.jobs.workers import Worker

__all__ = ["endpoint", "job"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(tmp_path, endpoint, alice):
    started: list[Worker] = []

    def start(**env: str) -> Worker:
        started.append(Worker(tmp_path / f"worker-{len(started)}.log", **env))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def token_of(job: Job) -> int:
    """How often the job was claimed."""
    return Job.objects.values_list("token", flat=True).get(pk=job.pk)


def test_calls_survive_a_deploy_and_a_kill(job, workspace, endpoint, worker):
    """SIGTERM: the second worker takes over at once; kill −9: the third after the lease. Nothing is submitted twice."""
    before = balances(workspace).available_nano
    first = worker(PONDER_LEASE_S="600", PONDER_DRAIN_S="600")
    # Four: so many votes settle it if all agree.
    first.wait_for(lambda: len(endpoint.submissions) >= 4 and all_submitted(job, endpoint))
    submitted = len(endpoint.submissions)
    second = worker()
    assert first.terminate() == 0  # long before the drain is over: there is nothing to wait for
    # The lease of the first had most of ten minutes left.
    second.wait_for(lambda: token_of(job) >= 2)
    assert {call.lease_token for call in referenced(job)} == {token_of(job)}
    looks = sum(work.looks for work in endpoint.submissions)
    second.wait_for(lambda: sum(work.looks for work in endpoint.submissions) > looks)
    second.kill()
    killed = token_of(job)
    third = worker(PONDER_LEASE_S="60")
    third.wait_for(lambda: token_of(job) > killed)
    assert len(referenced(job)) == len(endpoint.submissions) == submitted
    endpoint.done.set()
    third.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    assert_each_submission_was_settled_once(job, workspace, endpoint, before)
