"""Unspent money that goes back to the card: to whom, how much at most, once, and what becomes of those that fail."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Membership, Role, Workspace
from billing import tasks
from billing.books.ledger import debt_nano
from billing.books.paid_money import sum_paid
from billing.books.statement import statement
from billing.books.wallet import balances, grant
from billing.errors import BillingError
from billing.models import Refund, RefundState, StripeCustomer, TopUp
from billing.payments.refunds import ask_for_refund, refundable_nano
from billing.payments.topups import start_top_up, sync_top_up
from tests.billing.books import USD, settle, start_job
from tests.billing.ledger.test_races import together
from tests.billing.stripe_double import charge_event, wallet_of

REFUNDS = "/v1/refunds"


@pytest.fixture
def paid(top_up, stripe_double) -> TopUp:
    """$20 that Alice paid."""
    stripe_double.pay(top_up.checkout_session)
    return sync_top_up(top_up.pk)


def pay_more(paid, stripe_double, usd):
    """Pay once more."""
    more = start_top_up(
        workspace=paid.workspace, user=paid.user, amount_nano=usd * USD, success_url="x", cancel_url="y"
    )
    stripe_double.pay(more.checkout_session)
    return sync_top_up(more.pk)


def ask(paid, usd, request=None, **more):
    """Ask for a refund."""
    nano = round(usd * 100) * USD // 100
    return ask_for_refund(
        workspace=paid.workspace, request=request or uuid.uuid4(), amount_nano=nano, by=paid.user, **more
    )


def test_unspent_money_goes_back_newest_payment_first(paid, stripe_double, alice):
    """$25 of $30: all of the newest payment, then a part of the older; a second click is the same wish."""
    newer = pay_more(paid, stripe_double, 10)
    page = alice.get("/wallet/payments/").text
    assert "$30.00" in page
    assert f"https://pay.stripe.com/receipts/{paid.payment_intent}" in page
    wish = {"request": str(uuid.uuid4()), "amount": "25"}
    for _ in range(2):
        assert "$25.00 is on its way back" in alice.client.post("/wallet/refund/", wish, follow=True).text
    assert [(each.top_up_id, each.cents, each.state) for each in Refund.objects.order_by("-cents")] == [
        (paid.pk, 1500, "done"),
        (newer.pk, 1000, "done"),
    ]
    assert (wallet_of(paid), stripe_double.posts_to(REFUNDS)) == (5 * USD, 2)
    tasks.send_refunds()
    for top_up in (paid, newer):
        assert sync_top_up(top_up.pk).reversed_nano in {15 * USD, 10 * USD}
    assert wallet_of(paid) == 5 * USD
    newest = next(statement(paid.workspace))
    assert (newest.what, newest.memo) == ("Refund or dispute", "refund to your card, as you asked")


@pytest.mark.parametrize("typed", ["0", "-1", "0.001", "20.01", "1000000000", "x", ""])
def test_more_than_is_unspent_is_refused_in_words(paid, stripe_double, alice, typed):
    """Nothing moves, and the field says what is possible."""
    reply = alice.post("/wallet/refund/", {"request": str(uuid.uuid4()), "amount": typed})
    assert (reply.status_code, wallet_of(paid), stripe_double.posts_to(REFUNDS)) == (422, 20 * USD, 0)


def test_only_what_was_paid_for_and_is_not_reserved_can_be_refunded(paid, alice):
    """Trial credit and grants stay; grants are spent first; what jobs reserve comes back to where it came from."""
    grant(workspace=paid.workspace, amount_nano=5 * USD, by=None, reason="goodwill")
    grant(workspace=paid.workspace, amount_nano=9 * USD, by=None, reason="trial", to_trial=True)
    assert refundable_nano(paid.workspace) == 20 * USD
    job = start_job(paid.workspace, 12 * USD, trial_allowed=False)
    assert refundable_nano(paid.workspace) == 13 * USD
    call, _ = job.hold(4 * USD)
    settle(call, 4 * USD)
    job.close()
    assert (balances(paid.workspace).wallet_nano, refundable_nano(paid.workspace)) == (21 * USD, 20 * USD)
    with pytest.raises(BillingError, match=r"At most \$20\.00"):
        ask(paid, 20.01)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["top_up", "grant", "refund", "escrow", "release", "debt"]),
        st.sampled_from([uuid.UUID(int=1), uuid.UUID(int=2)]),
        st.integers(-50, 50).filter(bool),
    ),
    max_size=25,
)


@given(MOVES)
def test_the_paid_part_is_never_more_than_paid_nor_than_is_there(moves):
    """Whatever moves in whatever order: 0 ≤ paid part ≤ wallet, and ≤ payments less refunds."""
    wallet, put_in, done = 0, 0, []
    for kind, job, nano in moves:
        if wallet + nano < 0 or (nano < 0) != (kind in {"escrow", "debt"} or (kind == "refund" and nano < 0)):
            continue
        done.append((kind, job if kind in {"escrow", "release"} else None, nano))
        wallet += nano
        put_in += nano if kind in {"top_up", "refund"} and nano > 0 else 0
        assert 0 <= sum_paid(done) <= min(wallet, put_in)


@pytest.mark.parametrize("how", ["refused", "sent back later", "pending first"])
def test_a_refund_that_fails_is_in_the_wallet_again(paid, stripe_double, hook, alice, how):
    """Refused by Stripe at once, or sent back by the bank days later: the page says so, the books balance."""
    stripe_double.refund_says = {"refused": "refused", "pending first": "pending"}.get(how, "succeeded")
    [refund] = ask(paid, 8)
    assert refund.state == {"refused": "failed", "pending first": "sent"}.get(how, "done")
    if how != "refused":
        assert wallet_of(paid) == 12 * USD
        stripe_double.fail_refund(refund.stripe_refund)
        for _ in range(2):
            hook(charge_event(stripe_double, paid.payment_intent, "refund.failed"))
            tasks.process_stripe_inbox()
    refund.refresh_from_db()
    assert (refund.state, wallet_of(paid), debt_nano(paid.workspace)) == ("failed", 20 * USD, 0)
    assert "the money is back in the wallet" in alice.get("/wallet/payments/").text
    stripe_double.refund_says = "succeeded"
    ask(paid, 20)
    assert (wallet_of(paid), refundable_nano(paid.workspace)) == (0, 0)


@pytest.mark.parametrize("lost", ["the reply", "the request"])
@pytest.mark.parametrize("keys", ["kept", "expired"])
def test_a_crash_in_between_refunds_once(paid, stripe_double, lost, keys):
    """The money has left the wallet and waits; the sweep asks, and asks for no second refund."""
    stripe_double.loses_replies, stripe_double.down = lost == "the reply", lost == "the request"
    [refund] = ask(paid, 8)
    assert (refund.state, wallet_of(paid)) == (RefundState.PENDING, 12 * USD)
    stripe_double.loses_replies = stripe_double.down = False
    if keys == "expired":
        stripe_double.replies.clear()
    long_ago = timezone.now() - timedelta(minutes=6)
    for _ in range(3):
        Refund.objects.update(created_at=long_ago, asked_at=long_ago)
        tasks.send_refunds()
    refund.refresh_from_db()
    charge = stripe_double.intents[paid.payment_intent]["latest_charge"]
    assert (refund.state, wallet_of(paid), charge["amount_refunded"]) == ("done", 12 * USD, 800)


def test_a_refund_here_and_one_in_the_dashboard_are_both_booked(paid, stripe_double):
    """While ours is on its way somebody refunds in the dashboard: each counts once."""
    stripe_double.down = True
    [refund] = ask(paid, 8)
    stripe_double.down = False
    stripe_double.refund(paid.payment_intent, 500)
    sync_top_up(paid.pk)
    assert wallet_of(paid) == 7 * USD
    Refund.objects.update(created_at=timezone.now() - timedelta(minutes=6), asked_at=None)
    tasks.send_refunds()
    refund.refresh_from_db()
    assert (refund.state, wallet_of(paid)) == ("done", 7 * USD)


def test_clicks_at_the_same_moment_are_one_refund(transactional_db, paid, stripe_double):
    """Four times the same wish refunds once; two wishes of $15 cannot both be met from $20."""
    wish = uuid.uuid4()
    together(*[lambda: ask(paid, 3, request=wish)] * 4)
    assert (wallet_of(paid), stripe_double.posts_to(REFUNDS) >= 1, Refund.objects.count()) == (
        17 * USD,
        True,
        1,
    )
    outcomes = together(lambda: ask(paid, 15), lambda: ask(paid, 15))
    assert [type(each).__name__ for each in outcomes].count("BillingError") == 1
    assert wallet_of(paid) == 2 * USD


def test_staff_refund_with_a_reason_and_a_second_look(paid, stripe_double, stella, alice, charlie):
    """The first step shows what would happen and moves nothing; the reason is in the person's ledger."""
    url = "/staff/costs/refunds/"
    wish = {"email": alice.user.email, "request": str(uuid.uuid4()), "amount": "8", "reason": "Paid twice"}
    assert [person.post(url, wish).status_code for person in (alice, charlie)] == [404, 404]
    assert stella.get(url, {"email": "nobody@example.org"}).status_code == 404
    assert "$20.00" in stella.get(url, {"email": alice.user.email}).text
    assert stella.post(url, wish | {"reason": " "}).status_code == 422
    assert "Is this right?" in stella.post(url, wish).text
    assert (wallet_of(paid), Refund.objects.exists()) == (20 * USD, False)
    for _ in range(2):
        page = stella.client.post(url, wish | {"sure": "on"}, follow=True).text
    assert "$8.00 is on its way back" in page
    [refund] = Refund.objects.all()
    assert (refund.by, refund.by_staff, wallet_of(paid)) == (stella.user, True, 12 * USD)
    assert "Paid twice" in alice.get("/wallet/").text


