"""Top-ups: started here, paid at Stripe, and brought into the books by one function that may run any number of times.

`sync_top_up` asks Stripe how things are and makes the books say the same. Webhooks, the return page and the sweep all
call it, so their order, repetition and loss do not matter.
"""

import logging
import uuid
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User, Workspace
from billing.books.ledger import STRIPE_CLEARING, account_of, announce_money, debt_nano, lock_accounts, post
from billing.errors import StripeProblem
from billing.models import Account, AccountKind, TopUp, TopUpState, TransferKind
from billing.payments import stripe_gateway
from billing.payments.stripe_gateway import Checkout, Payment
from solver.core.money import NANO_PER_CENT, format_usd, whole_cents_of

logger = logging.getLogger(__name__)

MINIMUM_NANO = 100 * NANO_PER_CENT
MAXIMUM_NANO = 1_000_000 * NANO_PER_CENT


def start_top_up(
    *, workspace: Workspace, user: User, amount_nano: int, success_url: str, cancel_url: str
) -> TopUp:
    """Record the wish to add money, then open a Checkout Session for it; `{id}` in `success_url` becomes the id.

    The row is committed before Stripe is asked, so a payment can always find it.
    """
    if stripe_gateway.missing_settings():
        raise StripeProblem("not_configured", "Payments are not available here yet. Contact the operator.")
    top_up = TopUp.objects.create(workspace=workspace, user=user, amount_nano=amount_nano)
    checkout = stripe_gateway.create_checkout(
        top_up_id=top_up.pk,
        workspace=workspace.public_id,
        amount_cents=whole_cents_of(amount_nano),
        email=user.email,
        success_url=success_url.replace("{id}", str(top_up.pk)),
        cancel_url=cancel_url,
    )
    top_up.checkout_session, top_up.checkout_url = checkout.id, checkout.url
    top_up.save(update_fields=["checkout_session", "checkout_url"])
    return top_up


def sync_top_up(top_up_id: uuid.UUID, *, checkout_session: str = "") -> TopUp:
    """Make the books say of a top-up what Stripe says now: credited once if paid, reversed as far as taken back.

    `checkout_session` helps where our own note of the session was lost. No transaction is open while Stripe is asked,
    and of replies that overtake each other the one that was asked for last stays.
    """
    top_up = TopUp.objects.get(pk=top_up_id)
    session = top_up.checkout_session or checkout_session
    if not session:
        return top_up
    asked_at = _database_time()
    checkout = stripe_gateway.fetch_checkout(session)
    if checkout.top_up != str(top_up_id):
        raise StripeProblem(
            "wrong_session", f"Checkout session {session} does not belong to top-up {top_up_id}."
        )
    payment = stripe_gateway.fetch_payment(checkout.payment_intent) if checkout.payment_intent else None
    with transaction.atomic():
        top_up = TopUp.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=top_up_id)
        if top_up.asked_at is None or top_up.asked_at < asked_at:
            top_up.asked_at = asked_at
            _apply(top_up, checkout, payment)
    return top_up


