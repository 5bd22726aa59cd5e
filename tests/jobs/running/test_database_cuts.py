"""The database's connections are cut in mid-job; the calls go on, and every one of them is booked once."""

import time
from dataclasses import replace

import pytest
from django.db import connection

from billing.models import Call, CallState
from jobs.core.states import JobState
from jobs.models import Job, OutboxMessage
from solver.core.money import NANO_PER_CENT
from tests.jobs.conftest import undecided
from tests.jobs.workers import Worker
from tests.support.line import Line
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def line():
    parameters = connection.get_connection_params()
    made = Line(f"{parameters['host']}/.s.PGSQL.{parameters.get('port') or 5432}")
    yield made
    made.close()


def settled(job: Job) -> int:
    return Call.objects.filter(job_id=job.pk, state=CallState.SETTLED).count()


def test_cut_database_connections_lose_nothing(alice, workspace, endpoint, line, tmp_path):
    """Backends terminated twice, then the network cut for a second: no call is lost, doubted or bought again."""
    # However slow this process is, the job waits for it.
    allowed = 0
    endpoint.behaviour = lambda call: replace(undecided(call), may_end=lambda: call.number < allowed)
    job = submit_for(alice, "Undecidable?", budget_nano=10 * NANO_PER_CENT)
    parameters = connection.get_connection_params()
    url = (
        f"postgresql://{parameters['user']}@127.0.0.1:{line.port}/{parameters['dbname']}"
        "?sslmode=disable&application_name=victim"
    )
    worker = Worker(tmp_path / "worker.log", DATABASE_URL=url, PONDER_LEASE_S="60")
    try:
        terminated = 0
        for allowed in (10, 25):
            worker.wait_for(lambda most=allowed: settled(job) == most)
            terminated += terminate("victim")
        allowed = 40
        worker.wait_for(lambda: settled(job) == 40)
        line.cut()
        allowed = 1_000_000
        time.sleep(1)
        line.mend()
        worker.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    finally:
        worker.kill()
    job.refresh_from_db()
    assert terminated >= 4
    assert line.cuts >= 2
    assert (job.state, job.token) == (JobState.EXHAUSTED, 1)  # nobody had to take over
    assert {call.state for call in Call.objects.filter(job_id=job.pk)} == {CallState.SETTLED}
    assert len(endpoint.calls) == job.calls
    assert OutboxMessage.objects.filter(job=job, kind="ended").count() == 1


def terminate(application: str) -> int:
    """Terminate every backend of an application; return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            [application],
        )
        return len(cursor.fetchall())
