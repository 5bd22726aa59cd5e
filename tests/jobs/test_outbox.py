"""The outbox: one message an outcome, whatever the mail server does."""

import email
import email.policy
import re
import smtplib
import threading
import time
from concurrent.futures import Future
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection, connections
from django.utils import timezone

from accounts.models import User
from jobs.core.states import JobState
from jobs.lifecycle import raise_budget
from jobs.mail import send as outbox
from jobs.mail.enqueue import enqueue_account_mail, enqueue_stuck_mail, send_again
from jobs.mail.send import is_permanent, send_due
from jobs.models import Job, OutboxMessage, OutboxState
from jobs.worker import lease as leases
from jobs.worker.outcomes import record_outcome_of
from solver.core.errors import ProviderDown
from solver.core.money import NANO_PER_CENT
from solver.engine.outcome import Outcome
from tests.jobs.conftest import TWO_TRIES, undecided
from tests.processes import services
from tests.support.people import submit_for
from tests.support.smtp import Smtp

FILES = {"default": {"BACKEND": "jobs.mail.eml_backend.EmlBackend", "OPTIONS": {}}}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail_dir(settings, tmp_path):
    # Django's test runner would keep mail in memory.
    settings.MAILERS = FILES
    settings.MAIL_DIR = tmp_path / "mail"
    return settings.MAIL_DIR


@pytest.fixture
def smtp(settings):
    server = Smtp()
    settings.MAILERS = server.mailers
    yield server
    server.close()


@pytest.fixture
def stella(db) -> User:
    """A member of staff."""
    return User.objects.create_user("stella@example.org", is_staff=True, is_superuser=True)


def wait_until(condition, timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.02)


@pytest.fixture
def message(alice, workspace, run_all):
    submit_for(alice, "What is 6 times 7?", budget_nano=NANO_PER_CENT, options=TWO_TRIES)
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


def send_in_threads(count: int) -> list[threading.Thread]:
    def send() -> None:
        try:
            send_due()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_many_senders_send_one_mail(message, smtp):
    """Senders that run at once do not take each other's messages, also while the mail server takes its time."""
    smtp.taken_delay_s = 0.5
    for thread in send_in_threads(6):
        thread.join()
    assert len(smtp.taken) == 1


@pytest.fixture
def short_transactions():
    """The database ends a transaction that idles, as it does in production after 20 s, after 4 s."""
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '4s'")
        yield
    connection.close()


def test_a_mail_server_that_takes_its_time_gets_a_mail_once(message, smtp, short_transactions):
    """No transaction waits for the mail server, so what became of the message is recorded however long it takes."""
    smtp.taken_delay_s = 6
    assert send_due() == 1
    message.refresh_from_db()
    assert (message.state, message.attempts, message.last_error) == (OutboxState.SENT, 1, "")
    OutboxMessage.objects.update(next_at=timezone.now())
    assert send_due() == 0
    assert len(smtp.taken) == 1


def test_a_mail_server_may_say_goodbye_late(message, smtp, settings):
    """What was taken has left, whatever happens to the connection afterwards."""
    smtp.quit_delay_s, smtp.timeout_s = 60.0, 6.0
    settings.MAILERS = smtp.mailers
    send_due()
    message.refresh_from_db()
    assert (message.state, len(smtp.taken)) == (OutboxState.SENT, 1)


def test_a_reply_may_take_longer_than_connecting(message, smtp, settings, monkeypatch):
    """A server that looks at what it was given needs more time than one needs to be reached."""
    smtp.taken_delay_s, smtp.timeout_s = 8.0, 6.0
    settings.MAILERS = smtp.mailers
    send_due()
    message.refresh_from_db()
    assert message.state == OutboxState.SENT


