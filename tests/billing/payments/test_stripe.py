"""Adding money through Stripe: credited exactly once, whatever comes how often and in whatever order."""

import itertools
import uuid

import pytest

from billing import tasks
from billing.books.ledger import debt_nano
from billing.books.statement import statement
from billing.books.wallet import grant
from billing.errors import BillingError, StripeProblem
from billing.models import StripeEvent, TopUp, TopUpState, Transfer
from billing.payments.stripe_api.checkout import create_checkout
from billing.payments.topups import start_top_up, sync_top_up
from jobs.models import OutboxMessage
from jobs.upkeep.payment_problems import notify_of_payments
from tests.billing.books import USD, settle, start_job
from tests.billing.stripe_double import charge_event, session_event, wallet_of


def test_a_paid_top_up_is_credited(top_up, stripe_double, hook):
    """Row, session, payment, webhook, task: the money is in the wallet, with its source on the statement."""
    intent = stripe_double.pay(top_up.checkout_session)
    assert hook(session_event(stripe_double, top_up)).status_code == 200
    assert wallet_of(top_up) == 0
    tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 20 * USD
    top_up.refresh_from_db()
    assert (top_up.state, top_up.payment_intent, top_up.credited_nano) == (
        TopUpState.CREDITED,
        intent,
        20 * USD,
    )
    assert next(statement(top_up.workspace)).what == "Top-up"
    [told] = OutboxMessage.objects.filter(kind="payment")
    assert (told.recipient, told.content["subject"]) == (top_up.user.email, "$20.00 was added to your wallet")
    assert Transfer.objects.filter(key=f"stripe:pi:{intent}").count() == 1


@pytest.mark.parametrize("odd", ['"a\\u0000b"', '"a\\ud800b"', "NaN", "1e999", '{"k\\u0000": [null]}'])
def test_an_event_with_odd_values_is_kept(top_up, stripe_double, hook, odd):
    """What PostgreSQL's JSON does not know is replaced: the event is stored and credited, not refused for days."""
    stripe_double.pay(top_up.checkout_session)
    body = session_event(stripe_double, top_up).replace(
        '"object": "event"', f'"object": "event", "odd": {odd}'
    )
    assert hook(body).status_code == 200
    tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 20 * USD


def test_the_session_carries_our_reference_and_addresses(top_up, stripe_double):
    """Stripe knows the top-up, the amount in cents and where to send people back."""
    session = stripe_double.sessions[top_up.checkout_session]
    assert session["client_reference_id"] == str(top_up.pk)
    assert (session["amount_total"], session["currency"]) == (2000, "usd")
    assert session["success_url"] == f"https://x/{top_up.pk}/"
    assert top_up.checkout_url == session["url"]


def test_asking_stripe_twice_opens_one_session(top_up, stripe_double):
    """The idempotency key comes from our row."""
    again = create_checkout(
        top_up_id=top_up.pk,
        workspace=top_up.workspace.public_id,
        amount_cents=2000,
        email=top_up.user.email,
        success_url=f"https://x/{top_up.pk}/",
        cancel_url="https://x/",
    )
    assert again.id == top_up.checkout_session
    assert len(stripe_double.sessions) == 1


def test_who_wants_no_mail_about_top_ups_gets_none(top_up, stripe_double, hook):
    """The money is there all the same."""
    type(top_up.user).objects.update(notify_of_top_ups=False)
    stripe_double.pay(top_up.checkout_session)
    assert hook(session_event(stripe_double, top_up)).status_code == 200
    tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 20 * USD
    assert not OutboxMessage.objects.filter(kind="payment").exists()


