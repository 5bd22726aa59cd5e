"""One table of legal transitions: in the code, in the database, in the docs."""

from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from jobs.core.states import ENDED, TRANSITIONS, JobState, diagram
from jobs.models import Job
from tests.support import people

pytestmark = pytest.mark.django_db


def test_the_database_has_the_table_of_the_code():
    """A change of the table without its migration fails here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT old, new FROM jobs_transition")
        stored = set(cursor.fetchall())
    assert stored == {(old.value, new.value) for old, news in TRANSITIONS.items() for new in news}


@pytest.mark.breaks_the_books
def test_the_database_refuses_every_transition_that_is_not_in_the_table():
    """From each state to each other one: legal changes pass, illegal ones raise, whoever writes them."""
    job = people.make_job(people.make_user("ada@example.org"), JobState.QUEUED)
    for old in JobState:
        for new in JobState:
            if old == new:
                continue
            legal = new in TRANSITIONS[old]
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers
                    Job.objects.filter(pk=job.pk).update(state=old, version=1)
                    cursor.execute("SET LOCAL session_replication_role = origin")
                refused = None
                try:
                    with transaction.atomic():
                        Job.objects.filter(pk=job.pk).update(state=new, version=1 + (old in ENDED))
                except IntegrityError as error:
                    refused = str(error)
            assert (refused is None) == legal, (old, new)
            assert legal or f"cannot go from {old} to {new}" in str(refused)


@pytest.mark.parametrize(("state", "version"), [("exhausted", 1), ("running", 2), ("exhausted", 3)])
def test_a_version_grows_by_one_exactly_when_an_ended_job_is_continued(state, version):
    """A receipt is final; no version is skipped and none is made without a reason."""
    job = people.make_job(people.make_user("ada@example.org"), state)
    new = JobState.QUEUED if state == "exhausted" else JobState.RUNNING
    with pytest.raises(IntegrityError, match="version grows by one"), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state=new, version=version)


def test_the_docs_draw_the_table():
    """docs/states.md is the table; print `jobs.core.states.diagram()` to draw it anew."""
    page = Path(__file__).parents[3] / "docs" / "states.md"
    assert diagram() in page.read_text()


def test_every_state_but_the_ends_leads_on():
    """No job can be stuck for good in a state that is no end."""
    reached = set(ENDED)
    while True:
        more = {old for old, news in TRANSITIONS.items() if set(news) & reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(JobState)
