"""Limits of the sign-in: they count the right client, end floods, and never lock the owner of an account out."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs.mail.send import send_due
from tests.support.people import make_user
from tests.web.accounts.test_sign_in import code_in

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.usefixtures("outbox")


def client_from(address: str) -> Client:
    """A browser somewhere, as the proxy in front tells it."""
    return Client(headers={"X-Forwarded-For": f"203.0.113.7, {address}"})


@pytest.fixture(autouse=True)
def ada(db, settings) -> User:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    user = make_user("ada@example.org")
    user.set_password(PASSWORD)
    user.save()
    return user


def sent() -> int:
    send_due()
    return len(mail.outbox)


def ask_for_code(client: Client, address: str = "ada@example.org") -> int:
    return client.post(reverse("account_request_login_code"), {"email": address}).status_code


def wrong_password(client: Client) -> str:
    reply = client.post(reverse("account_login"), {"login": "ada@example.org", "password": "no"})
    return reply.content.decode()


def test_a_flood_of_one_client_refuses_nobody_else(ada):
    """Behind a proxy each client counts for itself; what a client writes into X-Forwarded-For does not count."""
    for number in range(25):
        ask_for_code(client_from("198.51.100.1"), f"somebody{number}@example.org")
    assert sent() == 20
    assert ask_for_code(client_from("198.51.100.2")) == 302
    assert sent() == 21


def test_a_stranger_cannot_use_up_somebodys_codes(ada):
    """Ten requests for one mailbox send five mails; its owner, who is elsewhere, still gets a code and enters it."""
    for _ in range(10):
        ask_for_code(client_from("198.51.100.1"))
    assert sent() == 5
    owner = client_from("198.51.100.2")
    assert ask_for_code(owner) == 302
    assert sent() == 6
    owner.post(reverse("account_confirm_login_code"), {"code": code_in(mail.outbox[-1])})
    assert owner.get(reverse("settings")).status_code == 200


def test_who_asks_too_often_is_told_so(ada):
    """The sixth code within ten minutes is refused with a page that says why, not with a code that never comes."""
    client = client_from("198.51.100.1")
    statuses = []
    for _ in range(6):
        statuses.append(ask_for_code(client))
        client.post(reverse("account_logout"))
    assert statuses == [302] * 5 + [429]


def test_a_stranger_cannot_lock_the_owner_out_by_wrong_passwords(ada):
    """Guessing ends after five tries for the one who guesses; the owner signs in meanwhile."""
    texts = [wrong_password(client_from("198.51.100.1")) for _ in range(6)]
    assert "Too many" not in texts[4]
    assert "Too many" in texts[5]
    owner = client_from("198.51.100.2")
    owner.post(reverse("account_login"), {"login": "ada@example.org", "password": PASSWORD})
    assert owner.get(reverse("settings")).status_code == 200


def test_a_stranger_cannot_keep_an_address_from_signing_up(db):
    """Signing up with somebody's address again and again does not refuse that somebody."""
    for _ in range(8):
        client_from("198.51.100.1").post(reverse("account_signup"), {"email": "new@example.org"})
    newcomer = client_from("198.51.100.2")
    newcomer.post(reverse("account_signup"), {"email": "new@example.org"})
    send_due()
    newcomer.post(reverse("account_email_verification_sent"), {"code": code_in(mail.outbox[-1])})
    assert newcomer.get(reverse("settings")).status_code == 200


def test_signing_up_twice_at_once_sends_a_code_that_works(db):
    """The second click is no error, and the code that it sends is taken."""
    client = client_from("198.51.100.1")
    replies = [client.post(reverse("account_signup"), {"email": "new@example.org"}) for _ in range(2)]
    # Who waits for a code is led back to where it is entered.
    assert [reply.status_code for reply in replies] == [302, 302]
    other_tab = client_from("198.51.100.1")
    assert other_tab.post(reverse("account_signup"), {"email": "new@example.org"}).status_code == 302
    send_due()
    other_tab.post(reverse("account_email_verification_sent"), {"code": code_in(mail.outbox[-1])})
    assert other_tab.get(reverse("settings")).status_code == 200
    assert User.objects.filter(email="new@example.org").count() == 1


def test_a_proxy_that_tells_no_client_is_no_error(ada, settings):
    """With fewer entries than proxies the request's own address counts."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 3
    assert ask_for_code(client_from("198.51.100.1")) == 302


def test_links_in_mails_are_of_the_configured_address(ada, client, settings):
    """Whatever host and port the request named, a link leads to PONDER_BASE_URL."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.PONDER_BASE_URL = "https://ponder.example"
    for name, field in (("account_reset_password", "email"), ("account_request_login_code", "email")):
        for address in ("ada@example.org", "nobody@example.org"):
            client.post(reverse(name), {field: address}, HTTP_HOST="127.0.0.1:4444")
            client.post(reverse("account_logout"))
    send_due()
    bodies = "".join(message.body for message in mail.outbox)
    assert bodies.count("https://ponder.example/") == 2
    assert "4444" not in bodies
