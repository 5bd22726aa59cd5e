"""Mail: what it says, what it cannot be made to say, and how it lies in files where there is no mail server."""

import email
import os
import re
from datetime import timedelta
from email import policy

import pytest
from django.contrib.auth.models import Permission
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs import tasks
from jobs.mail import eml_backend as mail_files
from jobs.mail.compose import JobMail, compose
from jobs.mail.picture import points_of
from jobs.mail.preview import kinds
from jobs.mail.send import send_due
from jobs.models import Job, OutboxMessage
from tests.support.people import make_job, make_user


def message_about(job: Job) -> OutboxMessage:
    tomorrow = timezone.now() + timedelta(days=1)
    pending = {"state": "pending", "next_at": tomorrow, "message_id": f"<{job.pk}.1@ponder>"}
    job.outbox.filter(kind="ended").update(**pending)
    return job.outbox.get(kind="ended")


def test_the_mail_says_answer_confidence_reason_cost_and_link(alice, done_job):
    """Text and HTML twins hold the same facts."""
    composed = compose(message_about(done_job))
    assert composed.subject == "Done: Use 3, 7, 12, 25 to make 58. – $0.03 of $0.05"
    assert composed.extra_headers["Message-ID"] == f"<{done_job.pk}.1@ponder>"
    html = composed.alternatives[0].content
    for part in (composed.body, html):
        assert done_job.answer in part
        assert "Solved: a checker confirmed the answer." in part
        assert "> 99 %" in part or "&gt; 99 %" in part
        assert "$0.02 returned" in part or "$0.02 returned" in part.replace("</strong>", "")
        assert done_job.get_absolute_url() in part


@pytest.mark.parametrize(
    ("state", "word"),
    [("exhausted", "Budget reached: "), ("failed", "Failed: "), ("cancelled", "Cancelled: ")],
)
def test_the_subject_begins_with_how_it_ended(alice, state, word):
    """A glance at the list of mails is enough."""
    assert compose(message_about(make_job(alice.user, state))).subject.startswith(word)


def test_no_title_makes_a_header(alice, mail_dir):
    """Line breaks in titles and answers stay text; HTML is escaped."""
    job = make_job(
        alice.user,
        answer="<script>x</script>",
        title="x\r\nBcc: mallory@example.org\n\n<b>y</b>",
    )
    compose(message_about(job)).send()
    parsed = mail_files.read(mail_files.stored_names()[0])
    assert parsed["Bcc"] is None
    assert "mallory" in parsed["Subject"]
    assert "<script>" not in mail_files.body_of(parsed, "html")


def test_a_long_answer_is_shortened(alice):
    """The mail holds the first lines; the page holds all."""
    job = make_job(alice.user, answer="A", answer_text="line\n" * 500)
    assert compose(message_about(job)).body.count("line\n") <= 12


def test_the_html_twin_is_rendered_and_holds_the_search_as_an_attached_picture(alice, mail_dir):
    """Tables and code are set; the picture goes along and is named by its id, so that nothing is fetched."""
    reply = "| n | square |\n|---|---:|\n| 7 | 49 |\n\n```python\nassert 7 * 7 == 49\n```"
    job = make_job(alice.user, answer="49", answer_text=reply)
    job.outline = {"root_y": 20, "lines": [["M5 20C23 20 23 5 41 5", 2, True]], "dots": [[41, 5, 3, "right"]]}
    job.save()
    compose(message_about(job)).send()
    parsed = mail_files.read(mail_files.stored_names()[0])
    html = mail_files.body_of(parsed, "html")
    assert "<td" in html
    assert "|---|" not in html
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r'(src|url)[=(]"?https?:', html)
    (picture,) = [part for part in parsed.walk() if part.get_content_type() == "image/png"]
    assert f"cid:{picture['Content-ID'].strip('<>')}" in html
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content().startswith(b"\x89PNG")
    assert len(picture.get_content()) < 20_000
    assert reply in mail_files.body_of(parsed, "plain").replace("\r\n", "\n")


