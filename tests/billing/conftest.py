"""Alice owns, Bob shares her workspace, Charlie must get nothing, Stella is staff."""

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.models import Membership, User
from accounts.services import ensure_personal_workspace
from billing.books.wallet import grant
from billing.models import AccountKind, TopUp
from billing.payments.topups import start_top_up
from tests.billing.books import USD, settle, start_job
from tests.billing.stripe_double import HOOK, SECRET, StripeDouble, signature


class Person:
    """A user with a signed-in client."""

    def __init__(self, name: str, *, staff: bool = False) -> None:
        self.user = User.objects.create_user(f"{name}@example.org", is_staff=staff, is_superuser=staff)
        self.client = Client()
        self.client.force_login(self.user)
        self.get, self.post = self.client.get, self.client.post

    @property
    def workspace(self):
        return ensure_personal_workspace(self.user)


@pytest.fixture
def alice(db, settings) -> Person:
    settings.PONDER_TRIAL_CREDIT_NANO = 5 * USD
    alice = Person("alice")
    assert alice.workspace
    return alice


@pytest.fixture
def bob(alice) -> Person:
    bob = Person("bob")
    Membership.objects.create(workspace=alice.workspace, user=bob.user)
    return bob


@pytest.fixture
def charlie(db) -> Person:
    return Person("charlie")


@pytest.fixture
def stella(db) -> Person:
    return Person("stella", staff=True)


@pytest.fixture
def rich(alice):
    """Alice's workspace with $5 of trial credit and $20 of her own."""
    grant(workspace=alice.workspace, amount_nano=20 * USD, by=None, reason="test")
    return alice.workspace


@pytest.fixture
def job(rich):
    """A job of Alice's with a budget of $10: $5 of trial credit and $5 of her own."""
    return start_job(rich, 10 * USD)


@pytest.fixture
def stripe_double(settings) -> Iterator[StripeDouble]:
    """Stripe, set up and answering; no worker hears of webhooks, tests process the inbox themselves."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_1", SECRET
    double = StripeDouble()
    settings.STRIPE_API_BASE = double.url
    yield double
    double.close()


@pytest.fixture
def purse():
    """Return the balance of a workspace's account of one kind."""

    def read(workspace, kind=AccountKind.WALLET):
        return workspace.accounts.get(kind=kind, job_id=None).balance_nano

    return read


@pytest.fixture
def broke(alice, settings):
    """Alice's workspace without trial credit."""
    job = start_job(alice.workspace, 5 * USD)
    call, _ = job.hold(5 * USD)
    settle(call, 5 * USD)
    job.close()
    return alice.workspace


@pytest.fixture
def top_up(alice, broke, stripe_double) -> TopUp:
    """A top-up of $20 whose Checkout page is open."""
    return start_top_up(
        workspace=broke,
        user=alice.user,
        amount_nano=20 * USD,
        success_url="https://x/{id}/",
        cancel_url="https://x/",
    )


@pytest.fixture
def hook(client):
    """Send a signed event to the webhook."""

    def send(body, **headers):
        sent = {"Stripe-Signature": signature(body)} | headers
        return client.post(HOOK, body, content_type="application/json", headers=sent)

    return send