def _database_time() -> datetime:
    """Return the time by the one clock that all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def _apply(top_up: TopUp, checkout: Checkout, payment: Payment | None) -> None:
    top_up.checkout_session, top_up.payment_intent = checkout.id, checkout.payment_intent
    if checkout.payment_status in {"paid", "no_payment_required"} and not top_up.credited_nano:
        _credit(top_up, checkout)
    if top_up.problem and payment is not None and payment.taken_back_cents >= checkout.amount_cents:
        top_up.state, top_up.problem = TopUpState.REFUNDED, ""
    if payment is not None and top_up.credited_nano:
        _match_reversals(top_up, payment)
    if top_up.state == TopUpState.PENDING and _has_failed(checkout, payment):
        top_up.state = TopUpState.FAILED
    top_up.save()


def _has_failed(checkout: Checkout, payment: Payment | None) -> bool:
    if checkout.status == "expired":
        return True
    unpaid = checkout.status == "complete" and checkout.payment_status == "unpaid"
    return unpaid and payment is not None and payment.status in {"requires_payment_method", "canceled"}


def _credit(top_up: TopUp, checkout: Checkout) -> None:
    """Credit a paid top-up, once: debts first, the rest to the wallet."""
    wanted = whole_cents_of(top_up.amount_nano)
    if (  # what the payer cannot mend, so that it does not count as failed
        checkout.currency != stripe_gateway.CURRENCY
        or checkout.amount_cents != wanted
        or not checkout.payment_intent
    ):
        top_up.problem = (
            f"Stripe reports {checkout.amount_cents} {checkout.currency or 'of no currency'} in its smallest unit, but "
            f"{wanted} US cents were asked for. Not credited; a member of staff must look into it."
        )
        top_up.state = TopUpState.PENDING
        logger.error("Top-up %s: %s", top_up.pk, top_up.problem)
        return
    wallet, receivable, debt = _lock_purses(top_up.workspace)
    to_debt = min(max(debt, 0), top_up.amount_nano)
    post(
        key=f"stripe:pi:{checkout.payment_intent}",
        kind=TransferKind.TOP_UP,
        amounts={
            STRIPE_CLEARING: -top_up.amount_nano,
            wallet.pk: top_up.amount_nano - to_debt,
            receivable: to_debt,
        },
        stripe_object=checkout.payment_intent,
        memo=f"of which {format_usd(to_debt)} paid an open dispute" if to_debt else "",
        actor=top_up.user,
    )
    top_up.state, top_up.credited_nano, top_up.problem = TopUpState.CREDITED, top_up.amount_nano, ""
    top_up.credited_at = timezone.now()
    announce_money(top_up.workspace_id)


def _match_reversals(top_up: TopUp, payment: Payment) -> None:
    """Book refunds and disputes as far as they are now; less than before means that money came back.

    Taken from unspent wallet money as far as it reaches; the workspace owes the rest.
    """
    target_nano = min(payment.taken_back_cents * NANO_PER_CENT, top_up.credited_nano)
    change = target_nano - top_up.reversed_nano
    if not change:
        return
    wallet, receivable, debt = _lock_purses(top_up.workspace)
    if change > 0:
        from_wallet = min(change, wallet.available_nano)
        amounts = {STRIPE_CLEARING: change, wallet.pk: -from_wallet, receivable: from_wallet - change}
    else:
        to_debt = min(-change, max(debt, 0))
        amounts = {STRIPE_CLEARING: change, receivable: to_debt, wallet.pk: -change - to_debt}
    post(
        key=f"stripe:pi:{top_up.payment_intent}:reversal:{top_up.reversals + 1}",
        kind=TransferKind.REFUND,
        amounts=amounts,
        stripe_object=top_up.payment_intent,
        memo=_reversal_words(payment, is_back=change < 0),
    )
    top_up.reversals += 1
    top_up.reversed_nano = target_nano
    top_up.state = TopUpState.REFUNDED if target_nano >= top_up.credited_nano else TopUpState.CREDITED


def _reversal_words(payment: Payment, *, is_back: bool) -> str:
    if is_back:
        return (
            "a dispute was decided for you" if payment.is_disputed else "a refund failed, the money is back"
        )
    if payment.disputed_cents:
        return "refunded or disputed" if payment.refunded_cents else "the payment was disputed"
    return "the payment was refunded"


def _lock_purses(workspace: Workspace) -> tuple[Account, int, int]:
    """Lock the wallet; return it, the id of the receivable account and the debt on it."""
    wallet, receivable = (
        account_of(workspace, AccountKind.WALLET),
        account_of(workspace, AccountKind.RECEIVABLE),
    )
    lock_accounts([wallet.pk])
    wallet.refresh_from_db()
    return wallet, receivable.pk, debt_nano(workspace)
