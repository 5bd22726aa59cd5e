"""After three executions in a row that died without a result, the last reply is suspected, if it may be the cause."""

import pytest

from jobs.core.lease import Lease
from jobs.core.states import JobState
from jobs.lifecycle import pause_job
from jobs.models import Job, StepRecord
from jobs.worker.load import load_job
from solver.core.money import NANO_PER_CENT
from tests.jobs.conftest import undecided
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


def failed_after_claim(job: Job, token: int) -> int:
    """How many replies are told as failed once the job was claimed for the third time, under this token."""
    Job.objects.filter(pk=job.pk).update(token=token, idle_claims=3)
    told = load_job(Lease(job.pk, token, job.escrow_id, job.workspace_id)).told
    return sum(result.status == "failed" for result in told)


def test_a_reply_that_executions_bore_is_not_suspected(alice, endpoint, crew):
    """Where one of the dead executions had asked for a call, every reply stands; where none had, the last one goes."""
    endpoint.behaviour = undecided
    job = submit_for(alice, "What is 6 times 7?", budget_nano=500 * NANO_PER_CENT)
    crew.start()
    crew.wait_for(lambda: StepRecord.objects.filter(job=job, status="ok").count() >= 3)
    assert pause_job(job=job)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.PAUSED)
    job.refresh_from_db()
    assert failed_after_claim(job, job.token + 1) == 0
    assert failed_after_claim(job, job.token + 3) == 1
