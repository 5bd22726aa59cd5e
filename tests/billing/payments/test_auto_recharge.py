"""Money added from a saved card while nobody is there: by consent, within limits, once for each need."""

from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import Membership, Role, User
from billing import tasks
from billing.books.closing import forget_payment_details
from billing.errors import StripeProblem
from billing.models import AutoRecharge, SavedCard, StripeEvent, TopUp, TopUpState
from billing.payments import auto_recharge
from billing.payments.recharge_rules import Hindrance, hindrance
from billing.payments.topups import start_top_up, sync_top_up
from jobs.models import OutboxMessage
from tests.billing.books import USD, settle, start_job
from tests.billing.ledger.test_races import together
from tests.billing.stripe_double import wallet_of

pytestmark = pytest.mark.usefixtures("noon")
INTENTS = "/v1/payment_intents"


@pytest.fixture
def card(alice, broke, stripe_double) -> SavedCard:
    """A card that Alice saved by paying $20 with it. Emails are counted here, so she wants none of what went well."""
    User.objects.filter(pk=alice.user.pk).update(notify_of_top_ups=False)
    top_up = start_top_up(
        workspace=broke,
        user=alice.user,
        amount_nano=20 * USD,
        success_url="x",
        cancel_url="y",
        saves_card=True,
    )
    stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    return SavedCard.objects.get()


@pytest.fixture
def rule(card) -> AutoRecharge:
    """Alice spent all but $4; below $5, $10 is added, at most $45 a month."""
    spend(card.workspace, 16 * USD)
    return auto_recharge.switch_on(
        workspace=card.workspace,
        user=card.user,
        card=card,
        threshold_nano=5 * USD,
        amount_nano=10 * USD,
        monthly_cap_nano=45 * USD,
    )


def spend(workspace, nano):
    """Spend so much of the wallet on a job."""
    job = start_job(workspace, nano, trial_allowed=False)
    call, _ = job.hold(nano)
    settle(call, nano)
    job.close()


def test_a_card_is_saved_only_with_consent(alice, top_up, stripe_double):
    """Without the tick Stripe keeps no card; with it the card is listed, and charges nothing by itself."""
    stripe_double.pay(top_up.checkout_session)
    sync_top_up(top_up.pk)
    assert "setup_future_usage" not in str(stripe_double.sessions[top_up.checkout_session]["asked"])
    assert not SavedCard.objects.exists()
    alice.post("/wallet/top-up/", {"amount": "20", "saves_card": "on"})
    second = TopUp.objects.latest("created_at")
    asked = stripe_double.sessions[second.checkout_session]["asked"]
    assert asked["payment_intent_data"]["setup_future_usage"] == "off_session"
    stripe_double.pay(second.checkout_session)
    for _ in range(2):
        sync_top_up(second.pk)
    [card] = SavedCard.objects.all()
    assert (card.user, card.words) == (alice.user, "Visa ending in 4242")
    page = alice.get("/wallet/automatic/").text
    assert "Visa ending in 4242" in page
    assert "off until you switch it on" in page
    tasks.recharge_wallets()
    assert stripe_double.posts_to(INTENTS) == 0


def test_a_low_wallet_is_filled_once(rule, stripe_double):
    """$10 come from the card, with the version of the API that the code names; then there is enough."""
    for _ in range(3):
        tasks.recharge_wallets()
    top_up = TopUp.objects.get(origin="auto")
    assert (wallet_of(top_up), top_up.state, stripe_double.posts_to(INTENTS)) == (14 * USD, "credited", 1)
    assert hindrance(rule) == Hindrance.ENOUGH
    assert stripe_double.versions == {"2026-10-28.endive"}


def test_at_most_three_times_in_ten_minutes_and_within_the_cap(rule, stripe_double):
    """The fourth waits, the fifth of the month would exceed $45."""
    for _ in range(5):
        tasks.recharge_wallets()
        spend(rule.workspace, 10 * USD) if hindrance(rule) == Hindrance.ENOUGH else None
    assert (stripe_double.posts_to(INTENTS), hindrance(rule)) == (3, Hindrance.TOO_FAST)
    TopUp.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    tasks.recharge_wallets()
    spend(rule.workspace, 10 * USD)
    tasks.recharge_wallets()
    assert (stripe_double.posts_to(INTENTS), hindrance(rule)) == (4, Hindrance.CAP)


