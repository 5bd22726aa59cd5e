"""Nobody can take an account before its owner comes: who proves the mailbox ends what others prepared."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import sign_in_link
from accounts.tasks import delete_unverified
from jobs.mail.send import send_due
from tests.support.people import make_user

ADDRESS = "victim@example.org"
FOREIGN = "a password of somebody else"


pytestmark = pytest.mark.usefixtures("outbox")


def last_code() -> str:
    send_due()
    return re.search(r"^([A-Z0-9-]{6,12})$", mail.outbox[-1].body, re.MULTILINE).group(1)


def signs_in_with(password: str, address: str = ADDRESS) -> bool:
    client = Client()
    client.post(reverse("account_login"), {"login": address, "password": password})
    return client.get(reverse("settings")).status_code == 200


def sign_in_by_code(client: Client, address: str = ADDRESS) -> None:
    client.post(reverse("account_request_login_code"), {"email": address})
    client.post(reverse("account_confirm_login_code"), {"code": last_code()})
    assert client.get(reverse("settings")).status_code == 200


def sign_up(client: Client, address: str = ADDRESS, **more: str) -> None:
    client.post(reverse("account_signup"), {"email": address, **more})


def prepared_account(password: str = FOREIGN) -> User:
    """An account that somebody made who cannot read its mail, as older versions let them, signed in by a link."""
    user = User.objects.create_user(ADDRESS, password)
    EmailAddress.objects.create(user=user, email=ADDRESS, primary=True)
    return user


def test_a_password_sent_with_the_sign_up_is_not_taken(client, db):
    """There is no such field, so nobody can choose the password of an address that is not theirs."""
    sign_up(client, password1=FOREIGN, password=FOREIGN)
    assert not User.objects.get(email=ADDRESS).has_usable_password()


def test_an_account_that_was_prepared_is_its_owners_alone(db):
    """Sign up with the address of another, wait until they come by code: nothing of the first attempt opens it."""
    intruder, owner = Client(), Client()
    sign_up(intruder, password1=FOREIGN)
    sign_in_by_code(owner)
    assert not signs_in_with(FOREIGN)
    for address in ("account_email_verification_sent", "account_confirm_login_code", "account_login"):
        intruder.get(reverse(address))
        intruder.post(reverse(address), {"code": "AAAAAA"})
    assert intruder.get(reverse("settings")).status_code == 302
    assert owner.get(reverse("settings")).status_code == 200


def test_a_prepared_password_ends_when_the_owner_signs_in_by_code(db):
    """The owner stays signed in; the password and every other session of the account are gone."""
    intruder, owner = Client(), Client()
    user = prepared_account()
    intruder.get(sign_in_link(user).removeprefix("http://127.0.0.1:8000"))
    assert intruder.get(reverse("settings")).status_code == 200
    sign_in_by_code(owner)
    assert intruder.get(reverse("settings")).status_code == 302
    assert owner.get(reverse("settings")).status_code == 200
    assert not signs_in_with(FOREIGN)


def test_a_prepared_password_ends_when_the_owner_signs_up(db):
    """Signing up with a known address leads to a code; entering it there has the same effect."""
    prepared_account()
    owner = Client()
    sign_up(owner)
    send_due()
    assert mail.outbox[-1].subject == "You already have a Ponder account"
    owner.post(reverse("account_logout"))  # the page's “Back”
    sign_in_by_code(owner)
    assert not signs_in_with(FOREIGN)


def test_a_password_is_kept_by_who_knows_it_and_reads_the_mail(client, db):
    """Signing in with the password and then by the code that it asks for proves both: it is one person."""
    prepared_account("my own long password")
    client.post(reverse("account_login"), {"login": ADDRESS, "password": "my own long password"})
    client.post(reverse("account_email_verification_sent"), {"code": last_code()})
    assert client.get(reverse("settings")).status_code == 200
    assert signs_in_with("my own long password")


def test_a_verified_account_keeps_its_password_when_signing_in_by_code(client, db):
    """A code is the other way in, not a reason to forget the first."""
    user = make_user("ada@example.org")
    user.set_password("my own long password")
    user.save()
    sign_in_by_code(client, "ada@example.org")
    assert signs_in_with("my own long password", "ada@example.org")


def test_a_sign_up_makes_a_workspace_only_once_its_address_is_proved(client, db):
    """A name that anybody can type holds neither a workspace nor credit."""
    sign_up(client)
    user = User.objects.get(email=ADDRESS)
    assert not user.memberships.exists()
    client.post(reverse("account_email_verification_sent"), {"code": last_code()})
    assert user.memberships.count() == 1


def test_accounts_that_were_never_verified_go_after_a_day(client, db):
    """The address is free again; accounts that were verified, or are younger, stay."""
    make_user("ada@example.org")
    sign_up(client)
    sign_up(Client(), "young@example.org")
    prepared_with_workspace = make_user("old@example.org")
    EmailAddress.objects.filter(user=prepared_with_workspace).update(verified=False)
    User.objects.exclude(email="young@example.org").update(date_joined=timezone.now() - timedelta(hours=25))
    made_by_staff = User.objects.create_user("colleague@example.org")
    assert delete_unverified() == 2
    left = set(User.objects.filter(is_active=True).values_list("email", flat=True))
    assert left == {"ada@example.org", "young@example.org", made_by_staff.email}
