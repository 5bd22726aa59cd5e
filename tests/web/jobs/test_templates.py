"""Templates of one's own, and their weekly runs: one job each, submitted as a person would, never beyond limits."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role, User
from billing.books.wallet import balances
from jobs.lifecycle.limits.spending import set_limit
from jobs.lifecycle.saved.weekly import first_run, next_run, run_due
from jobs.models import Job, JobTemplate, OutboxMessage
from solver.core.money import NANO_PER_USD
from tests.support.people import workspace_of

FORM = {
    "problem": "Use 3, 7, 12, 25 to make 58.",
    "budget": "custom",
    "budget_custom": "0,50",
    "deadline": "2031-01-01T10:00",
}


def saved(person, **changes) -> JobTemplate:
    person.post(reverse("job-template-save"), FORM | changes)
    return JobTemplate.objects.get()


def due(person, **changes) -> JobTemplate:
    """A template whose weekly run is due now."""
    template = saved(person, **changes)
    reply = person.post(reverse("job-template-weekly", args=[template.pk]), {"weekday": "0", "at": "08:00"})
    assert reply.status_code == 302
    JobTemplate.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))
    template.refresh_from_db()
    return template


def test_a_form_is_saved_started_from_renamed_and_deleted(alice):
    """What was typed stands in the form again, but for the times of one run."""
    template = saved(alice)
    page = alice.get(f"{reverse('job-new')}?template={template.pk}").content.decode()
    assert "Use 3, 7, 12, 25 to make 58." in page
    assert 'value="0,50"' in page
    assert "2031-01-01" not in page
    alice.post(template.get_absolute_url(), {"name": " Monday \n puzzle "})
    assert "Monday puzzle" in alice.get(reverse("job-template-list")).content.decode()
    alice.post(reverse("job-template-delete", args=[template.pk]))
    assert not JobTemplate.objects.exists()


def test_an_empty_form_is_no_template(alice):
    """The form is shown again, and says what to do."""
    reply = alice.post(reverse("job-template-save"), {"problem": " "})
    assert reply.status_code == 422
    assert "Enter a problem" in reply.content.decode()


def test_a_weekly_run_is_one_job_however_often_beat_asks(alice):
    """Also where the first asking died before it noted the run; the next is a week later."""
    template = due(alice)
    for _ in range(2):
        run_due()
        JobTemplate.objects.update(next_run_at=template.next_run_at)
    run_due()
    job = Job.objects.get()
    assert (job.budget_nano, job.deadline_at) == (NANO_PER_USD // 2, None)
    assert job.checker["kind"] == "arithmetic"
    assert balances(workspace_of(alice.user)).held_nano == job.budget_nano
    template.refresh_from_db()
    assert template.last_job == job
    assert timezone.now() < template.next_run_at <= timezone.now() + timedelta(days=7)
    run_due()
    assert Job.objects.count() == 1


@pytest.mark.parametrize("why", ["money", "limit", "left"])
def test_a_run_that_may_not_be_submitted_pauses_the_template_and_is_told_once(alice, why):
    """Nothing starts and nothing is reserved; choosing a day again goes on."""
    template = due(alice, budget_custom="900" if why == "money" else "0.50")
    if why == "limit":
        set_limit(
            amount_nano=NANO_PER_USD // 10, period="day", by=alice.user, by_staff=False, user=alice.user
        )
    if why == "left":
        Membership.objects.filter(user=alice.user).delete()
    run_due()
    run_due()
    assert not Job.objects.exists()
    template.refresh_from_db()
    assert template.next_run_at is None
    assert template.paused_because
    assert OutboxMessage.objects.filter(kind="weekly").count() == 1
    page = alice.get(template.get_absolute_url()).content.decode()
    assert "Paused." in page
    if why == "money":
        alice.post(reverse("job-template-weekly", args=[template.pk]), {"weekday": "1", "at": "09:30"})
        template.refresh_from_db()
        assert (template.next_run_at.weekday(), template.paused_because) == (1, "")


def test_stopped_runs_start_no_more(alice):
    """And the page says no next run."""
    template = due(alice)
    alice.post(reverse("job-template-stop", args=[template.pk]))
    run_due()
    assert not Job.objects.exists()
    assert "Next run" not in alice.get(template.get_absolute_url()).content.decode()


def test_a_weekly_run_is_of_its_templates_workspace(alice, charlie):
    """Not of the one that its user has switched to since, where they may only read."""
    template = saved(alice)
    Membership.objects.create(workspace=workspace_of(charlie.user), user=alice.user, role=Role.VIEWER)
    User.objects.filter(pk=alice.user.pk).update(current_workspace=workspace_of(charlie.user))
    weekly = reverse("job-template-weekly", args=[template.pk])
    assert alice.post(weekly, {"weekday": "0", "at": "08:00"}).status_code == 302


def test_a_form_that_cannot_be_submitted_cannot_run_weekly(alice):
    """It says what is wrong with it."""
    template = saved(alice, budget_custom="0,500")
    reply = alice.post(reverse("job-template-weekly", args=[template.pk]), {"weekday": "0", "at": "08:00"})
    assert reply.status_code == 422
    assert re.search("0,500", reply.content.decode())


def test_signed_out_a_template_waits_for_signing_in(client, db):
    """The text is kept over it, as for Start."""
    reply = client.post(reverse("job-template-save"), FORM)
    assert reply.url.startswith(reverse("account_login"))
    assert not JobTemplate.objects.exists()


def test_the_hour_stays_when_clocks_change():
    """Eight in Berlin is 07:00 UTC in winter and 06:00 in summer."""
    winter = first_run(
        weekday=0, hour=8, minute=0, time_zone="Europe/Berlin", now=datetime(2027, 3, 20, 12, tzinfo=UTC)
    )
    assert winter == datetime(2027, 3, 22, 7, tzinfo=UTC)
    summer = next_run(winter, time_zone="Europe/Berlin", now=winter + timedelta(seconds=1))
    assert summer == datetime(2027, 3, 29, 6, tzinfo=UTC)


@pytest.mark.parametrize("missed_days", [0, 6, 7, 8, 30, 400])
def test_missed_runs_are_not_made_up_for(missed_days):
    """However long Beat was gone, the next run is the first in the future, on the same weekday and hour."""
    was_due = datetime(2027, 1, 4, 7, tzinfo=UTC)
    now = was_due + timedelta(days=missed_days, minutes=5)
    later = next_run(was_due, time_zone="Europe/Berlin", now=now)
    assert now < later <= now + timedelta(days=7, hours=1)
    assert later.weekday() == was_due.weekday()
