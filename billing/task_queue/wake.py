"""Waking a Celery worker by a task's name. The message may be lost: rows know what is to be done, and a sweep looks.

It stands in billing because that is the lowest room with tasks; `jobs.core.wake` builds on it.
"""

import logging

from celery import current_app

from billing.task_queue.task_names import PROCESS_STRIPE_EVENT

logger = logging.getLogger(__name__)


def wake_worker_for(task_name: str, *arguments: str, expires_s: int | None = None) -> bool:
    """Ask a worker to run a task. Never raises; False: the broker took no message.

    What is to be done is committed by then, so nothing that happens to the broker (away, full, read-only) may fail it.
    """
    try:
        current_app.send_task(task_name, list(arguments), expires=expires_s, ignore_result=True)
    except Exception as error:  # noqa: BLE001  (kombu wraps only some of a broker's errors)
        logger.warning(
            "No worker could be notified of %s %s (%s); the sweep will do it.", task_name, arguments, error
        )
        return False
    return True


def wake_worker_for_stripe_event(event_id: str) -> bool:
    """Ask a worker to process an event; without a broker the sweep does it within a minute. Never raises."""
    return wake_worker_for(PROCESS_STRIPE_EVENT, event_id)
