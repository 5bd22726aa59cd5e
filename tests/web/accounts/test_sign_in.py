"""Signing in: by link, by code, by password; sign-up by policy."""

import re
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.closing import end_sessions
from accounts.models import Invitation, User
from accounts.services import ensure_personal_workspace, sign_in_link
from accounts.sign_in.sessions import browser_name
from jobs.models import OutboxMessage
from tests.support.people import make_user


def path_of(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:8000")


def code_in(message) -> str:
    found = re.search(r"^([A-Z0-9-]{6,12})$", message.body, re.MULTILINE)
    assert found, message.body
    return found.group(1)


def test_a_link_signs_in_once(client, db):
    """The first click leads to the jobs, the second says how to get in."""
    link = path_of(sign_in_link(make_user("ada@example.org")))
    assert client.get(link).url == reverse("job-list")
    assert client.get(reverse("job-list")).status_code == 200
    client.logout()
    reply = client.get(link)
    assert reply.status_code == 410
    assert reverse("account_login") in reply.content.decode()


@pytest.mark.parametrize("token", ["x", "a" * 5000, "%00", "é"])
def test_a_wrong_link_signs_nobody_in(client, db, token):
    """Nonsense is told apart from nothing."""
    assert client.get(f"/sign-in/{token}/").status_code in {404, 410}
    assert "_auth_user_id" not in client.session


def test_a_code_by_mail_signs_in_and_leads_back(client, db, outbox):
    """Ask, read the code, paste it; then the page that was wanted."""
    make_user("ada@example.org")
    reply = client.post(
        reverse("account_request_login_code"), {"email": "ADA@example.org", "next": "/wallet/"}
    )
    (message,) = outbox
    assert message.subject.endswith("is your Ponder sign-in code")
    page = client.get(reply.url).content.decode()
    assert 'autocomplete="one-time-code"' in page
    found = re.search(r'name="next" value="([^"]*)"', page)
    assert found, page
    reply = client.post(
        reverse("account_confirm_login_code"), {"code": code_in(message), "next": found.group(1)}
    )
    assert reply.url == "/wallet/"


def test_a_code_is_not_sent_later_than_it_works_but_a_reset_link_is(alice, client, outbox):
    """A mail server that is down for a while loses no mail that is still of use then."""
    client.post(reverse("account_request_login_code"), {"email": alice.user.email})
    client.post(reverse("account_reset_password"), {"email": alice.user.email})
    code, link = OutboxMessage.objects.order_by("expires_at")
    assert "code" in code.content["subject"]
    assert code.expires_at - code.created_at < timedelta(minutes=11)
    assert link.expires_at - link.created_at > timedelta(minutes=59)


def test_a_wrong_code_says_so(client, db, outbox):
    """The field stays; nobody is signed in."""
    make_user("ada@example.org")
    client.post(reverse("account_request_login_code"), {"email": "ada@example.org"})
    reply = client.post(reverse("account_confirm_login_code"), {"code": "WRONG1"})
    assert reply.status_code in {200, 422}
    assert "error-summary" in reply.content.decode()


def test_signing_in_never_leads_to_another_site(client, db, outbox):
    """`next` stays here."""
    make_user("ada@example.org")
    client.post(
        reverse("account_request_login_code"), {"email": "ada@example.org", "next": "https://evil.example/"}
    )
    reply = client.post(reverse("account_confirm_login_code"), {"code": code_in(outbox[0])})
    assert reply.url == reverse("job-list")


def test_signing_up_takes_an_address_and_a_code(client, db, outbox):
    """No password; afterwards there is a workspace with the trial credit."""
    client.post(reverse("account_signup"), {"email": "new@example.org"})
    reply = client.post(reverse("account_email_verification_sent"), {"code": code_in(outbox[0])})
    assert reply.status_code == 302
    assert User.objects.get(email="new@example.org").memberships.count() == 1
    assert "$5.00" in client.get(reverse("job-list")).content.decode()


def test_signing_in_with_a_new_address_makes_its_account(client, db, outbox):
    """One step for both: the code opens a new account, with workspace and trial credit, and no word that says so."""
    reply = client.post(reverse("account_request_login_code"), {"email": "New@example.org"})
    known = Client().post(reverse("account_request_login_code"), {"email": "new@example.org"})
    assert reply.url == known.url
    client.post(reverse("account_confirm_login_code"), {"code": code_in(outbox[0])})
    page = client.get(reverse("job-list")).content.decode()
    assert "$5.00" in page
    assert "uccessfully" not in page
    assert User.objects.get(email="new@example.org").memberships.count() == 1


@pytest.mark.parametrize("policy", ["closed", "invitation"])
def test_signing_in_makes_no_account_where_sign_up_is_not_open(client, db, settings, outbox, policy):
    """The page is the same; no code is sent."""
    settings.PONDER_SIGNUP = policy
    reply = client.post(reverse("account_request_login_code"), {"email": "new@example.org"})
    assert reply.status_code == 302
    assert not User.objects.exists()
    assert "sign-in code" not in outbox[0].subject


def test_a_person_sees_where_they_are_signed_in_and_ends_one_session(alice):
    """Each browser has its line; the current one stays, and nobody ends the session of another."""
    phone = Client(
        HTTP_USER_AGENT="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"
    )
    phone.force_login(alice.user, backend="django.contrib.auth.backends.ModelBackend")
    phone.get(reverse("settings"))
    page = alice.get(reverse("settings")).content.decode()
    assert "Safari on iPhone" in page
    assert "This browser" in page
    there = UserSession.objects.get(user_agent__contains="iPhone").pk
    stranger = Client()
    stranger.force_login(make_user("eve@example.org"), backend="django.contrib.auth.backends.ModelBackend")
    stranger.post(reverse("session-end", args=[there]))
    assert phone.get(reverse("settings")).status_code == 200
    alice.post(reverse("session-end", args=[there]))
    assert phone.get(reverse("settings")).status_code == 302
    assert "iPhone" not in alice.get(reverse("settings")).content.decode()


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8", "Unknown browser"),
    ],
)
def test_a_browser_is_named(user_agent, name):
    """As well as its own words tell."""
    assert browser_name(user_agent) == name


