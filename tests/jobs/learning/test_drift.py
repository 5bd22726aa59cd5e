"""The drift watch on real rows: staff get one mail when something moves, and the page shows it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from jobs.learning.counts import forget
from jobs.learning.drift import watch
from jobs.mail.send import send_due
from jobs.models import DriftAlarm, Learned, Lesson, OutboxMessage
from tests.support import people


@pytest.fixture
def staff(db):
    return people.make_user("staff@example.org", staff=True)


def taught(job, days_ago: float, right: float, version: int) -> Lesson:
    return Lesson(
        job=job,
        version=version,
        taught_at=timezone.now() - timedelta(days=days_ago),
        taught=[["ability", "demo/one", "number", {"right": right, "wrong": 1.0 - right}]],
    )


@pytest.fixture
def history(staff):
    """Sixty right first tries long ago, thirty wrong ones this week."""
    job = people.make_job(staff, "done")
    Learned.objects.create(
        workspace=job.workspace, aspect="ability", subject="demo/one", kind="number", jobs=90,
        stats={"right": 60.0, "wrong": 30.0}, since=timezone.now() - timedelta(days=80),
    )  # fmt: skip
    Lesson.objects.bulk_create([taught(job, 30, 1.0, 100 + n) for n in range(60)])
    Lesson.objects.bulk_create([taught(job, 1, 0.0, 200 + n) for n in range(30)])


def test_staff_are_told_once_of_what_moved(history, staff, mailoutbox):
    """One mail for one alarm, however often the watch runs; others than staff hear nothing."""
    people.make_user("someone@example.org")
    [alarm] = watch()
    assert "demo/one on number problems" in alarm.words
    assert watch() == []
    assert OutboxMessage.objects.filter(job=None).count() == User.objects.filter(is_staff=True).count() == 1
    send_due()
    [mail] = mailoutbox
    assert mail.to == [staff.email]
    assert alarm.words in mail.body


def test_staff_who_come_later_hear_of_an_open_alarm(history, staff):
    """While there is nobody to tell it is not ticked off; later it is told once."""
    User.objects.update(is_staff=False)
    assert len(watch()) == 1
    assert not OutboxMessage.objects.filter(job=None).exists()
    User.objects.update(is_staff=True)
    assert watch() == []
    assert watch() == []
    assert OutboxMessage.objects.filter(job=None).count() == 1


def test_an_alarm_is_over_once_the_share_is_back(history):
    """It is closed, and a new move is a new alarm."""
    watch()
    Lesson.objects.filter(version__gte=200).delete()
    watch()
    assert DriftAlarm.objects.get().closed_at


def test_a_reset_forgets_what_was_before(history):
    """After a reset there is nothing to compare with."""
    forget("demo/one")
    assert watch() == []


def test_nothing_moved_is_no_news(staff):
    """An empty store raises no alarm."""
    assert watch() == []
    assert not OutboxMessage.objects.exists()
