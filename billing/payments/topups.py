"""Top-ups: started here, paid at Stripe, and brought into the books by one function that may run any number of times.

`sync_top_up` asks Stripe how things are and makes the books say the same. Webhooks, the return page and the sweep all
call it, so their order, repetition and loss do not matter.
"""

import logging
import uuid
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User, Workspace
from billing.books.ledger import STRIPE_CLEARING, TAX, announce_money, pay_debt, post
from billing.errors import BillingError, StripeProblem
from billing.models import TopUp, TopUpOrigin, TopUpState, TransferKind
from billing.payments.cards import customer_of, remember_card
from billing.payments.disputes import note_disputes
from billing.payments.payment_report import Report, report_on
from billing.payments.recharge_rules import note_decline, note_payment
from billing.payments.reversals import lock_purses, match_reversals
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.payments.stripe_api.checkout import create_checkout
from billing.signals import top_up_credited
from solver.core.money import NANO_PER_CENT, format_usd, whole_cents_of

logger = logging.getLogger(__name__)

MINIMUM_NANO = 100 * NANO_PER_CENT
MAXIMUM_NANO = 1_000_000 * NANO_PER_CENT


def check_amount(amount_nano: int) -> None:
    """Raise BillingError unless so much can be added at once."""
    if not MINIMUM_NANO <= amount_nano <= MAXIMUM_NANO or amount_nano % NANO_PER_CENT:
        limits = f"{format_usd(MINIMUM_NANO)} and {format_usd(MAXIMUM_NANO)}"
        raise BillingError("amount_out_of_range", f"Enter an amount between {limits}, in whole cents.")


def start_top_up(
    *,
    workspace: Workspace,
    user: User,
    amount_nano: int,
    success_url: str,
    cancel_url: str,
    saves_card: bool = False,
) -> TopUp:
    """Record the wish to add money, then open a Checkout Session for it; `{id}` in `success_url` becomes the id.

    The row is committed before Stripe is asked, so a payment can always find it. `saves_card`: the user agreed that the
    card is saved.
    """
    check_amount(amount_nano)
    if stripe_gateway.missing_settings():
        raise StripeProblem("not_configured", "Payments are not available here yet. Contact the operator.")
    needs_customer = saves_card or settings.STRIPE_INVOICES
    customer = customer_of(workspace, user=user, makes_one=needs_customer)
    top_up = TopUp.objects.create(
        workspace=workspace, user=user, amount_nano=amount_nano, saves_card=saves_card
    )
    checkout = create_checkout(
        top_up_id=top_up.pk,
        workspace=workspace.public_id,
        amount_cents=whole_cents_of(amount_nano),
        email=user.email,
        success_url=success_url.replace("{id}", str(top_up.pk)),
        cancel_url=cancel_url,
        customer=customer,
        saves_card=saves_card,
    )
    top_up.checkout_session, top_up.checkout_url = checkout.id, checkout.url
    top_up.save(update_fields=["checkout_session", "checkout_url"])
    return top_up


def sync_top_up(top_up_id: uuid.UUID, *, checkout_session: str = "") -> TopUp:
    """Make the books say of a top-up what Stripe says now: credited once if paid, reversed as far as taken back.

    `checkout_session` helps where our own note of the session was lost. No transaction is open while Stripe is asked,
    and of replies that overtake each other the one that was asked for last stays.
    """
    top_up = TopUp.objects.select_related("card").get(pk=top_up_id)
    asked_at = _database_time()
    report = report_on(top_up, checkout_session=checkout_session)
    if report is None:
        return top_up
    with transaction.atomic():
        top_up = TopUp.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=top_up_id)
        if top_up.asked_at is None or top_up.asked_at < asked_at:
            top_up.asked_at = asked_at
            _apply(top_up, report)
    return top_up


def _database_time() -> datetime:
    """Return the time by the one clock that all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def _apply(top_up: TopUp, report: Report) -> None:
    payment = report.payment
    if report.checkout is not None:
        top_up.checkout_session = report.checkout.id
    top_up.payment_intent = report.intent
    is_new = report.is_paid and not top_up.credited_nano
    if is_new:
        _credit(top_up, report)
    if payment is not None:
        top_up.charge, top_up.receipt_url = payment.charge, payment.receipt_url
        if top_up.problem and payment.taken_back_cents >= report.paid_cents:
            top_up.state, top_up.problem = TopUpState.REFUNDED, ""
        if top_up.credited_nano:
            match_reversals(top_up, payment)
        note_disputes(top_up, payment)
    if top_up.state == TopUpState.PENDING and report.has_failed:
        top_up.state = TopUpState.FAILED
        if top_up.origin == TopUpOrigin.AUTO and payment is not None:
            note_decline(top_up.workspace_id, payment.decline_code or payment.status)
    top_up.save()
    if is_new and top_up.credited_nano:
        top_up_credited.send(sender=TopUp, top_up=top_up)


def _credit(top_up: TopUp, report: Report) -> None:
    """Credit a paid top-up to the wallet, once, and pay an open debt from it."""
    wanted = whole_cents_of(top_up.amount_nano)
    if (  # what the payer cannot mend, so that it does not count as failed
        report.currency != stripe_gateway.CURRENCY
        or report.paid_cents != wanted + report.tax_cents
        or not report.intent
    ):
        top_up.problem = (
            f"Stripe reports {report.paid_cents} {report.currency or 'of no currency'} in its smallest unit, but "
            f"{wanted} US cents were asked for. Not credited; a member of staff must look into it."
        )
        top_up.state = TopUpState.PENDING
        logger.error("Top-up %s: %s", top_up.pk, top_up.problem)
        return
    wallet, *_ = lock_purses(top_up.workspace)
    top_up.tax_nano = report.tax_cents * NANO_PER_CENT
    key = f"stripe:pi:{report.intent}"
    post(
        key=key,
        kind=TransferKind.TOP_UP,
        amounts={
            STRIPE_CLEARING: -top_up.amount_nano - top_up.tax_nano,
            TAX: top_up.tax_nano,
            wallet.pk: top_up.amount_nano,
        },
        stripe_object=report.intent,
        actor=top_up.user,
    )
    pay_debt(top_up.workspace, source_key=key)
    top_up.state, top_up.credited_nano, top_up.problem = TopUpState.CREDITED, top_up.amount_nano, ""
    top_up.credited_at = timezone.now()
    if top_up.saves_card and report.payment is not None:
        remember_card(top_up, report.payment.card)
    note_payment(top_up.workspace_id)
    announce_money(top_up.workspace_id)