def test_a_mail_server_that_says_nothing_is_given_up_on(
    message, smtp, settings, short_transactions, stella, client
):
    """Each attempt is counted, the next comes later, staff see it, and after three days no other comes."""
    smtp.greeting_delay_s, smtp.timeout_s = 60.0, 6.0
    settings.MAILERS = smtp.mailers
    send_due()
    message.refresh_from_db()
    assert (message.state, message.attempts) == (OutboxState.PENDING, 1)
    assert "timed out" in message.last_error
    assert timedelta(seconds=30) < message.next_at - timezone.now() < timedelta(minutes=2)
    client.force_login(stella)
    assert "timed out" in client.get("/staff/outbox/").content.decode()
    OutboxMessage.objects.update(
        next_at=timezone.now(), created_at=timezone.now() - timedelta(days=3, minutes=1)
    )
    send_due()
    message.refresh_from_db()
    assert (message.state, message.attempts) == (OutboxState.GAVE_UP, 2)


def test_a_slow_mail_does_not_hold_up_the_others(message, smtp, alice):
    """Another sender takes what became due meanwhile."""
    smtp.slow_recipient, smtp.taken_delay_s = alice.email, 30.0
    first = send_in_threads(1)
    wait_until(lambda: smtp.taken)
    code = enqueue_account_mail(
        EmailMultiAlternatives("Your code", "ABC", to=["bob@example.org"]), good_for=timedelta(minutes=10)
    )
    send_due()
    code.refresh_from_db()
    message.refresh_from_db()
    assert (code.state, message.state) == (OutboxState.SENT, OutboxState.PENDING)
    smtp.closed.set()
    first[0].join(120)
    message.refresh_from_db()
    assert (message.state, len(smtp.taken)) == (OutboxState.SENT, 2)


def test_a_mail_under_way_needs_no_look_and_no_second_try(message, smtp, stella, client):
    """Nobody sends it again while it is being sent, and the staff's page does not call it a failure."""
    smtp.taken_delay_s = 30.0
    first = send_in_threads(1)
    wait_until(lambda: smtp.taken)
    assert not send_again(message)
    client.force_login(stella)
    assert message.recipient not in client.get("/staff/outbox/").content.decode()
    assert message.recipient in client.get("/staff/outbox/?state=pending").content.decode()
    smtp.closed.set()
    first[0].join(120)


def test_a_mail_whose_sender_died_is_sent_later(message, smtp, monkeypatch):
    """Its claim runs out. A sender that was only slow and comes back late changes nothing of what others did."""
    claimed = outbox._claim()
    assert claimed is not None
    assert send_due() == 0
    OutboxMessage.objects.update(next_at=timezone.now())
    assert send_due() == 1
    outbox._record(claimed, OSError("too late"))
    message.refresh_from_db()
    assert (message.state, message.attempts, message.last_error) == (OutboxState.SENT, 2, "")


def test_few_senders_wait_for_a_mail_server(alice, smtp):
    """However many wake-ups arrive, jobs keep their threads."""
    smtp.taken_delay_s = 30.0
    for number in range(12):
        mail = EmailMultiAlternatives("Your code", "ABC", to=[f"bob{number}@example.org"])
        enqueue_account_mail(mail, good_for=timedelta(minutes=10))
    threads = send_in_threads(12)
    wait_until(lambda: sum(thread.is_alive() for thread in threads) <= outbox.SENDERS)
    assert sum(thread.is_alive() for thread in threads) == outbox.SENDERS
    smtp.closed.set()
    for thread in threads:
        thread.join(120)
    assert len(smtp.taken) == 12


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


def test_a_message_is_given_up_after_three_days(message, smtp):
    """Until then it is tried with growing pauses, at most six hours apart."""
    smtp.data_reply = "451 try later"
    pauses = []
    for _ in range(12):
        OutboxMessage.objects.update(next_at=timezone.now())
        send_due()
        message.refresh_from_db()
        pauses.append(round((message.next_at - timezone.now()) / timedelta(minutes=1)))
    assert message.state == OutboxState.PENDING
    assert pauses == sorted(pauses)
    assert timedelta(hours=5) < timedelta(minutes=pauses[-1]) <= timedelta(hours=6)
    OutboxMessage.objects.update(
        next_at=timezone.now(), created_at=timezone.now() - timedelta(days=3, minutes=1)
    )
    send_due()
    message.refresh_from_db()
    assert message.state == OutboxState.GAVE_UP
    assert "451" in message.last_error


