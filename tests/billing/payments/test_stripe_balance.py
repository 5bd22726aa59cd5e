"""Fees, payouts, disputes and the inbox, as staff see them: booked once, told in time, replayed at will."""

from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from billing import tasks
from billing.models import SYSTEM_ACCOUNTS, BalanceTransaction, Entry, StripeEvent, TopUp
from billing.payments.balance import Difference, at_stripe, differing_top_ups
from billing.payments.topups import sync_top_up
from billing.reconciliation.daily import reconcile
from jobs.models import OutboxMessage
from jobs.upkeep.payment_problems import notify_of_payments
from tests.billing.books import USD
from tests.billing.stripe_double import charge_event, session_event, wallet_of

CENT = USD // 100


def balance_of(kind):
    """Return what the entries of an account of the house sum to."""
    return Entry.objects.filter(account=SYSTEM_ACCOUNTS[kind]).aggregate(total=Sum("amount_nano", default=0))[
        "total"
    ]


def test_fees_and_payouts_are_booked_once(top_up, stripe_double, stella):
    """Charge, refund, dispute, a monthly fee, a payout, a stranger's charge: the clearing account is what Stripe has."""
    intent = stripe_double.pay(top_up.checkout_session)
    stripe_double.refund(intent, 500)
    stripe_double.dispute(intent, 300)
    stripe_double.move("stripe_fee", -200)
    stripe_double.move("charge", 9900, fee=300, source="ch_of_a_stranger")
    stripe_double.move("charge", 700, fee=40, source="ch_in_euro", currency="eur")
    sync_top_up(top_up.pk)
    stripe_double.move("payout", -800, source="po_1")
    for _ in range(3):
        tasks.sync_stripe_balance()
    fees = (30 + 58 + 1500 + 200) * CENT
    there = at_stripe()
    assert (there.gross_nano, there.fees_nano, there.paid_out_nano) == (12 * USD, fees, 8 * USD)
    assert (balance_of("stripe_fees"), balance_of("bank")) == (-fees, -8 * USD)
    assert -balance_of("stripe_clearing") == there.balance_nano == 12 * USD - fees - 8 * USD
    assert BalanceTransaction.objects.filter(is_ours=False).count() == 2
    found = reconcile().findings["R4 Stripe"]
    assert "$96.00 there is of payments that are not this site's. They agree." in str(found["lines"])
    stripe_double.balance[0]["net"] += 7
    assert reconcile().findings["R4 Stripe"]["open"] == found["open"] + 1
    page = stella.get("/staff/costs/stripe/").text
    assert "po_1" in page
    assert "needs an answer" in page.lower()


def test_a_refund_that_our_books_missed_is_an_open_item(top_up, stripe_double):
    """After two days, for banks need time; once the books know of it nothing is open."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    tasks.sync_stripe_balance()
    stripe_double.refund(intent, 500)
    tasks.sync_stripe_balance()
    assert differing_top_ups() == []
    TopUp.objects.update(credited_at=timezone.now() - timedelta(days=3))
    assert differing_top_ups() == [Difference(top_up.pk, 20 * USD, 15 * USD)]
    run = reconcile()
    assert "Stripe's transactions $15.00" in str(run.findings["R4 Stripe"]["lines"])
    sync_top_up(top_up.pk)
    assert differing_top_ups() == []


def test_an_account_that_settles_in_euro_is_said_once(top_up, stripe_double):
    """Not as a difference of every top-up: the wallet is right, and what is not booked has a sentence and a way out."""
    stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    for each in stripe_double.balance:
        each["currency"] = "eur"
    tasks.sync_stripe_balance()
    TopUp.objects.update(credited_at=timezone.now() - timedelta(days=3))
    assert differing_top_ups() == []
    lines = reconcile().findings["R4 Stripe"]["lines"]
    assert [line for line in lines if "(1 in EUR); only USD is booked" in line]
    assert balance_of("stripe_fees") == 0


def test_a_transaction_is_booked_once_its_payment_is_known(top_up, stripe_double):
    """Stripe listed it before its webhook came."""
    stripe_double.pay(top_up.checkout_session)
    tasks.sync_stripe_balance()
    assert balance_of("stripe_fees") == 0
    sync_top_up(top_up.pk)
    tasks.sync_stripe_balance()
    assert balance_of("stripe_fees") == -88 * CENT


def test_staff_are_told_of_a_dispute_once(top_up, stripe_double, stella):
    """With the day until which the bank waits for an answer; not of one that was decided."""
    intent = stripe_double.pay(top_up.checkout_session)
    stripe_double.dispute(intent, 2000)
    sync_top_up(top_up.pk)
    assert [notify_of_payments(), notify_of_payments()] == [1, 0]
    [mail] = OutboxMessage.objects.filter(kind="staff")
    assert f"Dispute dp_{intent} of alice@example.org needs an answer by 2" in mail.content["text"]
    stripe_double.dispute(intent, 2000, "lost")
    sync_top_up(top_up.pk)
    assert "Lost: the money is gone" in stella.get("/staff/costs/stripe/").text


def test_the_inbox_lists_finds_and_replays(top_up, stripe_double, hook, stella, alice):
    """Every event has a button; replaying a processed one asks Stripe again and credits nothing twice."""
    url = "/staff/costs/stripe/"
    intent = stripe_double.pay(top_up.checkout_session)
    hook(session_event(stripe_double, top_up))
    hook(stripe_double.event("customer.created", {"id": "cus_1"}))
    tasks.process_stripe_inbox()
    stripe_double.refund(intent, 500)
    found = stella.get(url, {"q": top_up.checkout_session}).text
    assert ("checkout.session.completed" in found, "customer.created" in found) == (True, False)
    assert "No events here" in stella.get(url, {"state": "waiting"}).text
    event = StripeEvent.objects.get(object_id=top_up.checkout_session)
    for _ in range(2):
        reply = stella.post(
            "/staff/costs/payments/retry/", {"event": event.pk}, headers={"referer": f"https://x{url}"}
        )
        assert reply.url == url
    assert wallet_of(top_up) == 15 * USD
    assert [alice.get(url).status_code, alice.post(f"{url}fetch/").status_code] == [404, 404]


def test_events_that_no_webhook_brought_are_fetched(top_up, stripe_double, stella):
    """After an outage or a restore: by a button, and every hour."""
    intent = stripe_double.pay(top_up.checkout_session)
    session_event(stripe_double, top_up)
    stripe_double.refund(intent, 500)
    charge_event(stripe_double, intent)
    assert "2 events were missing" in stella.client.post("/staff/costs/stripe/fetch/", follow=True).text
    tasks.process_stripe_inbox()
    tasks.sync_stripe_balance()
    assert (wallet_of(top_up), StripeEvent.objects.filter(processed_at=None).count()) == (15 * USD, 0)
    assert TopUp.objects.get().credited_at > timezone.now() - timedelta(hours=1)
