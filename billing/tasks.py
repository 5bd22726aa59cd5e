"""Celery's part of billing: Stripe's inbox, sums and prices.

Messages only wake a worker; the rows know what is to be done.
"""

import logging

from celery import shared_task

from billing.books import trial_end
from billing.cost_review import second_opinions, summing
from billing.errors import StripeProblem
from billing.payments import auto_recharge, balance, cards, lost_top_ups, meter, refunds
from billing.payments import inbox as stripe_inbox
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.prices.drafts import import_drafts
from billing.prices.warnings import warn
from billing.reconciliation import daily
from billing.task_queue.task_names import (
    ASK_ABOUT_PENDING_TOP_UPS,
    CHECK_PRICES,
    END_TRIALS,
    EXPORT_USAGE,
    GIVE_SECOND_OPINIONS,
    IMPORT_PRICES,
    PROCESS_STRIPE_EVENT,
    PROCESS_STRIPE_INBOX,
    RECHARGE_WALLETS,
    RECONCILE,
    SEND_REFUNDS,
    SUM_CALLS,
    SYNC_STRIPE_BALANCE,
)

logger = logging.getLogger(__name__)


@shared_task(name=PROCESS_STRIPE_EVENT)
def process_stripe_event(event_id: str) -> None:
    """Process one event; safe to deliver twice."""
    stripe_inbox.process(event_id)


@shared_task(name=PROCESS_STRIPE_INBOX)
def process_stripe_inbox() -> None:
    """Process the events whose message was lost or whose processing failed."""
    for event_id in stripe_inbox.unprocessed():
        try:
            stripe_inbox.process(event_id)
        except Exception:
            # The error is kept with the event; the others must not wait for it.
            logger.exception(
                "Stripe event %s could not be processed; the next sweep will retry it.", event_id
            )


@shared_task(name=ASK_ABOUT_PENDING_TOP_UPS)
def ask_about_pending_top_ups() -> None:
    """Credit what was paid, close what expired, take back what was refunded, where nobody came to say so."""
    lost_top_ups.ask_about_pending()
    lost_top_ups.ask_about_credited()
    cards.detach_removed_cards()


@shared_task(name=RECHARGE_WALLETS)
def recharge_wallets() -> None:
    """Add money from saved cards where their owners asked for it."""
    auto_recharge.recharge_all()


@shared_task(name=SYNC_STRIPE_BALANCE)
def sync_stripe_balance() -> None:
    """Book Stripe's fees and payouts, and keep the events that no webhook brought."""
    if stripe_gateway.missing_settings():
        return
    try:
        balance.sync_balance()
        stripe_inbox.fetch_missed(days=1)
    except StripeProblem as problem:
        logger.warning("Stripe's balance could not be read; the next hour asks again: %s", problem.message)


@shared_task(name=EXPORT_USAGE)
def export_usage() -> None:
    """Tell Stripe's meter what ended jobs were charged, where that is on."""
    meter.export_usage()


@shared_task(name=SEND_REFUNDS)
def send_refunds() -> None:
    """Go on with refunds whose outcome nobody noted."""
    refunds.send_pending_refunds()


@shared_task(name=IMPORT_PRICES)
def import_prices(*providers: str) -> None:
    """Replace these providers' drafts of prices."""
    import_drafts(providers)


@shared_task(name=SUM_CALLS)
def sum_calls() -> None:
    """Sum what finished since the last time, for the cost review."""
    summing.sum_calls()


@shared_task(name=GIVE_SECOND_OPINIONS)
def give_second_opinions() -> None:
    """Have others reckon what the calls cost that were settled in the last minutes."""
    second_opinions.give_opinions()


@shared_task(name=CHECK_PRICES)
def check_prices() -> None:
    """Say in the log what is wrong with the prices, and have others reckon a sample of the last day's calls."""
    warn()
    second_opinions.check_sample()


@shared_task(name=RECONCILE)
def reconcile() -> None:
    """Set the books against themselves, second opinions, providers' reports and Stripe."""
    daily.reconcile()


@shared_task(name=END_TRIALS)
def end_trials() -> None:
    """Take back trial credit whose time is over."""
    trial_end.end_trials()
