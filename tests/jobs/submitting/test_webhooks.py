"""Webhooks about spending limits: signed, repeated until they are taken, and never sent behind our own walls."""

import base64
import hashlib
import hmac
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Role, User
from accounts.services import ensure_personal_workspace
from billing.books.wallet import grant
from jobs.lifecycle.limits.spending import set_limit
from jobs.mail.hook_address import HookError, target_of
from jobs.mail.send import send_due
from jobs.models import OutboxMessage, OutboxState, Period, Webhook
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
        ("https://", "no address"),
        ("https://[::1", "no address"),
        ("https://example.com:99999/", "no address"),
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
