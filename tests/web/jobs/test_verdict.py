"""“Was it right?” on the page, in exports and in the list."""

import json

import pytest
from django.urls import reverse

from jobs.models import Job
from tests.support.people import SOLVED, make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def solved(alice):
    return make_job(alice.user, attempts=3, **SOLVED)


def judge(person, job, verdict):
    return person.post(reverse("job-verdict", args=[job.pk]), {"verdict": verdict})


def test_an_answer_is_judged_where_it_is_read(alice, solved):
    """The page shows what was said, exports and the list name it, and pressing it again takes it back."""
    page = alice.get(solved.get_absolute_url()).content.decode()
    assert "Was it right?" in page
    assert 'aria-pressed="true"' not in page
    assert judge(alice, solved, "wrong").url.endswith("#verdict")
    page = alice.get(solved.get_absolute_url()).content.decode()
    assert 'value="" aria-pressed="true">Wrong<' in page
    exported = alice.get(reverse("job-export-json", args=[solved.pk]))
    assert json.loads(b"".join(exported.streaming_content))["user_verdict"] == "wrong"
    assert (
        "**Judged by its user:** Wrong"
        in alice.get(reverse("job-export-md", args=[solved.pk])).content.decode()
    )
    assert "Judged wrong" in alice.get("/jobs/?state=wrong").content.decode()
    judge(alice, solved, "")
    assert Job.objects.get().user_verdict == ""


def test_only_an_answer_of_ones_own_is_judged(alice, bob, charlie, solved, running_job):
    """A colleague reads what was said; a stranger finds nothing; what has no answer is not judged."""
    judge(alice, running_job, "right")
    judge(bob, solved, "right")
    judge(alice, solved, "perfect")
    assert judge(charlie, solved, "right").status_code == 404
    assert not Job.objects.exclude(user_verdict="").exists()
    judge(alice, solved, "right")
    page = bob.get(solved.get_absolute_url()).content.decode()
    assert "<p>Right</p>" in page
    assert reverse("job-verdict", args=[solved.pk]) not in page