@pytest.mark.parametrize("reply", ["recipient_reply", "data_reply"])
def test_a_refusal_for_good_is_a_bounce(message, smtp, alice, reply):
    """It is not tried again; the address is marked until mail to it leaves again."""
    setattr(smtp, reply, "550 no such mailbox")
    send_due()
    OutboxMessage.objects.update(next_at=timezone.now())
    assert send_due() == 0
    message.refresh_from_db()
    alice.refresh_from_db()
    assert (message.state, message.attempts) == (OutboxState.BOUNCED, 1)
    assert alice.mail_bounced_at
    assert "no such mailbox" in alice.mail_bounce
    setattr(smtp, reply, "250 ok")
    assert send_again(message)
    send_due()
    message.refresh_from_db()
    alice.refresh_from_db()
    assert message.state == OutboxState.SENT
    assert alice.mail_bounced_at is None
    assert len(smtp.taken) == 1


def test_a_set_up_that_fails_is_no_bounce():
    """A wrong password or a forbidden sender is the operator's to mend: the mail waits for that."""
    assert is_permanent(smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"no")}))
    assert is_permanent(smtplib.SMTPDataError(554, b"no"))
    assert not is_permanent(smtplib.SMTPRecipientsRefused({"a@b.example": (451, b"later")}))
    assert not is_permanent(smtplib.SMTPAuthenticationError(535, b"no"))
    assert not is_permanent(smtplib.SMTPSenderRefused(550, b"no", "a@b.example"))
    assert not is_permanent(ConnectionRefusedError())


def test_a_sent_message_is_not_sent_again(message, smtp):
    """The button of the staff's page acts on what did not leave."""
    send_due()
    assert not send_again(message)
    send_due()
    assert len(smtp.taken) == 1


def test_the_mail_has_one_click_to_unsubscribe(message, smtp, client, alice):
    """RFC 8058: both headers; a POST without sign-in or token of a form turns all mail about jobs off."""
    send_due()
    [mail] = smtp.taken
    parsed = email.message_from_string(mail, policy=email.policy.default)
    # As it was sent: a header in encoded words reads well here, but mail providers follow none.
    assert re.search(r"^List-Unsubscribe: <https?://[^\s?=]+>\r?$", mail, re.MULTILINE)
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = parsed["List-Unsubscribe"].strip("<>")
    assert address in parsed.get_body(("plain",)).get_content()
    path = urlsplit(address).path
    client.handler.enforce_csrf_checks = True
    page = client.get(path)
    assert page.status_code == 200
    assert alice.email not in page.content.decode()  # whoever has the link need not learn whose it is
    alice.refresh_from_db()
    assert alice.notify_when_done
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    alice.refresh_from_db()
    preferences = [alice.notify_when_done, alice.notify_when_exhausted, alice.notify_when_stuck]
    assert [*preferences, alice.notify_when_failed] == [False] * 4


def test_a_receipt_is_mailed_to_who_asked_for_it(alice, workspace, run_all, smtp):
    """Beside the answer, with what was charged; whoever takes that back gets none, also of what was written already."""
    alice.notify_of_receipts = True
    alice.save()
    job = submit_for(alice, "What is 6 times 7?", budget_nano=NANO_PER_CENT)
    run_all()
    send_due()
    mails = [email.message_from_string(mail, policy=email.policy.default) for mail in smtp.taken]
    [receipt] = [mail for mail in mails if mail["Subject"].startswith("Receipt: $")]
    assert f"/jobs/{job.pk}/receipt/" in receipt.get_body(("plain",)).get_content()
    alice.notify_of_receipts = False
    alice.save()
    OutboxMessage.objects.filter(kind="receipt").update(state=OutboxState.PENDING, next_at=timezone.now())
    send_due()
    assert OutboxMessage.objects.get(kind="receipt").state == OutboxState.UNWANTED


@pytest.mark.parametrize("token", ["x", "MQ:1abc:forged"])
def test_a_forged_unsubscribe_link_does_nothing(alice, client, token):
    """Only what was signed here is obeyed."""
    assert client.post(f"/unsubscribe/{token}/").status_code == 404
    alice.refresh_from_db()
    assert alice.notify_when_done


