"""Webhooks about spending limits: signed, repeated until they are taken, and never sent behind our own walls."""

import base64
import contextlib
import hashlib
import hmac
import json
import re
import socket
import threading
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Role, User
from accounts.services import ensure_personal_workspace
from billing.books.wallet import grant
from jobs.core.states import JobState
from jobs.lifecycle.limits.spending import set_limit
from jobs.mail import hook_address
from jobs.mail.enqueue import enqueue_job_mail
from jobs.mail.hook_address import HookError, target_of
from jobs.mail.send import send_due
from jobs.models import OutboxKind, OutboxMessage, OutboxState, Period, Webhook
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings):
    """A server inside the network that answers with the next of its statuses and keeps what it got."""
    settings.PONDER_HOOKS_INSIDE = True

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append((dict(self.headers), body))
            self.send_response(self.server.statuses.pop(0))
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.statuses = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def dora(prices) -> User:
    user = User.objects.create_user("dora@example.org")
    grant(workspace=ensure_personal_workspace(user), amount_nano=NANO_PER_USD, by=None, reason="test")
    return user


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def add(client: Client, address: str, what: str = "user"):
    return client.post("/limits/webhooks/add/", {"what": what, "address": address})


def test_a_limit_is_told_to_a_webhook_signed_and_repeated_until_it_is_taken(dora, server):
    """The secret is shown once; a failure or a redirect is tried again with the same id and a signature anew."""
    client, address = browser(dora), f"http://127.0.0.1:{server.server_port}/hook?a=b"
    page = add(client, address)
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.text)
    assert "no-store" in page["Cache-Control"]
    assert secret not in client.get("/limits/").text
    assert address in client.get("/limits/").text.replace("&amp;", "&")
    set_limit(period=Period.DAY, amount_nano=10 * NANO_PER_CENT, by=dora, by_staff=False, user=dora)
    submit_for(dora, "What is 6 times 7?", budget_nano=6 * NANO_PER_CENT)
    server.statuses += [500, 302, 204]
    for _ in range(3):
        OutboxMessage.objects.filter(kind="webhook").update(next_at=timezone.now())
        send_due()
    [message] = OutboxMessage.objects.filter(kind="webhook")
    assert (message.state, message.attempts, len(server.got)) == (OutboxState.SENT, 3, 3)
    assert len({headers["webhook-id"] for headers, _ in server.got}) == 1
    headers, body = server.got[-1]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(body)
    assert told["type"] == "spending_limit.reached"
    assert {name: told["data"][name] for name in ("limit_of", "percent", "limit_usd", "reserved_usd")} == {
        "limit_of": "user",
        "percent": 50,
        "limit_usd": "0.10",
        "reserved_usd": "0.06",
    }


def test_webhooks_hear_of_jobs_that_need_somebody_or_end(dora, server):
    """Those of its person and of its workspace, once each; not those of others, nor of who left; no text goes along."""
    address, workspace = f"http://127.0.0.1:{server.server_port}", ensure_personal_workspace(dora)
    eve = User.objects.create_user("eve@example.org")
    add(browser(dora), f"{address}/mine")
    add(browser(dora), f"{address}/ours", "workspace")
    add(browser(eve), f"{address}/theirs")
    job = submit_for(dora, "How long is it?", budget_nano=6 * NANO_PER_CENT)
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    job.state, job.questions = JobState.ASKING, [{"text": "In feet?", "until": until}]
    for _ in range(2):
        enqueue_job_mail(job, OutboxKind.QUESTION, number=1)
    job.state, job.stop_reason, job.charged_nano = JobState.DONE, "confident", NANO_PER_CENT
    enqueue_job_mail(job, OutboxKind.ENDED)
    server.statuses += [200] * 4
    send_due()
    told = [json.loads(body) for _, body in server.got]
    assert Counter(each["type"] for each in told) == {"job.needs_you": 2, "job.ended": 2}
    asked, ended = (
        {each["type"]: each["data"] for each in told}[name] for name in ("job.needs_you", "job.ended")
    )
    assert (asked["job"], asked["question"], asked["answer_until"]) == (str(job.pk), 1, until)
    assert asked["address"].endswith(job.get_absolute_url())
    assert (ended["state"], ended["stop_reason"], ended["charged_usd"]) == ("done", "confident", "0.01")
    assert not any(word in json.dumps(told) for word in ("How long", "In feet"))
    Membership.objects.filter(user=dora, workspace=workspace).delete()
    job.version += 1
    enqueue_job_mail(job, OutboxKind.ENDED)
    assert OutboxMessage.objects.filter(kind="webhook").count() == 5, "the workspace's own hears of it still"


