"""Payments of which nobody told: lost webhooks and tabs, outages, events that fail, rows that a restore forgot."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from billing import tasks
from billing.errors import StripeProblem
from billing.models import StripeEvent, TopUp, TopUpState
from billing.payments import inbox as stripe_inbox
from billing.payments.topups import start_top_up, sync_top_up
from tests.billing.books import USD
from tests.billing.stripe_double import session_event, wallet_of


def test_an_outage_is_made_up_for_later(top_up, stripe_double, hook):
    """While Stripe is down the event waits with its error; one bad event holds up no other."""
    stripe_double.pay(top_up.checkout_session)
    hook(session_event(stripe_double, top_up))
    stripe_double.down = True
    tasks.process_stripe_inbox()
    event = StripeEvent.objects.get()
    assert (event.processed_at, event.attempts) == (None, 1)
    assert "StripeProblem" in event.error
    with pytest.raises(StripeProblem):
        stripe_inbox.process(event.pk)
    stripe_double.down = False
    tasks.process_stripe_inbox()
    event.refresh_from_db()
    assert event.processed_at is not None
    assert event.error == ""
    assert wallet_of(top_up) == 20 * USD


def test_events_that_fail_hold_up_no_other(top_up, stripe_double, hook, monkeypatch):
    """However many wait for a person, one that came later is processed; a failed one rests longer each time."""
    monkeypatch.setattr(stripe_inbox, "_BATCH", 2)
    stuck = [
        StripeEvent(id=f"evt_stuck_{n}", type="charge.refunded", payload={}, attempts=9) for n in range(3)
    ]
    StripeEvent.objects.bulk_create(stuck)
    StripeEvent.objects.update(received_at=timezone.now() - timedelta(minutes=35))
    stripe_double.pay(top_up.checkout_session)
    hook(session_event(stripe_double, top_up))
    tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 20 * USD
    tasks.process_stripe_inbox()
    assert sorted(StripeEvent.objects.values_list("attempts", flat=True)) == [0, 10, 10, 10]
    assert stripe_inbox.unprocessed() == []


@pytest.mark.parametrize(
    ("at_stripe", "state"),
    [
        ("paid", "credited"),
        ("expired", "failed"),
        ("open", "pending"),
        ("away", "pending"),
        ("unknown", "pending"),
    ],
)
def test_a_payment_that_nobody_tells_of_is_found(top_up, stripe_double, at_stripe, state):
    """Webhook lost, tab closed: the sweep asks Stripe, credits what was paid and closes what expired."""
    match at_stripe:
        case "paid":
            stripe_double.pay(top_up.checkout_session)
        case "expired":
            stripe_double.sessions[top_up.checkout_session]["status"] = "expired"
        case "unknown":
            stripe_double.sessions.clear()
    stripe_double.down = at_stripe == "away"
    tasks.ask_about_pending_top_ups()
    assert wallet_of(top_up) == 0, "just opened: the payer is still at it"
    TopUp.objects.update(created_at=timezone.now() - timedelta(hours=26))
    for _ in range(2):
        tasks.ask_about_pending_top_ups()
    top_up.refresh_from_db()
    assert (top_up.state, wallet_of(top_up)) == (state, 20 * USD if at_stripe == "paid" else 0)
    assert ("Stripe does not know" in top_up.problem) == (at_stripe == "unknown")


def test_a_refund_that_nobody_tells_of_is_found(top_up, stripe_double):
    """Its event was lost: within a day the books say what Stripe says, and ask no more than once a day."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    stripe_double.refund(intent, 500)
    tasks.ask_about_pending_top_ups()
    assert wallet_of(top_up) == 20 * USD
    TopUp.objects.update(credited_at=timezone.now() - timedelta(hours=25))
    tasks.ask_about_pending_top_ups()
    assert wallet_of(top_up) == 15 * USD
    asked = len(stripe_double.requests)
    tasks.ask_about_pending_top_ups()
    assert len(stripe_double.requests) == asked


def test_a_top_up_that_never_reached_stripe_fails(top_up, stripe_double):
    """Nobody was sent to pay; it does not stay pending for ever."""
    TopUp.objects.update(created_at=timezone.now() - timedelta(hours=26), checkout_session="")
    tasks.ask_about_pending_top_ups()
    top_up.refresh_from_db()
    assert top_up.state == "failed"


@pytest.mark.parametrize(
    "kind", ["checkout.session.completed", "payment_intent.succeeded", "charge.refunded"]
)
def test_a_top_up_that_a_restore_forgot_is_credited(top_up, stripe_double, hook, settings, kind):
    """Its row was made after the backup: Stripe's events, sent again, bring it back, whichever comes first."""
    settings.PONDER_BASE_URL = "https://x"
    intent = stripe_double.pay(top_up.checkout_session)
    stripe_double.refund(intent, 500)
    TopUp.objects.all().delete()
    for each in (kind, "checkout.session.completed", "charge.refunded"):
        about = {
            "checkout.session.completed": stripe_double.sessions[top_up.checkout_session],
            "payment_intent.succeeded": {"id": intent},
            "charge.refunded": {"id": "ch_1", "payment_intent": intent},
        }[each]
        hook(stripe_double.event(each, about))
        tasks.process_stripe_inbox()
        assert wallet_of(top_up) == 15 * USD
    assert not StripeEvent.objects.filter(processed_at=None).exists()


@pytest.mark.parametrize("whose", ["of another site", "of a lost workspace"])
def test_a_forgotten_payment_of_unknown_owner_waits_for_a_person(
    top_up, stripe_double, hook, settings, whose
):
    """Credited to nobody; where it is this site's own the event stays and says what to do."""
    is_ours = whose == "of a lost workspace"
    settings.PONDER_BASE_URL = "https://x" if is_ours else "https://y"
    stripe_double.pay(top_up.checkout_session)
    TopUp.objects.all().delete()
    stripe_double.sessions[top_up.checkout_session]["metadata"]["workspace"] = str(uuid.uuid4())
    hook(session_event(stripe_double, top_up))
    tasks.process_stripe_inbox()
    event = StripeEvent.objects.get()
    assert (event.processed_at is None) == is_ours
    assert ("manage.py grant" in event.error) == is_ours
    assert (wallet_of(top_up), TopUp.objects.count()) == (0, 0)


def test_stripe_that_fails_at_the_start_charges_nothing(alice, stripe_double):
    """The row stays pending and the message says what happened."""
    stripe_double.down = True
    with pytest.raises(StripeProblem, match="Nothing was charged") as caught:
        start_top_up(
            workspace=alice.workspace, user=alice.user, amount_nano=USD, success_url="x", cancel_url="y"
        )
    assert caught.value.code == "stripe_failed"
    assert TopUp.objects.get().state == TopUpState.PENDING