@pytest.mark.parametrize(
    ("preference", "state", "wanted"),
    [
        ("notify_when_done", "done", False),
        ("notify_when_done", "exhausted", True),
        ("notify_when_exhausted", "exhausted", False),
        ("notify_when_exhausted", "failed", True),
        ("notify_when_failed", "failed", False),
        ("notify_when_failed", "done", True),
    ],
)
def test_each_preference_is_honoured_when_the_mail_is_sent(message, smtp, alice, preference, state, wanted):
    """Whoever turns a kind of mail off gets no more of it, also of what was written already."""
    setattr(alice, preference, False)
    alice.save()
    OutboxMessage.objects.update(content={"state": state, "charged_nano": 1, "budget_nano": 10})
    send_due()
    message.refresh_from_db()
    assert message.state == (OutboxState.SENT if wanted else OutboxState.UNWANTED)
    assert len(smtp.taken) == wanted


def test_a_late_mail_says_how_it_ended_not_how_it_is(alice, workspace, endpoint, run_all, smtp):
    """A job that was continued meanwhile is told of as it was."""
    endpoint.behaviour = undecided
    job = submit_for(alice, "Undecidable?", budget_nano=NANO_PER_CENT)
    run_all()
    raise_budget(job=job, to_nano=9 * NANO_PER_CENT)
    send_due()
    [mail] = smtp.taken
    told = email.message_from_string(mail, policy=email.policy.default)
    assert told["Subject"].startswith("Budget reached: Undecidable? –")
    assert told["Subject"].endswith("of $0.01")
    assert f"/jobs/{job.pk}/raise/" in told.get_body(("plain",)).get_content()


def stuck_job(alice, workspace) -> Job:
    """A job that waits for a provider, as a worker leaves it."""
    job = submit_for(alice, "Anyone?", budget_nano=NANO_PER_CENT)
    lease = leases.claim_next("a worker")
    execution: Future[Outcome] = Future()
    execution.set_exception(ProviderDown("openai/test does not answer."))
    record_outcome_of(lease, execution)
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    return job


def test_a_stuck_job_is_told_of_once(alice, workspace, smtp, host):
    """After a quarter of an hour of waiting, not before, and once however long it lasts."""
    job = stuck_job(alice, workspace)
    assert send_due() == 0
    OutboxMessage.objects.update(next_at=timezone.now())
    send_due()
    assert [mail.count("Stuck") for mail in smtp.taken] != [0]
    assert len(smtp.taken) == 1
    enqueue_stuck_mail(job.pk)
    send_due()
    assert OutboxMessage.objects.filter(kind="waiting").count() == 1
    assert len(smtp.taken) == 1


def test_a_job_that_goes_on_is_not_called_stuck(alice, workspace, smtp, host, run_all):
    """The message is withdrawn, so that a later outage may be told of."""
    job = stuck_job(alice, workspace)
    Job.objects.update(next_at=None)
    run_all()
    OutboxMessage.objects.update(next_at=timezone.now())
    send_due()
    job.refresh_from_db()
    assert job.has_ended
    assert not OutboxMessage.objects.filter(kind="waiting").exists()
    assert len(smtp.taken) == 1


def test_a_code_to_sign_in_with_outlives_a_restart_of_the_mail_server(alice, smtp, client):
    """It is tried again and again while it is of use; its text is not kept."""
    smtp.data_reply = "451 restarting"
    client.post("/accounts/login/code/", {"email": alice.email})
    send_due()
    message = OutboxMessage.objects.get(kind="account")
    assert (message.state, message.attempts, smtp.taken) == (OutboxState.PENDING, 1, [])
    smtp.data_reply = "250 ok"
    OutboxMessage.objects.update(next_at=timezone.now())
    send_due()
    message.refresh_from_db()
    assert (message.state, message.content) == (OutboxState.SENT, {})
    assert len(smtp.taken) == 1


def test_a_code_that_is_too_old_is_not_sent(alice, smtp, client):
    """Nobody gets a code that no longer works."""
    smtp.data_reply = "451 restarting"
    client.post("/accounts/login/code/", {"email": alice.email})
    smtp.data_reply = "250 ok"
    OutboxMessage.objects.update(next_at=timezone.now(), expires_at=timezone.now())
    send_due()
    message = OutboxMessage.objects.get(kind="account")
    assert (message.state, message.content, smtp.taken) == (OutboxState.GAVE_UP, {}, [])
