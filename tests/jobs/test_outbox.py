"""The outbox: one message an outcome, whatever the mail server does."""

import email
import email.policy
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from jobs.models import OutboxMessage
from jobs.services import submit_job
from jobs.services.outbox import send_due
from solver.money import NANO_PER_CENT
from tests import services

FILES = {"default": {"BACKEND": "jobs.mail_files.EmlBackend", "OPTIONS": {}}}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail_dir(settings, tmp_path):
    # Django's test runner would keep mail in memory.
    settings.MAILERS = FILES
    settings.MAIL_DIR = tmp_path / "mail"
    return settings.MAIL_DIR


@pytest.fixture
def message(alice, workspace, run_all):
    submit_job(user=alice, workspace=workspace, problem="What is 6 times 7?", budget_nano=NANO_PER_CENT)
    run_all()
    return OutboxMessage.objects.get()


def test_the_mail_says_what_was_found_and_what_it_cost(message, mail_dir):
    """Subject, text and HTML carry answer, cost and one link; the Message-ID is the outbox's own."""
    assert send_due() == 1
    [path] = mail_dir.glob("*.eml")
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert mail["Subject"].startswith("Done: What is 6 times 7?")
    assert mail["Message-ID"] == message.message_id
    assert mail["To"] == "alice@example.org"
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for body in (text, html):
        assert "42" in body
        assert f"/jobs/{message.job_id}/" in body
    message.refresh_from_db()
    assert message.sent_at


def test_many_senders_send_one_mail(message, mail_dir):
    """Senders that run at once skip each other's rows."""

    def send() -> None:
        try:
            send_due()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(mail_dir.glob("*.eml"))) == 1


def test_a_mail_server_that_is_down_loses_nothing(message, mail_dir, settings):
    """Failures are retried later and later; once the server is back the mail leaves; after three days staff see it."""
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": services.free_port(), "timeout": 2},
        }
    }
    send_due()
    message.refresh_from_db()
    assert (message.attempts, message.sent_at) == (1, None)
    assert "refused" in message.last_error
    assert timedelta(seconds=30) < message.next_at - timezone.now() < timedelta(minutes=2)
    assert send_due() == 0
    settings.MAILERS = FILES
    OutboxMessage.objects.update(next_at=timezone.now())
    send_due()
    message.refresh_from_db()
    assert message.sent_at
    assert len(list(mail_dir.glob("*.eml"))) == 1


def test_who_wants_no_mail_gets_none(message, mail_dir, alice):
    """The preference is honoured at the moment of sending."""
    alice.notify_when_done = False
    alice.save()
    send_due()
    message.refresh_from_db()
    assert message.sent_at is None
    assert message.gave_up_at
    assert not mail_dir.exists() or not list(mail_dir.glob("*.eml"))