@pytest.mark.parametrize("says", ["card_declined", "authentication_required"])
def test_a_decline_is_told_and_not_repeated_at_once(rule, stripe_double, says, alice):
    """One email; a declined card rests for an hour, a bank that wants its customer waits for the customer."""
    stripe_double.card_says = says
    for _ in range(3):
        tasks.recharge_wallets()
    top_up = TopUp.objects.get(origin="auto")
    assert (top_up.state, wallet_of(top_up), stripe_double.posts_to(INTENTS)) == ("failed", 4 * USD, 1)
    [mail] = OutboxMessage.objects.filter(kind="payment")
    assert (mail.recipient, "/wallet/?amount=10" in mail.content["text"]) == (alice.user.email, True)
    in_person = says == "authentication_required"
    assert ("confirm the payment yourself" in mail.content["text"]) is in_person
    assert (
        alice.get("/wallet/automatic/").text.count(
            "confirm a payment yourself" if in_person else "was declined"
        )
        >= 1
    )
    stripe_double.card_says = "succeeded"
    if in_person:
        mine = start_top_up(
            workspace=rule.workspace, user=alice.user, amount_nano=USD, success_url="x", cancel_url="y"
        )
        stripe_double.pay(mine.checkout_session)
        sync_top_up(mine.pk)
        spend(rule.workspace, USD)
    else:
        AutoRecharge.objects.update(paused_until=timezone.now() - timedelta(seconds=1))
    tasks.recharge_wallets()
    assert wallet_of(top_up) == 14 * USD
    rule.refresh_from_db()
    assert (rule.failures, rule.needs_person) == (0, False)


def test_five_declines_switch_it_off(rule, stripe_double):
    """Each pause is longer; the email at the end says that it is off."""
    stripe_double.card_says = "card_declined"
    for _ in range(5):
        AutoRecharge.objects.update(paused_until=None)
        TopUp.objects.update(created_at=timezone.now() - timedelta(minutes=11))
        tasks.recharge_wallets()
    rule.refresh_from_db()
    assert (rule.is_on, rule.failures, OutboxMessage.objects.filter(kind="payment").count()) == (False, 5, 2)
    assert rule.paused_until > timezone.now() + timedelta(hours=15)


@pytest.mark.parametrize("heard", ["the sweep asks", "an event comes", "never arrived"])
def test_a_crash_while_stripe_charges_is_made_up_for(rule, stripe_double, hook, heard):
    """The reply was lost: nothing is charged again, and what was charged is credited once."""
    stripe_double.loses_replies, stripe_double.down = heard != "never arrived", heard == "never arrived"
    with pytest.raises(StripeProblem):
        # Listing forgotten charges fails first where Stripe is away, so the charge itself is asked for directly.
        auto_recharge._charge(auto_recharge._begin(rule), rule.card)
    stripe_double.loses_replies = stripe_double.down = False
    for _ in range(2):
        tasks.recharge_wallets()
    assert hindrance(rule) == Hindrance.PENDING
    if heard == "an event comes":
        [charged] = [each for each in stripe_double.intents.values() if each["id"].startswith("pi_auto")]
        hook(stripe_double.event("payment_intent.succeeded", {"id": charged["id"]}))
        tasks.process_stripe_inbox()
    else:
        TopUp.objects.filter(origin="auto").update(created_at=timezone.now() - timedelta(minutes=11))
    for _ in range(2):
        tasks.ask_about_pending_top_ups()
    top_up = TopUp.objects.get(origin="auto")
    is_charged = heard != "never arrived"
    assert (top_up.state, wallet_of(top_up)) == (
        ("credited", 14 * USD) if is_charged else (TopUpState.FAILED, 4 * USD)
    )
    tasks.recharge_wallets()
    assert (wallet_of(top_up), len([each for each in stripe_double.intents if "auto" in each])) == (
        14 * USD,
        1,
    )


def test_many_workers_charge_once(transactional_db, rule, stripe_double):
    """Four sweeps at the same moment: one charge."""
    outcomes = together(*[lambda: auto_recharge.recharge(rule)] * 4)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert (stripe_double.posts_to(INTENTS), TopUp.objects.filter(origin="auto").count()) == (1, 1)
    connections.close_all()


def test_a_charge_that_is_credited_while_another_sweep_looks_is_seen(transactional_db, rule, stripe_double):
    """It is under way no more when payments are looked at, or its money was there when the wallet was: never neither."""
    top_up = auto_recharge._begin(rule)
    auto_recharge._charge(top_up, rule.card)
    credited = []

    def credit_then(execute, sql, *given):
        found = execute(sql, *given)
        if not credited and ("billing_account" in sql or "billing_topup" in sql):
            credited.extend(together(lambda: sync_top_up(top_up.pk)))
        return found

    with connection.execute_wrapper(credit_then):
        assert hindrance(rule) is not None
    assert [each.state for each in credited] == [TopUpState.CREDITED]
    connections.close_all()


