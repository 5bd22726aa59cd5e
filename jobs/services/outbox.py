"""Sending what the outbox holds: claimed with SKIP LOCKED, retried with back-off over three days, given up visibly."""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from jobs.mail import compose_ended
from jobs.models import OutboxMessage

logger = logging.getLogger(__name__)

_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=6)
_GIVE_UP_AFTER = timedelta(days=3)


def send_due() -> int:
    """Send every message that is due; return how many left."""
    sent = 0
    while _send_one():
        sent += 1
    return sent


def _send_one() -> bool:
    """Send one due message. False: none is due. The row stays locked while the mail server is talked to."""
    with transaction.atomic():
        message = (
            OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(sent_at=None, gave_up_at=None, next_at__lte=timezone.now())
            .select_related("job__created_by", "job__workspace")
            .order_by("next_at")
            .first()
        )
        if message is None:
            return False
        message.attempts += 1
        if not message.job.created_by.notify_when_done:
            message.gave_up_at, message.last_error = timezone.now(), "The user wants no mail."
        else:
            _try(message)
        message.save()
    return True


def _try(message: OutboxMessage) -> None:
    now = timezone.now()
    try:
        compose_ended(message).send()
    except Exception as error:  # noqa: BLE001  (any failure of a mail server is a reason to try again later)
        logger.warning("Mail for job %s failed (attempt %d): %s", message.job_id, message.attempts, error)
        message.last_error = f"{type(error).__name__}: {error}"[:500]
        message.next_at = now + min(_FIRST_RETRY * 2 ** (message.attempts - 1), _LONGEST_RETRY)
        if now - message.created_at > _GIVE_UP_AFTER:
            message.gave_up_at = now
    else:
        message.sent_at, message.last_error = now, ""