def test_a_test_is_sent_and_the_page_tells_what_came_of_it(dora, server):
    """When it was tried and what the server answered; a test is tried for ten minutes, by its owner alone."""
    client, stranger = browser(dora), browser(User.objects.create_user("eve@example.org"))
    add(client, f"http://127.0.0.1:{server.server_port}/")
    asked = {"what": "user", "webhook": str(Webhook.objects.get().pk)}
    assert "Nothing was sent yet." in client.get("/limits/").text
    stranger.post("/limits/webhooks/test/", asked)
    assert not OutboxMessage.objects.filter(kind="webhook").exists()
    server.statuses += [503, 200]
    for said in ("127.0.0.1 answered 503; success would be 200 to 299.", "answered 200."):
        assert client.post("/limits/webhooks/test/", asked).status_code == 302
        send_due()
        assert said in client.get("/limits/").text
    assert [json.loads(body)["type"] for _, body in server.got] == ["test", "test"]
    refused = OutboxMessage.objects.filter(kind="webhook").exclude(state=OutboxState.SENT)
    [waiting] = refused
    refused.update(next_at=timezone.now(), expires_at=timezone.now())
    send_due()
    waiting.refresh_from_db()
    assert (waiting.state, len(server.got)) == (OutboxState.GAVE_UP, 2)
    server.shutdown()
    server.server_close()
    client.post("/limits/webhooks/test/", asked)
    send_due()
    assert "failed: Connection refused" in client.get("/limits/").text


def test_a_server_that_drips_keeps_no_sender(monkeypatch, settings):
    """However slowly it goes on answering, the whole takes no longer than it may."""
    settings.PONDER_HOOKS_INSIDE = True
    monkeypatch.setattr(hook_address, "MOST_S", 0.5)
    gone = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not gone.wait(0.2):
                connection.sendall(b"X")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,), daemon=True)
        thread.start()
        target = target_of(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        with pytest.raises(HookError, match="took longer"):
            hook_address.post(target, b"{}", {})
        gone.set()
        thread.join()


def test_what_waits_for_a_removed_webhook_is_not_sent(dora, server):
    """Its owner alone removes it; the message goes with it."""
    client = browser(dora)
    add(client, f"http://127.0.0.1:{server.server_port}/")
    hook = Webhook.objects.get()
    set_limit(period=Period.DAY, amount_nano=10 * NANO_PER_CENT, by=dora, by_staff=False, user=dora)
    submit_for(dora, "What is 6 times 7?", budget_nano=6 * NANO_PER_CENT)
    stranger = browser(User.objects.create_user("eve@example.org"))
    asked = {"what": "user", "webhook": str(hook.pk)}
    stranger.post("/limits/webhooks/remove/", asked)
    assert Webhook.objects.count() == 1
    client.post("/limits/webhooks/remove/", asked)
    send_due()
    assert (Webhook.objects.count(), server.got) == (0, [])
    assert not OutboxMessage.objects.filter(kind="webhook").exists()


def test_only_owners_and_staff_with_the_right_add_for_others(dora, server):
    """A member cannot add one to the workspace, nor anybody one to the installation."""
    workspace, address = ensure_personal_workspace(dora), f"http://127.0.0.1:{server.server_port}/"
    member = User.objects.create_user("fred@example.org")
    Membership.objects.create(workspace=workspace, user=member, role=Role.MEMBER)
    for what in ("workspace", "installation", "elsewhere"):
        add(browser(member), address, what)
    add(browser(dora), address, "installation")
    assert not Webhook.objects.exclude(workspace=ensure_personal_workspace(member)).exists()
    staff = User.objects.create_user("staff@example.org", is_staff=True, is_superuser=True)
    assert add(browser(staff), address, "installation").status_code == 200
    assert address in browser(staff).get("/staff/limits/").text
    assert add(browser(staff), address, "installation").status_code == 422


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://example.com/", "https"),
        ("ftp://example.com/", "https"),
        ("https://user:pw@example.com/", "user or a password"),
        ("https://", "not an address"),
        ("https://[::1", "not an address"),
        ("https://example.com:99999/", "not an address"),
        ("https://no-such-host.invalid/", "not known"),
        *(
            (f"https://{host}/", "private network")
            for host in (
                *("localhost", "127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "[::1]"),
                *(
                    "[::ffff:127.0.0.1]",
                    "[fe80::1]",
                    "[fd00::1]",
                    "224.0.0.1",
                    "100.64.0.1",
                    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "168.63.129.16"),
                    "2130706433",
                    "0x7f.1",
                ),
            )
        ),
    ],
)
def test_an_address_behind_our_walls_is_refused(address, said):
    """Private, local and reserved addresses, however they are written, and what is no address at all."""
    with pytest.raises(HookError, match=said):
        target_of(address)
