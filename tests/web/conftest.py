"""People as HTTP clients: `alice.post(…)`, and jobs of Alice's."""

from collections.abc import Iterator, Sequence

import pytest
import redis
from django.conf import settings as django_settings
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from jobs.mail.send import send_due
from tests.support import people


class Person(Client):
    """A signed-in client that knows who it is."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.user = user
        self.force_login(user, backend="django.contrib.auth.backends.ModelBackend")


@pytest.fixture(scope="session")
def redis_itself() -> Iterator[redis.Redis]:
    """The server behind the cache."""
    with redis.from_url(django_settings.CACHES["default"]["LOCATION"]) as server:
        yield server


@pytest.fixture(autouse=True)
def _nobody_is_limited_yet(redis_itself):
    """All tests come from one client address, so what an earlier one asked for must not count."""
    if limits := list(redis_itself.scan_iter("*allauth:rl*")):
        redis_itself.delete(*limits)


@pytest.fixture
def alice(db) -> Person:
    """The owner."""
    return Person(people.make_user("alice@example.org"))


@pytest.fixture
def bob(alice) -> Person:
    """A member of Alice's workspace."""
    return Person(people.make_user("bob@example.org", workspace=people.workspace_of(alice.user)))


@pytest.fixture
def charlie(db) -> Person:
    """A stranger."""
    return Person(people.make_user("charlie@example.org"))


@pytest.fixture
def staff(db) -> Person:
    """A member of staff with a workspace of their own."""
    return Person(people.make_user("staff@example.org", staff=True))


@pytest.fixture
def running_job(alice):
    """A job of Alice's with 23 tries behind it."""
    best = {"answer": people.ANSWERS[0], "text": "", "confidence": 0.62}
    return people.make_job(
        alice.user,
        "running",
        attempts=23,
        spent_cents=312,
        budget_cents=500,
        best=best,
        phase="Explore — 23 tries",
    )


@pytest.fixture
def done_job(alice):
    """A job of Alice's that was solved."""
    return people.make_job(alice.user, "done", attempts=23, **people.SOLVED)


class Inbox(Sequence[EmailMessage]):
    """The mail that has arrived; who looks waits for the worker first, which sends what the outbox holds."""

    def __getitem__(self, index):
        return self._arrived()[index]

    def __len__(self) -> int:
        return len(self._arrived())

    def _arrived(self) -> list[EmailMessage]:
        send_due()
        return mail.outbox


@pytest.fixture
def outbox(settings) -> Inbox:
    """Mail stays in memory."""
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend", "OPTIONS": {}}
    }
    mail.outbox = []
    return Inbox()


@pytest.fixture
def mail_dir(settings, tmp_path):
    """Mail goes to files in a directory of this test."""
    settings.MAIL_DIR = tmp_path / "mail"
    settings.MAILERS = {"default": {"BACKEND": "jobs.mail.eml_backend.EmlBackend", "OPTIONS": {}}}
    settings.EMAIL_URL = ""
    return settings.MAIL_DIR