def test_staff_refund_what_a_team_paid(paid, stripe_double, stella, alice):
    """Of several workspaces that a person owns staff choose one; one that is not theirs is none."""
    team = Workspace.objects.create(name="Team")
    Membership.objects.create(workspace=team, user=alice.user, role=Role.OWNER)
    more = start_top_up(workspace=team, user=alice.user, amount_nano=9 * USD, success_url="x", cancel_url="y")
    stripe_double.pay(more.checkout_session)
    sync_top_up(more.pk)
    url, asked = "/staff/costs/refunds/", {"email": alice.user.email, "workspace": str(team.public_id)}
    own = stella.get(url, {"email": alice.user.email}).text
    assert "owns several workspaces" in own
    assert f"workspace={team.public_id}" in own
    assert "$9.00" in stella.get(url, asked).text
    wish = asked | {"request": str(uuid.uuid4()), "amount": "8", "reason": "Paid twice", "sure": "on"}
    assert stella.post(url, wish | {"workspace": str(uuid.uuid4())}).status_code == 404
    assert stella.post(url, wish).status_code == 302
    assert Refund.objects.get().top_up.workspace == team


def test_only_owners_refund_and_see_the_portal(paid, stripe_double, alice, bob, charlie):
    """A member moves no money out of a shared wallet, and sees no cards and invoices of others."""
    wish = {"request": str(uuid.uuid4()), "amount": "5"}
    assert "Only an owner" in bob.client.post("/wallet/refund/", wish, follow=True).text
    assert "Only an owner" in bob.client.post("/wallet/portal/", follow=True).text
    assert charlie.post("/wallet/refund/", wish).status_code == 422
    assert wallet_of(paid) == 20 * USD
    assert "knows no invoices" in alice.client.post("/wallet/portal/", follow=True).text
    StripeCustomer.objects.create(workspace=paid.workspace, customer="cus_1")
    reply = alice.post("/wallet/portal/")
    assert (reply.status_code, reply.url) == (303, "https://billing.stripe.com/p/session/1")
    assert stripe_double.portals[0]["customer"] == "cus_1"
    stripe_double.down = True
    assert "could not be opened" in alice.client.post("/wallet/portal/", follow=True).text


