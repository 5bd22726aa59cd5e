"""Celery's part of billing: Stripe's inbox. Messages are doorbells; the rows know what is to be done."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from billing import stripe_inbox

logger = logging.getLogger(__name__)


@shared_task
def process_stripe_event(event_id: str) -> None:
    """Process one event; safe to deliver twice."""
    stripe_inbox.process(event_id)


@shared_task
def process_stripe_inbox() -> None:
    """Process the events whose doorbell was lost or whose processing failed."""
    for event_id in stripe_inbox.unprocessed():
        try:
            stripe_inbox.process(event_id)
        except Exception:
            # The error is kept with the event; the others must not wait for it.
            logger.exception("Stripe event %s could not be processed; the next sweep tries again.", event_id)


def ring(event_id: str) -> None:
    """Ask a worker to process an event; without a broker the sweep does it within a minute."""
    try:
        process_stripe_event.delay(event_id)
    except OperationalError:
        logger.warning("No worker could be told of Stripe event %s; the sweep will find it.", event_id)
