"""Payments, refunds and disputes whose webhooks come late, twice and in any order, also after a restore: wallets exact.

SHUFFLED_DELIVERIES=10000 SHUFFLED_PAYMENTS=500 runs it at full size (about five minutes).
"""

import os
import random
import uuid
from itertools import cycle

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing import tasks
from billing.books.audit import violations
from billing.books.ledger import debt_nano
from billing.books.wallet import balances
from billing.errors import BillingError
from billing.models import StripeEvent, TopUp, TopUpOrigin
from billing.payments import auto_recharge, inbox
from billing.payments.cards import cards_of
from billing.payments.refunds import ask_for_refund, refundable_nano
from billing.payments.topups import start_top_up
from solver.core.money import NANO_PER_CENT
from tests.billing.books import settle, start_job
from tests.billing.stripe_double import StripeDouble

PAYMENTS = int(os.environ.get("SHUFFLED_PAYMENTS", "16"))
DELIVERIES = int(os.environ.get("SHUFFLED_DELIVERIES", "160"))
PEOPLE = 5


class World:
    """People who pay, banks and Stripe; `spent` is what each workspace spent on jobs, in nano-USD."""

    def __init__(self, double: StripeDouble, hook, seed: int) -> None:
        self.double, self.hook, self.random = double, hook, random.Random(seed)
        self.users = [User.objects.create_user(f"payer{n}@example.org") for n in range(PEOPLE)]
        self.spent = dict.fromkeys((user.pk for user in self.users), 0)
        self.owner: dict[str, int] = {}
        self.bodies: list[str] = []
        self.turn = cycle(self.users)

    def tell(self, kind, about):
        """Have Stripe make an event; its delivery comes some time."""
        self.bodies.append(self.double.event(kind, about))

    def pay(self):
        """Somebody pays on Stripe's page: mostly what was asked for."""
        user = next(self.turn)
        cents = self.random.randrange(100, 5000)
        top_up = start_top_up(
            workspace=ensure_personal_workspace(user),
            user=user,
            amount_nano=cents * NANO_PER_CENT,
            success_url="https://x/{id}/",
            cancel_url="https://x/",
            saves_card=self.random.random() < 0.2,
        )
        session = self.double.sessions[top_up.checkout_session]
        odd = self.random.random()
        if odd < 0.05:
            session["status"] = "expired"
        elif odd < 0.1:
            session["currency"] = "eur"
        elif odd < 0.15:
            session["amount_total"] -= 1
        if session["status"] == "open":
            intent = self.double.pay(session["id"])
            self.owner[intent] = user.pk
            self.tell("payment_intent.succeeded", {"id": intent})
        self.tell("checkout.session.completed", session)

    def charge(self):
        """A saved card is charged while its owner is away."""
        user = next(self.turn)
        workspace = ensure_personal_workspace(user)
        card = cards_of(workspace, user).first()
        if card is None:
            return
        top_up = TopUp.objects.create(
            workspace=workspace, user=user, amount_nano=10**10, origin=TopUpOrigin.AUTO, card=card
        )
        auto_recharge._charge(top_up, card)
        top_up.refresh_from_db()
        TopUp.objects.filter(pk=top_up.pk).update(
            state="failed"
        )  # so that the next may begin; an event credits it
        self.owner[top_up.payment_intent] = user.pk
        self.tell("payment_intent.succeeded", {"id": top_up.payment_intent})

    def take_back(self):
        """A refund in the dashboard or a dispute, opened, won or lost."""
        if not self.owner:
            return
        intent = self.random.choice(sorted(self.owner))
        charge = self.double.intents[intent]["latest_charge"]
        about = {"id": charge["id"], "payment_intent": intent}
        if self.random.random() < 0.5:
            self.double.refund(intent, self.random.randrange(charge["amount"] + 1))
            self.tell(self.random.choice(["charge.refunded", "refund.created", "refund.failed"]), about)
        else:
            left = charge["amount"] - charge["amount_refunded"]
            status = self.random.choice(["needs_response", "under_review", "won", "lost"])
            self.double.dispute(intent, self.random.randrange(left + 1), status)
            self.tell(self.random.choice(["charge.dispute.created", "charge.dispute.closed"]), about)

    def refund_here(self):
        """Somebody asks for unspent money on the page, twice."""
        user = next(self.turn)
        workspace = ensure_personal_workspace(user)
        most_cents = refundable_nano(workspace) // NANO_PER_CENT
        if most_cents:
            wish, nano = uuid.uuid4(), self.random.randrange(1, most_cents + 1) * NANO_PER_CENT
            for _ in range(2):
                ask_for_refund(workspace=workspace, request=wish, amount_nano=nano, by=user)

    def spend(self):
        """A job spends some of a wallet."""
        user = next(self.turn)
        workspace = ensure_personal_workspace(user)
        nano = balances(workspace).wallet_nano // 3
        try:
            job = start_job(workspace, nano, trial_allowed=False)
        except BillingError:
            return
        call, _ = job.hold(nano)
        settle(call, nano)
        job.close()
        self.spent[user.pk] += nano

    def deliver(self, body):
        """Bring one event, once or more often."""
        for _ in range(self.random.choice([1, 1, 2, 3])):
            assert self.hook(body).status_code == 200
            self.delivered += 1

    delivered = 0

    def play(self, payments, deliveries, *, spends):
        """Let things happen and events arrive, shuffled and repeated, until every event was delivered."""
        late: list[str] = []
        for _ in range(payments):
            self.pay()
            for act in (self.charge, self.take_back, self.refund_here, *([self.spend] if spends else [])):
                if self.random.random() < 0.4:
                    act()
            late += self.bodies
            self.bodies = []
            self.random.shuffle(late)
            for _ in range(self.random.randrange(4)):
                if late:
                    self.deliver(late[-1] if self.random.random() < 0.5 else late.pop())
            if self.random.random() < 0.3:
                tasks.process_stripe_inbox()
        begun = self.delivered
        again = late * 2
        while late or self.delivered - begun < deliveries:
            self.deliver(late.pop() if late else self.random.choice(again))
        self.process()

    def process(self):
        """Process the inbox to its end."""
        for _ in range(1000):
            if not inbox.unprocessed():
                break
            tasks.process_stripe_inbox()
        assert not StripeEvent.objects.filter(processed_at=None).exists()

    def check(self):
        """Every wallet is what was paid as asked for, less what Stripe took back and jobs spent, to the nano-dollar."""
        for user in self.users:
            cents = sum(self.kept_cents(intent) for intent, owner in self.owner.items() if owner == user.pk)
            workspace = ensure_personal_workspace(user)
            wallet, debt = balances(workspace).wallet_nano, debt_nano(workspace)
            assert wallet - debt == cents * NANO_PER_CENT - self.spent[user.pk], user.email
            assert min(wallet, debt) == 0
        assert violations() == []

    def kept_cents(self, intent):
        """Return what of a payment is left at Stripe; nothing of one that was not as asked for."""
        session = next(
            (each for each in self.double.sessions.values() if each["payment_intent"] == intent), None
        )
        if session and (
            session["currency"] != "usd" or session["amount_total"] != session["amount_subtotal"]
        ):
            return 0
        disputes = [each for each in self.double.disputes if each["payment_intent"] == intent]
        disputed = sum(each["amount"] for each in disputes if each["status"] != "won")
        charge = self.double.intents[intent]["latest_charge"]
        return charge["amount"] - min(charge["amount"], charge["amount_refunded"] + disputed)


@pytest.mark.parametrize("seed", [1])
def test_wallets_are_exact_whatever_comes_when_and_after_a_restore(db, settings, stripe_double, hook, seed):
    """Half of the payments, a backup, the other half, delivered in any order; then the backup, and all events again."""
    settings.PONDER_TRIAL_CREDIT_NANO, settings.PONDER_BASE_URL = 0, "https://x"
    world = World(stripe_double, hook, seed)
    world.play(PAYMENTS // 2, DELIVERIES // 2, spends=True)
    world.check()
    backup = transaction.savepoint_create()
    world.play(PAYMENTS - PAYMENTS // 2, DELIVERIES // 2, spends=False)
    world.check()
    known = TopUp.objects.count()
    transaction.savepoint_rollback(backup)
    assert TopUp.objects.count() < known
    assert inbox.fetch_missed(30) > 0
    world.process()
    for top_up in TopUp.objects.filter(asked_at__lt=timezone.now()):
        inbox.sync_top_up(
            top_up.pk
        )  # as the daily look at credited top-ups does, for refunds without an event
    world.check()