def test_invoices_and_taxes_are_asked_for_by_settings(paid, stripe_double, settings):
    """Stripe makes the invoice and adds the taxes; without the settings neither is asked for."""
    plain = stripe_double.sessions["cs_0001"]["asked"]
    settings.STRIPE_INVOICES = settings.STRIPE_AUTOMATIC_TAX = True
    pay_more(paid, stripe_double, 10)
    asked = stripe_double.sessions["cs_0002"]["asked"]
    assert asked["invoice_creation"] == asked["automatic_tax"] == {"enabled": "true"}
    assert (asked["customer"], asked["customer_update"]["address"]) == ("cus_0001", "auto")
    assert not {"invoice_creation", "automatic_tax", "customer"} & set(plain)


def test_taxes_are_owed_to_the_state_and_go_back_with_the_money(top_up, stripe_double, settings, purse):
    """$20 and $3.80 taxes are paid; half of the money goes back with half of the taxes."""
    session = stripe_double.sessions[top_up.checkout_session]
    session |= {"amount_total": 2380, "total_details": {"amount_tax": 380}}
    stripe_double.pay(top_up.checkout_session)
    paid = sync_top_up(top_up.pk)
    assert (wallet_of(paid), paid.tax_nano) == (20 * USD, 380 * USD // 100)
    [refund] = ask(paid, 10)
    assert (refund.cents, wallet_of(paid)) == (1190, 10 * USD)
    ask(paid, 10)
    assert (wallet_of(paid), sync_top_up(paid.pk).state) == (0, "refunded")