def test_duplicate_events_credit_once(top_up, stripe_double, hook):
    """The same event ten times, and other events about the same payment, are one credit."""
    intent = stripe_double.pay(top_up.checkout_session)
    body = session_event(stripe_double, top_up)
    for _ in range(10):
        assert hook(body).status_code == 200
    hook(session_event(stripe_double, top_up, "async_payment_succeeded"))
    hook(stripe_double.event("payment_intent.succeeded", {"id": intent}))
    assert StripeEvent.objects.count() == 3
    for _ in range(3):
        tasks.process_stripe_inbox()
        for event in StripeEvent.objects.all():
            tasks.process_stripe_event(event.pk)
    sync_top_up(top_up.pk)
    assert wallet_of(top_up) == 20 * USD
    assert not StripeEvent.objects.filter(processed_at=None).exists()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_of_events_ends_the_same(top_up, stripe_double, hook, order):
    """Completed, partly refunded, disputed: each order gives the same books."""
    intent = stripe_double.pay(top_up.checkout_session)
    stripe_double.refund(intent, 500)
    stripe_double.dispute(intent, 300)
    bodies = [
        session_event(stripe_double, top_up),
        charge_event(stripe_double, intent),
        charge_event(stripe_double, intent, "charge.dispute.created"),
    ]
    for index in order:
        hook(bodies[index])
        tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 12 * USD
    assert debt_nano(top_up.workspace) == 0


def test_an_unpaid_session_is_not_credited(top_up, stripe_double, hook):
    """A slow payment is credited when it arrives, not when it is promised."""
    stripe_double.pay(top_up.checkout_session, status="unpaid")
    hook(session_event(stripe_double, top_up))
    tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 0
    stripe_double.pay(top_up.checkout_session)
    hook(session_event(stripe_double, top_up, "async_payment_succeeded"))
    tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 20 * USD


@pytest.mark.parametrize("how", ["expired", "declined"])
def test_a_failed_payment_is_marked_so(top_up, stripe_double, hook, how):
    """Nothing is credited; the row says that it failed."""
    if how == "expired":
        stripe_double.sessions[top_up.checkout_session]["status"] = "expired"
    else:
        intent = stripe_double.pay(top_up.checkout_session, status="unpaid")
        stripe_double.intents[intent]["status"] = "requires_payment_method"
    hook(session_event(stripe_double, top_up, "async_payment_failed"))
    tasks.process_stripe_inbox()
    top_up.refresh_from_db()
    assert (top_up.state, wallet_of(top_up)) == (TopUpState.FAILED, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_total": 1999},
        {"amount_total": 2001},
        {"currency": "eur"},
        {"amount_total": 0, "payment_status": "no_payment_required", "payment_intent": None},
    ],
)
def test_another_amount_or_currency_is_not_credited(
    top_up, stripe_double, hook, wrong, caplog, alice, stella
):
    """What was paid must be what was asked for; otherwise a person looks, until it is refunded."""
    intent = stripe_double.pay(top_up.checkout_session)
    stripe_double.sessions[top_up.checkout_session] |= wrong
    hook(session_event(stripe_double, top_up))
    tasks.process_stripe_inbox()
    top_up.refresh_from_db()
    assert wallet_of(top_up) == 0
    assert "2000 US cents were asked for" in top_up.problem
    assert "a member of staff must look" in caplog.text
    assert "the operator looks into it" in alice.get("/wallet/").text
    assert top_up.problem[:60] in stella.get("/staff/costs/payments/").text
    assert [notify_of_payments(), notify_of_payments()] == [1, 0]
    [mail] = OutboxMessage.objects.filter(kind="staff")
    assert (mail.recipient, top_up.problem in mail.content["text"]) == (stella.user.email, True)
    stripe_double.refund(intent, 2001)
    assert sync_top_up(top_up.pk).state == ("refunded" if "payment_intent" not in wrong else "pending")
    assert wallet_of(top_up) == 0


