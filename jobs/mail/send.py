"""Sending what the outbox holds: claimed with SKIP LOCKED, retried with back-off over three days, given up visibly.

A refusal that will not pass (5xx) is a bounce: it is not tried again, and the user sees it on the settings page.
"""

import logging
import smtplib
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from jobs.core.states import JobState, Wanted
from jobs.mail.compose import compose
from jobs.models import OutboxKind, OutboxMessage, OutboxState

logger = logging.getLogger(__name__)

_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=6)
_GIVE_UP_AFTER = timedelta(days=3)


def send_due() -> int:
    """Send every message that is due; return how many were looked at."""
    seen = 0
    while _send_one(Q(next_at__lte=timezone.now())):
        seen += 1
    return seen


def send_now(message: OutboxMessage) -> None:
    """Send one message that was just written, if nobody else is at it; a failure is retried later."""
    _send_one(Q(pk=message.pk))


def _send_one(which: Q) -> bool:
    """Send one message. False: none is there. The row stays locked while the mail server is talked to."""
    with transaction.atomic():
        message = (
            OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(which, state=OutboxState.PENDING)
            .select_related("job__created_by", "job__workspace")
            .order_by("next_at")
            .first()
        )
        if message is None:
            return False
        if _is_out_of_date(message):
            # It says nothing that is still true, so a later trouble may be told of.
            message.delete()
            return True
        message.attempts += 1
        if not _is_wanted(message):
            message.state, message.last_error = OutboxState.UNWANTED, "The user wants no such mail."
        else:
            _try(message)
        if message.kind == OutboxKind.ACCOUNT and message.state != OutboxState.PENDING:
            message.content = {}  # a code to sign in with is nobody else's to read
        message.save()
    return True


def _is_out_of_date(message: OutboxMessage) -> bool:
    """Tell whether a job that was stuck has gone on, or was stopped."""
    job = message.job
    if message.kind != OutboxKind.WAITING or job is None:
        return False
    stuck = job.state in {JobState.WAITING, JobState.RUNNING} and job.waits > 0 and job.wanted == Wanted.RUN
    return not stuck or job.version != message.version


def _is_wanted(message: OutboxMessage) -> bool:
    if message.job is None:
        return True
    user = message.job.created_by
    if not user.is_active or not message.recipient:
        return False
    if message.kind == OutboxKind.WAITING:
        return user.notify_when_stuck
    if message.content.get("state") == JobState.EXHAUSTED:
        return user.notify_when_exhausted
    return user.notify_when_done


def _try(message: OutboxMessage) -> None:
    now = timezone.now()
    if message.expires_at and message.expires_at <= now:
        message.state, message.last_error = (
            OutboxState.GAVE_UP,
            message.last_error or "It was of no use any more.",
        )
        return
    try:
        compose(message).send()
    except Exception as error:  # noqa: BLE001  (any failure of a mail server is a reason to try again later)
        reason = f"{type(error).__name__}: {error}"[:500]
        logger.warning("Message %s failed (attempt %d): %s", message.message_id, message.attempts, reason)
        message.last_error = reason
        message.next_at = now + min(_FIRST_RETRY * 2 ** (message.attempts - 1), _LONGEST_RETRY)
        if is_permanent(error):
            message.state = OutboxState.BOUNCED
            _users_of(message).update(mail_bounced_at=now, mail_bounce=reason[:300])
        elif now - message.created_at > _GIVE_UP_AFTER:
            message.state = OutboxState.GAVE_UP
    else:
        message.state, message.sent_at, message.last_error = OutboxState.SENT, now, ""
        _users_of(message).exclude(mail_bounced_at=None).update(mail_bounced_at=None, mail_bounce="")


def _users_of(message: OutboxMessage) -> QuerySet[User]:
    return User.objects.filter(email__iexact=message.recipient)


def is_permanent(error: Exception) -> bool:
    """Tell whether a mail server refused recipient or message for good (5xx); our own set-up may pass, so it does not."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return bool(error.recipients) and all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600
