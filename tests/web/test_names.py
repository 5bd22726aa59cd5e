"""What a person calls a job, and the tags by which they sort it."""

import pytest
from django.urls import reverse

from jobs.core.errors import SubmitError
from jobs.core.tags import tags_in
from jobs.models import Job
from jobs.upkeep.delete_texts import delete_texts
from tests.web.jobs.test_new_job import submit

pytestmark = pytest.mark.django_db


def name(person, job, **fields):
    return person.post(reverse("job-name", args=[job.pk]), {"title": "", "tags": ""} | fields)


def test_tags_are_lower_case_and_each_is_once():
    """A leading # and doubled spaces go; too many or too long are refused in words."""
    assert tags_in(" #Maths, maths;  prime   gaps\n,") == ("maths", "prime gaps")
    with pytest.raises(SubmitError, match="9 tags; a job has at most 8"):
        tags_in("a,b,c,d,e,f,g,h,i")
    with pytest.raises(SubmitError, match="has 31 characters; the limit is 30"):
        tags_in("x" * 31)


def test_a_job_is_renamed_and_tagged(alice, done_job):
    """The page, the list and its filter show it; an empty title is that of the problem again."""
    reply = name(alice, done_job, title="  My\nbest  puzzle ", tags="Puzzles, 58")
    assert reply.url == done_job.get_absolute_url()
    page = alice.get(done_job.get_absolute_url()).content.decode()
    assert '<h1 dir="auto">My best puzzle</h1>' in page
    assert 'href="/jobs/?tag=puzzles"' in page
    assert "My best puzzle" in alice.get("/jobs/?tag=puzzles").content.decode()
    assert "No matching jobs" in alice.get("/jobs/?tag=other").content.decode()
    refused = name(alice, done_job, title="x" * 121, tags="a," * 3 + "b" * 31)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "The title has 121 characters; the limit is 120." in text
    assert "has 31 characters" in text
    name(alice, done_job)
    assert Job.objects.get().title == done_job.problem
    assert Job.objects.get().tags == []


def test_only_ones_own_job_is_renamed(alice, bob, charlie, done_job):
    """A colleague may look; a stranger finds nothing; what was deleted gets no new words."""
    name(bob, done_job, title="Bob was here")
    assert name(charlie, done_job, title="Charlie was here").status_code == 404
    delete_texts(job_id=done_job.pk)
    name(alice, done_job, title="Still here", tags="x")
    done_job.refresh_from_db()
    assert (done_job.title, done_job.tags) == ("Texts deleted", [])


def test_a_new_job_is_tagged_on_the_form(alice):
    """The tags go along with a draft, a start and a run again; bad ones are refused beside their field."""
    assert "a job has at most 8" in submit(alice, tags="a,b,c,d,e,f,g,h,i").content.decode()
    submit(alice, tags="Maths, x")
    job = Job.objects.get()
    assert job.tags == ["maths", "x"]
    again = alice.get(f"{reverse('job-new')}?from={job.pk}").content.decode()
    assert 'name="tags" id="id_tags" dir="auto" value="maths, x"' in again
