"""Changing how somebody signs in asks who it is, is told by mail, and ends what was open before."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django import forms
from django.core import mail
from django.test import Client
from django.test.html import parse_html
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.preferences.views import LongSelect
from accounts.services import sign_in_link
from jobs.mail.send import send_due
from tests.support.people import make_user
from tests.web.accounts.test_sign_in import code_in
from tests.web.conftest import Person

PASSWORD = "correct horse battery"
OTHER = "another long password"

pytestmark = pytest.mark.usefixtures("db", "outbox")


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org")


@pytest.fixture
def stolen(ada) -> Person:
    """A session of Ada's that signed in long ago."""
    return Person(ada)


def set_password(user: User) -> None:
    user.set_password(PASSWORD)
    user.save()


def enter(client: Client, user: User) -> None:
    client.post(reverse("account_request_login_code"), {"email": user.email})
    send_due()
    client.post(reverse("account_confirm_login_code"), {"code": code_in(mail.outbox[-1])})


def is_in(client: Client) -> bool:
    return client.get(reverse("settings")).status_code == 200


SET = {"password1": OTHER, "password2": OTHER}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("account_set_password", SET),
        ("account_email", {"email": "thief@example.org", "action_add": ""}),
        ("mfa_activate_totp", {"code": "123456"}),
    ],
)
@pytest.mark.parametrize("with_password", [False, True])
def test_a_stolen_session_changes_nothing(ada, name, fields, with_password):
    """An old session is asked who it is, with a password by that, without by a code to the old address."""
    if with_password:
        set_password(ada)
        name, fields = (
            ("account_change_password", {"oldpassword": "guess", **SET})
            if name == "account_set_password"
            else (name, fields)
        )
    thief = Person(ada)
    reply = thief.post(reverse(name), fields)
    asked = reverse("account_reauthenticate" if with_password else "reauthenticate-by-code")
    assert reply.status_code == 302
    assert reply.url.startswith(asked)
    thief.get(reply.url)
    for _ in range(4):
        thief.post(asked, {"code": "AAAAAA", "password": "guess"})
    before = ada.password
    ada.refresh_from_db()
    assert ada.password == before
    assert [address.email for address in EmailAddress.objects.filter(user=ada)] == ["ada@example.org"]


def test_who_has_no_password_confirms_by_a_code_and_goes_on(stolen, ada):
    """The code comes by mail; afterwards the page that was wanted opens, and the change is done."""
    wanted = reverse("account_set_password")
    asked = stolen.get(wanted).url
    assert "ada@example.org" in stolen.get(asked).content.decode()
    stolen.get(asked)
    send_due()
    (message,) = mail.outbox
    assert "confirms that it is you" in message.subject
    reply = stolen.post(asked, {"code": code_in(message), "next": wanted})
    assert reply.url == wanted
    stolen.post(wanted, SET)
    ada.refresh_from_db()
    assert ada.check_password(OTHER)
    send_due()
    assert mail.outbox[-1].subject == "A password was set for your Ponder account"


def test_a_third_wrong_code_needs_a_new_one(stolen):
    """Guessing ends after three tries."""
    asked = stolen.get(reverse("account_set_password")).url
    stolen.get(asked)
    send_due()
    code = code_in(mail.outbox[-1])
    for _ in range(3):
        stolen.post(asked, {"code": "AAAAAA"})
    assert stolen.post(asked, {"code": code}).status_code == 200
    assert stolen.get(reverse("account_set_password")).status_code == 302


def test_who_has_just_signed_in_is_not_asked_again(ada):
    """Five minutes are enough for what one came for."""
    client = Client()
    enter(client, ada)
    assert client.get(reverse("account_set_password")).status_code == 200


def test_a_changed_password_ends_other_sessions_and_links_and_is_told(ada):
    """Whoever had got in is out, and a link made before opens nothing."""
    set_password(ada)
    link = sign_in_link(ada).removeprefix("http://127.0.0.1:8000")
    other, owner = Person(ada), Client()
    owner.post(reverse("account_login"), {"login": ada.email, "password": PASSWORD})
    owner.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **SET})
    assert (is_in(other), is_in(owner)) == (False, True)
    assert Client().get(link).status_code == 410
    send_due()
    assert mail.outbox[-1].subject == "Your Ponder password was changed"
    assert "127.0.0.1" in mail.outbox[-1].body


def test_a_reset_password_is_told_too(ada, client):
    """A link by mail changes it, and a second mail says that it did."""
    set_password(ada)
    client.post(reverse("account_reset_password"), {"email": ada.email})
    send_due()
    link = next(line for line in mail.outbox[-1].body.splitlines() if line.startswith("http"))
    page = client.get(link.removeprefix("http://127.0.0.1:8000"), follow=True)
    client.post(page.redirect_chain[-1][0], SET)
    ada.refresh_from_db()
    assert ada.check_password(OTHER)
    send_due()
    assert mail.outbox[-1].subject == "Your Ponder password was changed"


def test_a_reset_link_lives_for_an_hour(ada, client, monkeypatch):
    """After 61 minutes it opens nothing."""
    client.post(reverse("account_reset_password"), {"email": ada.email})
    send_due()
    link = next(line for line in mail.outbox[-1].body.splitlines() if line.startswith("http"))
    later = timezone.now().replace(tzinfo=None) + timedelta(minutes=61)
    monkeypatch.setattr("django.contrib.auth.tokens.PasswordResetTokenGenerator._now", lambda _: later)
    assert "has expired" in client.get(link.removeprefix("http://127.0.0.1:8000")).content.decode()


def test_the_old_address_is_told_of_the_new_one(ada):
    """Whoever loses an address reads it in that mailbox."""
    EmailAddress.objects.create(user=ada, email="new@example.org", verified=True)
    client = Client()
    enter(client, ada)
    client.post(reverse("account_email"), {"email": "new@example.org", "action_primary": ""})
    client.post(reverse("account_email"), {"email": "ada@example.org", "action_remove": ""})
    send_due()
    changed, removed = mail.outbox[-2:]
    assert (changed.to, "from ada@example.org to new@example.org" in changed.body) == (
        ["ada@example.org"],
        True,
    )
    assert (removed.to, "ada@example.org was removed" in removed.body) == (["new@example.org"], True)


def test_signing_out_everywhere_else_needs_no_password(ada):
    """Who signs in by code only can end a session left open somewhere, too."""
    other, here = Person(ada), Client()
    enter(here, ada)
    assert here.post(reverse("sign-out-elsewhere")).status_code == 302
    assert (is_in(other), is_in(here)) == (False, True)


@pytest.mark.parametrize(
    "password",
    [
        "123456789012",
        "987654321098765",
        "aaaaaaaaaaaa",
        "Password1234!",
        "qwertyqwerty",
        "ada@example.org",
        "short",
    ],
)
def test_a_bad_password_is_refused(ada, password):
    """Neither digits alone, nor what everybody takes, nor less than twelve characters."""
    client = Client()
    enter(client, ada)
    client.post(reverse("account_set_password"), {"password1": password, "password2": password})
    ada.refresh_from_db()
    assert not ada.has_usable_password()


def test_a_long_select_is_djangos_own():
    """Options, what is chosen and attributes are those that its templates write, each escaped."""
    choices = [("", "None"), ("<a>", "A & B"), ("c", "C")]
    for value in ("", "<a>", None, "another"):
        own, quick = (
            widget(choices=choices, attrs={"title": '"x"', "disabled": True}).render(
                "zone", value, {"id": "i"}
            )
            for widget in (forms.Select, LongSelect)
        )
        assert parse_html(own) == parse_html(quick)
