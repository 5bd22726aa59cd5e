"""A worker sends mail beside its jobs."""

import time
from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives

from jobs.mail.enqueue import enqueue_account_mail
from tests.jobs.test_outbox import smtp
from tests.jobs.workers import Worker

__all__ = ["smtp"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_sends_a_code(alice, smtp, client, endpoint, tmp_path):
    """The request only writes the message and wakes a worker, which has a thread for mail."""
    smtp.slow_recipient, smtp.taken_delay_s = alice.email, 60.0
    sender = Worker(tmp_path / "worker.log", EMAIL_URL=f"smtp://127.0.0.1:{smtp.server_address[1]}")
    try:
        # Who starts a worker first waits for its imports; a code is asked of one that runs.
        enqueue_account_mail(
            EmailMultiAlternatives("First", "Are you there?", to=["bob@example.org"]), good_for=timedelta(1)
        )
        sender.wait_for(lambda: smtp.taken)
        began_s = time.monotonic()
        client.post("/accounts/login/code/", {"email": alice.email})
        asked_s = time.monotonic() - began_s
        sender.wait_for(lambda: len(smtp.taken) == 2)
        assert asked_s < smtp.taken_delay_s
        assert alice.email in smtp.taken[1]
    finally:
        sender.kill()