@pytest.mark.parametrize("how", ["the next need", "its event"])
def test_a_charge_that_a_restore_forgot_is_credited_before_another(rule, stripe_double, hook, settings, how):
    """The restored wallet is low and knows of no charge, but the card was charged after the backup."""
    settings.PONDER_BASE_URL = "https://x"
    charged = auto_recharge._begin(rule)
    auto_recharge._charge(charged, rule.card)
    charged.refresh_from_db()
    TopUp.objects.filter(pk=charged.pk).delete()
    if how == "its event":
        hook(stripe_double.event("payment_intent.succeeded", {"id": charged.payment_intent}))
        tasks.process_stripe_inbox()
    for _ in range(2):
        tasks.recharge_wallets()
    assert (TopUp.objects.get(origin="auto").pk, wallet_of(charged)) == (charged.pk, 14 * USD)
    assert stripe_double.posts_to(INTENTS) == 1


def test_a_removed_card_is_charged_no_more(rule, card, alice, bob, charlie, stripe_double):
    """Only its owner removes it; it is switched off with it, and Stripe forgets it, later where it is away."""
    for other in (bob, charlie):
        other.post(f"/wallet/cards/{card.pk}/remove/")
    assert SavedCard.objects.get().removed_at is None
    stripe_double.down = True
    page = alice.client.post(f"/wallet/cards/{card.pk}/remove/", follow=True).text
    assert "is removed" in page
    stripe_double.down = False
    SavedCard.objects.update(removed_at=timezone.now() - timedelta(minutes=2))
    tasks.recharge_wallets()
    tasks.ask_about_pending_top_ups()
    card.refresh_from_db()
    assert (stripe_double.cards[card.payment_method]["customer"], card.detached_at is None) == (None, False)
    assert stripe_double.posts_to(INTENTS) == 0


def test_a_closed_account_is_charged_no_more(rule, stripe_double):
    """Its cards are forgotten here and, by the sweep, at Stripe."""
    forget_payment_details(rule.workspace)
    SavedCard.objects.update(removed_at=timezone.now() - timedelta(minutes=2))
    tasks.recharge_wallets()
    tasks.ask_about_pending_top_ups()
    [card] = SavedCard.objects.all()
    assert (card.last4, stripe_double.cards[card.payment_method]["customer"]) == ("", None)
    assert stripe_double.posts_to(INTENTS) == 0


def test_a_card_that_is_removed_at_stripe_is_gone_here(rule, card, stripe_double, hook):
    """Its owner removed it in the portal: the event tells, Stripe is asked."""
    stripe_double.cards[card.payment_method]["customer"] = None
    hook(stripe_double.event("payment_method.detached", {"id": card.payment_method}))
    tasks.process_stripe_inbox()
    rule.refresh_from_db()
    assert (rule.is_on, StripeEvent.objects.filter(processed_at=None).exists()) == (False, False)


def test_the_page_switches_it_on_and_off(card, alice, bob):
    """Amounts are explained where they are wrong, consent is asked for, and nobody uses another's card."""
    wish = {"threshold": "5", "amount": "20", "cap": "100", "card": card.pk, "agrees": "on"}
    for wrong, says in (
        ({"amount": "0.001"}, "fractions of a cent"),
        ({"amount": "1000000000"}, "out of range"),
        ({"cap": "10"}, "at least what is added"),
        ({"agrees": ""}, "Tick that you agree"),
    ):
        reply = alice.post("/wallet/automatic/", wish | wrong)
        assert (reply.status_code, says in reply.text) == (422, True), wrong
    assert bob.post("/wallet/automatic/", wish).status_code == 403  # money is the owners' affair
    Membership.objects.filter(user=bob.user).update(role=Role.OWNER)
    assert bob.post("/wallet/automatic/", wish).status_code == 422
    assert not AutoRecharge.objects.exists()
    alice.post("/wallet/automatic/", wish)
    assert AutoRecharge.objects.get().is_on
    assert "Switched on" in bob.get("/wallet/automatic/").text
    bob.post("/wallet/automatic/", {"what": "off"})
    assert not AutoRecharge.objects.get().is_on
