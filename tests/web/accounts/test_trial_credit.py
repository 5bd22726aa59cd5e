"""Trial credit is one mailbox's, once: neither closing the account nor another spelling of it brings a second one."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.sign_in.mailbox import mailbox_of
from billing.books.wallet import balances
from billing.models import Account, TrialGrant
from jobs.mail.send import send_due
from solver.core.money import NANO_PER_USD
from tests.support.people import workspace_of
from tests.web.accounts.test_sign_in import code_in

pytestmark = pytest.mark.usefixtures("db", "outbox")


def sign_up(address: str) -> Client:
    client = Client()
    client.post(reverse("account_signup"), {"email": address})
    send_due()
    client.post(reverse("account_email_verification_sent"), {"code": code_in(mail.outbox[-1])})
    assert client.get(reverse("settings")).status_code == 200
    return client


def trial_usd(address: str) -> int:
    user = User.objects.get(email=address)
    return balances(workspace_of(user)).trial_nano // NANO_PER_USD


def close(client: Client, address: str) -> None:
    client.post(reverse("account-close"), {"address": address})
    assert not User.objects.filter(email=address).exists()


@pytest.mark.parametrize(
    "again",
    [
        *("ada@example.org", "ADA@Example.ORG", "ada+second@example.org", "ada@ｅxample.org"),
        *('"ada"@example.org', '"\\ada+x"@example.org', "ada@example.org。"),
    ],
)
def test_closing_and_signing_up_again_brings_no_second_credit(again):
    """The account is closed and nothing of it is left, but the mark that its mailbox had its credit."""
    close(sign_up("ada@example.org"), "ada@example.org")
    sign_up(again)
    (user,) = User.objects.filter(closed_at=None)
    assert trial_usd(user.email) == 0
    assert not any("ada" in mark for mark in TrialGrant.objects.values_list("mailbox_mark", flat=True))


def test_an_account_that_is_not_verified_holds_no_credit():
    """Typing addresses costs the operator nothing."""
    before = Account.objects.count()
    for number in range(3):
        Client().post(reverse("account_signup"), {"email": f"ada{number}@example.org"})
    assert (Account.objects.count(), TrialGrant.objects.count()) == (before, 0)


def test_two_people_each_get_their_credit():
    """Other mailboxes are other people."""
    for address in ("ada@example.org", "bob@example.org", "ada@other.example"):
        sign_up(address)
        assert trial_usd(address) == 5


def test_a_day_gives_away_so_much_and_no_more(settings):
    """Beyond the cap accounts are made without credit."""
    settings.PONDER_TRIALS_PER_DAY = 2
    for number, credit in enumerate((5, 5, 0)):
        sign_up(f"ada{number}@example.org")
        assert trial_usd(f"ada{number}@example.org") == credit


@pytest.mark.parametrize(("shared", "given"), [("", (5, 5, 0)), ("farm.co.uk", (5, 5, 5))])
def test_a_domain_gets_so_much_and_no_more(settings, shared, given):
    """All subdomains of what somebody registered count together; public providers and other domains do not."""
    settings.PONDER_TRIALS_PER_DOMAIN, settings.PONDER_TRIAL_SHARED_DOMAINS = 2, {shared}
    addresses = ("a@farm.co.uk", "b@x.farm.co.uk", "c@y.z.farm.co.uk")
    for address, credit in zip(addresses, given, strict=True):
        sign_up(address)
        assert trial_usd(address) == credit
    sign_up("d@other.co.uk")
    assert trial_usd("d@other.co.uk") == 5
    assert not any("farm" in mark for mark in TrialGrant.objects.values_list("domain_mark", flat=True))


def test_one_mailbox_written_in_two_ways_is_one_account():
    """A domain in full-width letters is the same domain, so the second sign-up is told of the first."""
    sign_up("ada@example.org")
    Client().post(reverse("account_signup"), {"email": "ada@ｅxample.org"})
    send_due()
    assert mail.outbox[-1].subject == "You already have a Ponder account"
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Ada+x+y@Example.ORG.", "ada@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("+tag@example.org", "+tag@example.org"),
        ("A.d.a+x@GoogleMail.com", "ada@gmail.com"),
        ("a.d.a@example.org", "a.d.a@example.org"),
        ('"a.d.\\a+x"@gmail.com', "ada@gmail.com"),
        ("ada@Gmail。com。", "ada@gmail.com"),
        ("a-d_a@pm.me", "ada@proton.me"),
        ("ada@" + "x" * 70 + ".example", "ada@" + "x" * 70 + ".example"),
    ],
)
def test_a_mailbox_has_one_form(address, mailbox):
    """Tags, case and the ways to write a domain do not make another mailbox."""
    assert mailbox_of(address) == mailbox