def test_a_path_of_the_outline_is_followed():
    """Lines go straight, then curve to their end."""
    points = points_of("M5 20H30C35 20 35 5 41 5")
    assert points[:2] == [(5, 20), (30, 20)]
    assert points[-1] == pytest.approx((41, 5))


def test_every_kind_of_email_can_be_looked_at(staff):
    """Each has a subject, a plain twin and HTML in one look; nothing is stored."""
    for kind in kinds():
        address = reverse("staff-mail-sample", args=[kind.name])
        page, text = staff.get(address), staff.get(address, {"part": "text"})
        assert "prefers-color-scheme" in page.content.decode(), kind.name
        assert text.content.decode().startswith("Subject: "), kind.name
        assert "<p" not in text.content.decode(), kind.name
        assert "'unsafe-inline'" in page["Content-Security-Policy"]
    assert "data:image/png" in staff.get(reverse("staff-mail-sample", args=["done"])).content.decode()
    assert staff.get(reverse("staff-mail-sample", args=["love-letter"])).status_code == 404
    assert not OutboxMessage.objects.exists()


def test_a_mail_sent_again_is_one_file(alice, done_job, mail_dir):
    """The Message-ID decides; a crash between sending and noting it makes no second mail."""
    message = message_about(done_job)
    compose(message).send()
    compose(message).send()
    (path,) = mail_dir.glob("*.eml")
    parsed = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    assert parsed["Message-ID"] == message.message_id
    assert parsed.get_body(("html",)) is not None
    assert (path.stat().st_mode & 0o077) == 0