def test_closed_sign_up_says_so(client, db, settings):
    """No form where there is nothing to fill in."""
    settings.PONDER_SIGNUP = "closed"
    assert "Sign-up is closed" in client.get(reverse("account_signup")).content.decode()
    client.post(reverse("account_signup"), {"email": "new@example.org"})
    assert not User.objects.exists()


def test_sign_up_by_invitation_takes_the_invited_only(client, db, settings, outbox):
    """Others are told whom to ask."""
    settings.PONDER_SIGNUP = "invitation"
    Invitation.objects.create(email="guest@example.org")
    text = client.post(reverse("account_signup"), {"email": "other@example.org"}).content.decode()
    assert "by invitation" in text
    assert client.post(reverse("account_signup"), {"email": "guest@example.org"}).status_code == 302


def test_a_password_may_be_set_and_used(client, alice):
    """The second way in, for those who want it."""
    reply = alice.get(reverse("account_set_password"))
    assert reply.status_code in {200, 302}
    alice.user.set_password("correct horse battery")
    alice.user.save()
    reply = client.post(
        reverse("account_login"), {"login": alice.user.email, "password": "correct horse battery"}
    )
    assert reply.url == reverse("job-list")


def test_a_wrong_password_is_refused(client, alice):
    """In words, and with the fold open."""
    text = client.post(
        reverse("account_login"), {"login": alice.user.email, "password": "no"}
    ).content.decode()
    assert "error-summary" in text


def test_settings_keep_name_notification_and_theme(alice):
    """The theme belongs to the device, so it is a cookie."""
    reply = alice.post(reverse("settings"), {"name": "Ada L.", "theme": "dark"})
    assert reply.cookies["theme"].value == "dark"
    alice.user.refresh_from_db()
    assert (alice.user.name, alice.user.notify_when_done) == ("Ada L.", False)
    assert 'data-theme="dark"' in alice.get(reverse("settings")).content.decode()


def test_a_forged_theme_is_ignored(alice):
    """A cookie is user input."""
    alice.cookies["theme"] = '"><script>'
    assert "<script>" not in alice.get(reverse("settings")).content.decode()


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_request_login_code",
        "account_reset_password",
        "account_reset_password_done",
    ],
)
def test_every_door_has_our_look(client, db, name):
    """No page of the sign-in looks like another site."""
    assert "css/tokens.css" in client.get(reverse(name)).content.decode()


@pytest.mark.parametrize("name", ["account_logout", "account_email", "account_set_password"])
def test_every_page_of_the_account_has_our_look(alice, name):
    """Also those that are seldom seen."""
    reply = alice.get(reverse(name), follow=True)
    assert "css/tokens.css" in reply.content.decode()


def test_ending_sessions_signs_one_user_out_everywhere(alice, charlie, db):
    """Every browser of the user asks to sign in again; nobody else's does, and what is broken is passed over."""
    phone = Client()
    phone.force_login(alice.user, backend="django.contrib.auth.backends.ModelBackend")
    broken = SessionStore()
    broken.create()
    Session.objects.filter(pk=broken.session_key).update(session_data="not signed by us")
    end_sessions(alice.user)
    for browser in (alice, phone):
        assert browser.get(reverse("job-list")).status_code == 302
    assert charlie.get(reverse("job-list")).status_code == 200


def test_the_longest_address_has_a_workspace(db):
    """What stands before the @ names it, as far as the name of a workspace is long."""
    user = User.objects.create_user(f"{'a' * 140}@example.org")
    assert ensure_personal_workspace(user).name == f"{'a' * 100}’s workspace"