@pytest.mark.parametrize("nano", [0, -USD, USD // 1000, USD + 1, 10**9 * USD])
def test_a_top_up_of_nothing_or_too_much_never_reaches_stripe(alice, stripe_double, nano):
    """No row, no request, and the limits in words."""
    with pytest.raises(BillingError, match=r"between \$1\.00 and \$10,000\.00"):
        start_top_up(
            workspace=alice.workspace, user=alice.user, amount_nano=nano, success_url="x", cancel_url="y"
        )
    assert (TopUp.objects.exists(), stripe_double.requests) == (False, [])


def test_a_webhook_body_is_never_believed(top_up, stripe_double, hook):
    """The event says paid, Stripe says unpaid: Stripe is right."""
    session = stripe_double.sessions[top_up.checkout_session] | {
        "payment_status": "paid",
        "payment_intent": "pi_x",
    }
    hook(stripe_double.event("checkout.session.completed", session))
    tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 0


def test_a_lost_note_of_the_session_is_found_again(top_up, stripe_double, hook):
    """Where we died between opening the session and writing it down, the event brings it back."""
    TopUp.objects.filter(pk=top_up.pk).update(checkout_session="", checkout_url="")
    stripe_double.pay(top_up.checkout_session)
    hook(session_event(stripe_double, top_up))
    tasks.process_stripe_inbox()
    assert wallet_of(top_up) == 20 * USD


def test_a_foreign_session_credits_nobody(top_up, stripe_double):
    """A session of another top-up can't be passed off as this one's."""
    other = create_checkout(
        top_up_id=uuid.uuid4(),
        workspace=top_up.workspace.public_id,
        amount_cents=2000,
        email="a@b.c",
        success_url="x",
        cancel_url="y",
    )
    stripe_double.pay(other.id)
    TopUp.objects.filter(pk=top_up.pk).update(checkout_session="")
    with pytest.raises(StripeProblem, match="does not belong"):
        sync_top_up(top_up.pk, checkout_session=other.id)
    assert wallet_of(top_up) == 0


def test_a_refund_takes_unspent_money_back_once(top_up, stripe_double, hook):
    """Partly, then fully; telling it again changes nothing."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    for cents, left in ((500, 15), (500, 15), (2000, 0)):
        stripe_double.refund(intent, cents)
        hook(charge_event(stripe_double, intent))
        tasks.process_stripe_inbox()
        assert wallet_of(top_up) == left * USD
    top_up.refresh_from_db()
    assert (top_up.state, top_up.reversals, debt_nano(top_up.workspace)) == (TopUpState.REFUNDED, 2, 0)


def test_a_dispute_after_spending_is_owed_and_blocks_new_jobs(top_up, stripe_double, hook):
    """The wallet never goes below zero; the workspace owes the rest until it is paid."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    job = start_job(top_up.workspace, 15 * USD, trial_allowed=False)
    call, _ = job.hold(15 * USD)
    settle(call, 15 * USD)
    job.close()
    stripe_double.dispute(intent, 2000)
    hook(charge_event(stripe_double, intent, "charge.dispute.created"))
    tasks.process_stripe_inbox()
    assert (wallet_of(top_up), debt_nano(top_up.workspace)) == (0, 15 * USD)
    with pytest.raises(BillingError, match=r"\$15\.00 of it had been spent or reserved") as caught:
        start_job(top_up.workspace, USD)
    assert caught.value.code == "payment_disputed"
    again = start_top_up(
        workspace=top_up.workspace, user=top_up.user, amount_nano=18 * USD, success_url="x", cancel_url="y"
    )
    stripe_double.pay(again.checkout_session)
    sync_top_up(again.pk)
    assert (wallet_of(top_up), debt_nano(top_up.workspace)) == (3 * USD, 0)
    told = [
        (row.what, row.memo != "", row.amount_nano)
        for row in itertools.islice(statement(top_up.workspace), 2)
    ]
    assert told == [("Payment of an open debt", True, -15 * USD), ("Top-up", False, 18 * USD)]


def test_a_won_dispute_gives_the_money_back(top_up, stripe_double, hook):
    """Debt first, the rest to the wallet; a dispute that is opened anew takes it again."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    disputed = "the payment was disputed"
    for status, left, memo in (
        ("needs_response", 0, disputed),
        ("won", 20, "a dispute was decided for you"),
        ("needs_response", 0, disputed),
        ("lost", 0, disputed),
    ):
        stripe_double.dispute(intent, 2000, status)
        hook(charge_event(stripe_double, intent, "charge.dispute.closed"))
        tasks.process_stripe_inbox()
        assert wallet_of(top_up) == left * USD
        assert next(statement(top_up.workspace)).memo == memo


def test_a_refund_that_fails_is_called_one(top_up, stripe_double):
    """The statement does not speak of a dispute that never was."""
    intent = stripe_double.pay(top_up.checkout_session)
    for cents in (500, 0):
        sync_top_up(top_up.pk)
        stripe_double.refund(intent, cents)
    sync_top_up(top_up.pk)
    back, gone, *_ = statement(top_up.workspace)
    assert (back.amount_nano, back.memo) == (5 * USD, "a refund failed, the money is back")
    assert (gone.what, gone.memo) == ("Refund or dispute", "the payment was refunded")


def test_staff_try_an_event_again_and_close_what_was_dealt_with(top_up, stripe_double, hook, stella, alice):
    """Both by a button on the page of payments; closing needs a reason."""
    stripe_double.pay(top_up.checkout_session)
    hook(session_event(stripe_double, top_up))
    StripeEvent.objects.update(attempts=20, error="StripeProblem: away")
    assert "StripeProblem: away" in stella.get("/staff/costs/payments/").text
    stripe_double.down = True
    event = {"event": StripeEvent.objects.get().pk}
    assert "did not accept" in stella.client.post("/staff/costs/payments/retry/", event, follow=True).text
    stripe_double.down = False
    assert "is processed" in stella.client.post("/staff/costs/payments/retry/", event, follow=True).text
    assert wallet_of(top_up) == 20 * USD
    TopUp.objects.update(state="pending", problem="Paid in kind.")
    sent = {"top_up": top_up.pk, "reason": "refunded"}
    for person, url in itertools.product((alice,), ("retry/", "close/")):
        assert person.post(f"/staff/costs/payments/{url}", sent | event).status_code == 404
    stella.post("/staff/costs/payments/close/", sent | {"reason": " "})
    assert TopUp.objects.get().problem == "Paid in kind."
    stella.post("/staff/costs/payments/close/", sent)
    assert TopUp.objects.get().problem == "Closed by stella@example.org: refunded (Paid in kind.)"
    TopUp.objects.update(state="credited", problem="")


def test_a_dispute_in_another_currency_takes_the_whole_payment(top_up, stripe_double):
    """What its amount is in dollars only Stripe knows; to leave the money would give it away."""
    intent = stripe_double.pay(top_up.checkout_session)
    stripe_double.dispute(intent, 1850, currency="eur")
    sync_top_up(top_up.pk)
    assert wallet_of(top_up) == 0


def test_money_that_returns_from_a_job_pays_a_debt_first(top_up, stripe_double):
    """What a disputed payment left owing is taken from the unspent money of jobs, before any of it reaches the wallet."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    job = start_job(top_up.workspace, 20 * USD, trial_allowed=False)
    call, _ = job.hold(4 * USD)
    settle(call, 4 * USD)
    stripe_double.refund(intent, 1000)
    sync_top_up(top_up.pk)
    assert (wallet_of(top_up), debt_nano(top_up.workspace)) == (0, 10 * USD)
    job.close()
    assert (wallet_of(top_up), debt_nano(top_up.workspace)) == (6 * USD, 0)
    paid, returned, *_ = statement(top_up.workspace)
    assert (paid.what, paid.amount_nano) == ("Payment of an open debt", -10 * USD)
    assert (returned.what, returned.amount_nano) == ("Unspent money returned from a job", 16 * USD)
    start_job(top_up.workspace, 6 * USD)


def test_money_that_returns_and_is_less_than_the_debt_lowers_it(top_up, stripe_double):
    """Trial credit is no payment: it goes back where it came from."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    job = start_job(top_up.workspace, 20 * USD, trial_allowed=False)
    call, _ = job.hold(15 * USD)
    settle(call, 15 * USD)
    stripe_double.dispute(intent, 2000)
    sync_top_up(top_up.pk)
    job.close()
    assert (wallet_of(top_up), debt_nano(top_up.workspace)) == (0, 15 * USD)


def test_money_given_by_staff_pays_a_debt_first(top_up, stripe_double, alice):
    """However money comes into a wallet, no debt stays beside it; a grant that is repeated changes nothing."""
    intent = stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    job = start_job(top_up.workspace, 20 * USD, trial_allowed=False)
    call, _ = job.hold(20 * USD)
    settle(call, 20 * USD)
    job.close()
    stripe_double.refund(intent, 1500)
    sync_top_up(top_up.pk)
    for _ in range(2):
        grant(
            workspace=top_up.workspace,
            amount_nano=18 * USD,
            by=alice.user,
            reason="goodwill",
            key="goodwill:1",
        )
    assert (wallet_of(top_up), debt_nano(top_up.workspace)) == (3 * USD, 0)
