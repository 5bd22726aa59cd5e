"""Events that Stripe sends, and several of them at once: signatures, strangers, races."""

import threading
import time

import pytest
from django.db import connection

from billing import tasks
from billing.models import StripeEvent, Transfer
from billing.payments import inbox as stripe_inbox
from billing.payments.topups import sync_top_up
from tests.billing.books import USD
from tests.billing.ledger.test_races import together
from tests.billing.stripe_double import HOOK, charge_event, session_event, signature, wallet_of


def test_unknown_events_are_taken_and_ignored(db, stripe_double, hook):
    """New kinds of events, and events of others on the same account, are no errors."""
    stripe_double.intents["pi_other"] = {
        "id": "pi_other",
        "object": "payment_intent",
        "status": "succeeded",
        "metadata": {},
        "latest_charge": None,
    }
    for kind, about in (
        ("customer.created", {"id": "cus_1"}),
        ("balance.available", {}),
        ("checkout.session.completed", {"id": "cs_9", "client_reference_id": "order 9"}),
        ("charge.refunded", {"id": "ch_9", "payment_intent": "pi_other"}),
        ("charge.refunded", {"id": "ch_9", "payment_intent": None}),
        ("charge.refunded", {"id": "ch_8", "payment_intent": "pi_of_a_connected_account"}),
        ("checkout.session.completed", {"id": "cs_of_a_connected_account", "client_reference_id": None}),
    ):
        assert hook(stripe_double.event(kind, about)).status_code == 200
    thin = '{"id": "evt_thin", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"}'
    assert hook(thin).status_code == 200
    tasks.process_stripe_inbox()
    assert StripeEvent.objects.exclude(processed_at=None).count() == 8


@pytest.mark.parametrize("case", ["none", "garbage", "other secret", "other body", "old"])
def test_a_bad_signature_is_refused(db, stripe_double, hook, case):
    """400, with what to check; nothing is kept."""
    body = stripe_double.event("checkout.session.completed", {"id": "cs_1"})
    headers = {
        "none": "",
        "garbage": "t=now,v1=\x00é",
        "other secret": signature(body, "whsec_other"),
        "other body": signature(body + " "),
        "old": signature(body, timestamp=int(time.time()) - 3600),
    }
    response = hook(body, **{"Stripe-Signature": headers[case]})
    assert response.status_code == 400
    assert "Check that STRIPE_WEBHOOK_SECRET" in response.text
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", "null", '{"id": "evt_1"}', '{"id":"e","type":"t","data":{"object":7}}'),
        *('{"id":7,"type":"t","data":{"object":{}}}', '{"id":"","type":"t","data":{"object":{}}}'),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(db, stripe_double, hook, body):
    """400 rather than a crash."""
    response = hook(body)
    assert response.status_code == 400
    assert not StripeEvent.objects.exists()


def test_without_a_secret_the_webhook_says_so(client, db, settings):
    """503 and the setting's name; Stripe will try again later."""
    settings.STRIPE_WEBHOOK_SECRET = ""
    response = client.post(HOOK, "{}", content_type="application/json")
    assert response.status_code == 503
    assert "STRIPE_WEBHOOK_SECRET is not set" in response.text


def test_processing_at_once_credits_once(transactional_db, top_up, stripe_double, hook):
    """Eight connections, two events and the return page, all at the same moment: one credit."""
    intent = stripe_double.pay(top_up.checkout_session)
    hook(session_event(stripe_double, top_up))
    hook(stripe_double.event("payment_intent.succeeded", {"id": intent}))
    events = list(StripeEvent.objects.values_list("pk", flat=True))
    outcomes = together(
        *(lambda event=event: stripe_inbox.process(event) for event in events * 3),
        lambda: sync_top_up(top_up.pk),
        lambda: sync_top_up(top_up.pk),
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert wallet_of(top_up) == 20 * USD
    assert Transfer.objects.filter(key__startswith="stripe:").count() == 1


@pytest.fixture
def short_transactions(transactional_db):
    """The database ends a transaction that idles, as it does in production after 20 s, after 1.5 s."""
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '1500ms'")
    yield
    connection.close()


def test_a_slow_stripe_is_waited_for(short_transactions, top_up, alice, stripe_double, hook):
    """No transaction is open while Stripe thinks: the return page, the webhook and the sweep all get their answer."""
    stripe_double.delay_s = 2.0
    intent = stripe_double.pay(top_up.checkout_session)
    assert alice.get(f"/wallet/top-up/{top_up.pk}/").status_code == 302
    assert wallet_of(top_up) == 20 * USD
    stripe_double.refund(intent, 500)
    hook(charge_event(stripe_double, intent))
    tasks.process_stripe_inbox()
    assert StripeEvent.objects.get().processed_at is not None
    assert wallet_of(top_up) == 15 * USD


def test_an_older_reply_never_overwrites_a_newer_one(transactional_db, top_up, stripe_double):
    """Whoever asked before a refund and hears the answer after it changes nothing."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    asked, go_on = threading.Event(), threading.Event()

    def hold_the_first(path: str) -> None:
        if path.endswith(intent) and not asked.is_set():
            asked.set()
            go_on.wait(120)

    stripe_double.before_reply = hold_the_first

    def sync_late() -> None:
        try:
            sync_top_up(top_up.pk)
        finally:
            connection.close()

    late = threading.Thread(target=sync_late)
    late.start()
    assert asked.wait(120)
    stripe_double.refund(intent, 2000)
    sync_top_up(top_up.pk)
    assert wallet_of(top_up) == 0
    go_on.set()
    late.join(120)
    top_up.refresh_from_db()
    assert (wallet_of(top_up), top_up.reversals) == (0, 1)