def test_a_full_disk_leaves_no_half_mail(mail_dir, monkeypatch):
    """The error reaches whoever sends, and no file stays."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        EmailMessage("s", "b", "a@example.org", ["b@example.org"]).send()
    assert list(mail_dir.iterdir()) == []


@pytest.mark.parametrize("name", ["../x.eml", "20260101T000000Z-0000000000000000.eml", ".new-abc", "x"])
def test_only_stored_mail_can_be_read(staff, mail_dir, name):
    """Names are matched, never joined blindly."""
    assert staff.get(f"/staff/mail/{name}/").status_code == 404


def test_staff_read_mail_in_the_app(staff, alice, done_job, mail_dir):
    """List and message; HTML is shown cleaned."""
    compose(message_about(done_job)).send()
    message = EmailMessage(
        "evil",
        "<img src=x onerror=alert(1)><script>x</script><p>hello</p>",
        "a@example.org",
        ["b@example.org"],
    )
    message.content_subtype = "html"
    message.send()
    listed = staff.get(reverse("staff-mail")).content.decode()
    assert "Done: Use 3, 7, 12, 25" in listed
    for name in mail_files.stored_names():
        shown = staff.get(reverse("staff-mail-detail", args=[name])).content.decode()
        assert "onerror" not in shown
        assert "hello" in shown or done_job.answer in shown


def test_with_a_mail_server_there_is_nothing_to_read(staff, mail_dir, settings):
    """Mail that left is not kept."""
    settings.EMAIL_URL = "smtp://localhost"
    assert staff.get(reverse("staff-mail")).status_code == 404


def test_staff_see_what_did_not_leave_and_try_again(staff, alice, done_job):
    """Bounced and given-up messages are listed with what was said; the button sends them again."""
    message = message_about(done_job)
    OutboxMessage.objects.update(state="bounced", attempts=1, last_error="550 no such mailbox")
    text = staff.get(reverse("staff-outbox")).content.decode()
    assert "550 no such mailbox" in text
    assert "alice@example.org" in text
    staff.post(reverse("staff-outbox-retry", args=[message.pk]))
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("pending", 0)
    assert "550 no such mailbox" not in staff.get(reverse("staff-outbox")).content.decode()
    assert "alice@example.org" in staff.get(reverse("staff-outbox"), {"state": "pending"}).content.decode()


def test_only_staff_try_again(alice, done_job):
    """A 404 for everybody else, and nothing changes."""
    message = message_about(done_job)
    OutboxMessage.objects.update(state="bounced")
    assert alice.post(reverse("staff-outbox-retry", args=[message.pk])).status_code == 404
    message.refresh_from_db()
    assert message.state == "bounced"


def test_a_refused_address_is_shown_to_its_owner(alice):
    """The settings page says what the mail server said; one button forgets it."""
    User.objects.update(mail_bounced_at=timezone.now(), mail_bounce="550 no such mailbox")
    assert "550 no such mailbox" in alice.get(reverse("settings")).content.decode()
    alice.post(reverse("mail-works"))
    assert "550 no such mailbox" not in alice.get(reverse("settings")).content.decode()


def test_a_code_to_sign_in_with_is_in_no_list_and_goes_after_ten_minutes(client, alice, staff, mail_dir):
    """Who may read mail must not become somebody else: no page has it, and its file is gone when it is of no use."""
    client.post(reverse("account_request_login_code"), {"email": "alice@example.org"})
    send_due()
    (path,) = mail_dir.rglob("*.eml")
    code = re.search(rb"Subject: (\S+) is your", path.read_bytes())[1].decode()
    assert mail_files.stored_names() == []
    assert code not in staff.get(reverse("staff-mail")).content.decode()
    assert staff.get(reverse("staff-mail-detail", args=[path.name])).status_code == 404
    assert staff.get(f"/staff/mail/account/{path.name}/").status_code == 404
    tasks.delete_account_files()
    assert path.exists()
    aged = path.with_name(f"{timezone.now() - timedelta(minutes=11):%Y%m%dT%H%M%SZ}{path.name[16:]}")
    path.rename(aged)
    tasks.delete_account_files()
    assert not aged.exists()


def test_staff_cannot_become_the_operator_by_mail(client, staff, mail_dir):
    """A clerk asks for the operator's code, and finds it neither under mail nor in the outbox nor in raw rows."""
    user = make_user("clerk@example.org")
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.all())
    client.post(reverse("account_request_login_code"), {"email": staff.user.email})
    send_due()
    (path,) = mail_dir.rglob("*.eml")
    code = re.search(rb"Subject: (\S+) is your", path.read_bytes())[1].decode()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("staff-mail")).status_code == 404
    message = OutboxMessage.objects.get(kind="account")
    for address in (
        reverse("staff-outbox") + "?state=sent",
        reverse("admin:jobs_outboxmessage_changelist"),
        reverse("admin:jobs_outboxmessage_change", args=[message.pk]),
    ):
        reply = client.get(address)
        assert reply.status_code == 200
        assert code not in reply.content.decode()


def test_a_title_from_right_to_left_leaves_the_amount_behind_it(alice, done_job):
    """It is isolated in the subject, where no element says which way it runs; other titles are as they were."""
    done_job.title = "عنوان"
    done_job.save(update_fields=["title"])
    assert compose(message_about(done_job)).subject == "Done: \u2068عنوان\u2069 – $0.03 of $0.05"


@pytest.mark.parametrize(
    "subject",
    [
        "完了: " + "日本語の題名" * 12,
        "Done: Write a Python function `add(a, b)` that returns the sum. – $0.03 of $0.05",
        "Done: " + "Congratulations " * 8 + "!",
        "Done: a  –  b",
        "Done: " + "👨‍👩‍👧‍👦" * 15 + "a\u0301" * 20,
        "Done: \u2068" + "عنوان " * 14 + "\u2069 – $0.03 of $0.05",
    ],
)
def test_a_subject_is_folded_and_read_as_it_was(subject):
    """RFC 2047 allows an encoded word 75 characters; no space is lost or gained. A long address is not folded at all."""
    address = "<https://ponder.example/" + "a" * 120 + ">"
    mail = JobMail(subject=subject, to=["a@b.c"], headers={"List-Unsubscribe": address})
    written = mail.message().as_bytes()
    assert all(len(word) <= 75 for word in re.findall(rb"=\?utf-8\?\S+\?=", written))
    assert email.message_from_bytes(written, policy=policy.default)["Subject"] == subject
    assert address.encode() in written
