"""One action on several jobs of the list."""

import pytest
from django.urls import reverse

from jobs.models import Job
from tests.support.people import make_job

pytestmark = pytest.mark.django_db
BULK = "/jobs/bulk/"


def asked(person, action, *jobs):
    return person.get(BULK, {"action": action, "job": [job.pk for job in jobs]}).content.decode()


def done(person, action, *jobs, **fields):
    return person.post(
        BULK, {"action": action, "job": [job.pk for job in jobs], **fields}, follow=True
    ).content.decode()


def test_several_jobs_are_ended_after_a_word_on_money(alice, running_job, done_job):
    """The page says how many, what is spent and what returns; what has ended is named and left alone."""
    paused = make_job(alice.user, "paused", spent_cents=1, budget_cents=10, title="A paused one")
    for action, label, wanted in (
        ("finish", "Finish 2 jobs now?", "finish"),
        ("cancel", "Cancel 2 jobs?", "cancel"),
    ):
        text = asked(alice, action, running_job, paused, done_job)
        assert label in text
        assert '$3.13</span> of <span class="num">$5.10</span> is spent' in text
        assert 'up to <span class="num">$1.97</span>' in text
        assert "Left as it is" in text
        assert "2 jobs are being" in done(alice, action, running_job, paused, done_job)
        assert set(
            Job.objects.filter(pk__in=[running_job.pk, paused.pk]).values_list("wanted", flat=True)
        ) == {wanted}
    done_job.refresh_from_db()
    assert done_job.state == "done"


def test_texts_of_several_jobs_are_deleted(alice, bob, done_job, running_job):
    """Drafts go altogether, receipts stay; a colleague deletes nothing of hers."""
    draft = make_job(alice.user, "draft", spent_cents=0)
    assert "Delete the texts of 0 jobs?" in asked(bob, "delete", done_job, running_job)
    text = asked(alice, "delete", done_job, running_job, draft)
    assert "Delete the texts of 2 jobs?" in text
    assert "1 draft goes altogether." in text
    assert "2 jobs were deleted; receipts are kept. 1 left as it was." in done(
        alice, "delete", done_job, running_job, draft
    )
    done_job.refresh_from_db()
    assert done_job.texts_deleted_at
    assert not Job.objects.filter(pk=draft.pk).exists()
    assert Job.objects.get(pk=running_job.pk).problem


def test_several_jobs_are_tagged(alice, charlie, done_job, running_job):
    """Tags are added to those that are there; too many for one job changes none; a stranger's click reaches nothing."""
    Job.objects.filter(pk=done_job.pk).update(tags=["old"])
    assert "2 jobs were tagged." in done(alice, "tag", done_job, running_job, tags="New, old")
    assert set(Job.objects.get(pk=done_job.pk).tags) == {"old", "new"}
    assert "has at most 8" in done(alice, "tag", done_job, running_job, tags="a,b,c,d,e,f,g")
    assert "Enter at least one tag" in done(alice, "tag", done_job, tags=" ,")
    assert "No jobs were chosen" in done(charlie, "tag", done_job, tags="mine")
    assert "Choose what to do" in done(alice, "explode", done_job)
    assert Job.objects.get(pk=running_job.pk).tags == ["new", "old"]
    assert 'form="bulk"' in alice.get(reverse("job-list")).content.decode()
