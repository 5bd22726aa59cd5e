"""Sending what the outbox holds: claim, commit, send, record. No transaction waits for a mail server.

A failure is retried with back-off over three days, then given up visibly. A refusal that will not pass (5xx) is a
bounce: it is not tried again, and the user sees it on the settings page.
"""

import logging
import smtplib
import threading
import uuid
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.access import role_in
from accounts.models import User
from jobs.core.states import JobState, Wanted
from jobs.mail.compose import compose
from jobs.mail.hook_address import HookError
from jobs.mail.webhooks import send_webhook, webhook_of
from jobs.models import OutboxKind, OutboxMessage, OutboxState

logger = logging.getLogger(__name__)

SENDERS = 4
"""How many of a worker's threads may wait for a mail server at once; the others are for jobs."""
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=6)
_GIVE_UP_AFTER = timedelta(days=3)
# Longer than one email can take (some seconds for each step of signing in, a minute for each reply): only of a sender
# that died does another take a message over.
_CLAIM = timedelta(minutes=10)
_free_senders = threading.BoundedSemaphore(SENDERS)


def send_due() -> int:
    """Send every message that is due; return how many were looked at. Where enough senders are at it, do nothing."""
    if not _free_senders.acquire(blocking=False):
        return 0
    seen = 0
    try:
        while (message := _claim()) is not None:
            if message.claim is not None:
                _record(message, _send(message))
            seen += 1
    finally:
        _free_senders.release()
    return seen


def _claim() -> OutboxMessage | None:
    """Take the message that is due, the fresh ones first, or None. One without a claim is not to be sent any more."""
    now = timezone.now()
    # Durable: inside another transaction the claim would not be committed before the email leaves.
    with transaction.atomic(durable=True):
        message = (
            OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state=OutboxState.PENDING, next_at__lte=now)
            .select_related("job__created_by", "job__workspace")
            .order_by("attempts", "next_at")
            .first()
        )
        if message is None:
            return None
        message.claim = None
        if _is_out_of_date(message):
            # It says nothing that is still true, so a later trouble may be told of.
            message.delete()
        elif not _is_wanted(message):
            _settle(message, OutboxState.UNWANTED, "The user has unsubscribed from these emails.")
        elif message.expires_at and message.expires_at <= now:
            _settle(message, OutboxState.GAVE_UP, message.last_error or "It had expired.")
        else:
            message.claim = uuid.uuid4()
            message.attempts += 1
            message.next_at = now + _CLAIM
            message.save(update_fields=["claim", "attempts", "next_at"])
    return message


def _settle(message: OutboxMessage, state: OutboxState, error: str) -> None:
    """Record that a message will not be sent."""
    message.state, message.last_error = state, error
    if message.kind == OutboxKind.ACCOUNT:
        message.content = {}  # a code to sign in with is nobody else's to read
    message.save(update_fields=["state", "last_error", "content", "claim"])


def _send(message: OutboxMessage) -> Exception | None:
    """Send a claimed message; return what went wrong, if anything."""
    try:
        if message.kind == OutboxKind.WEBHOOK:
            return _send_webhook(message)
        mail = compose(message)
        if not connection.in_atomic_block:
            connection.close()  # to the pool: the mail server may take minutes, and there are few connections
        mail.send()
    except Exception as error:  # noqa: BLE001  (any failure of a mail server is a reason to try again later)
        return error
    return None


def _send_webhook(message: OutboxMessage) -> Exception | None:
    hook = webhook_of(message)
    if hook is None:
        return HookError("The webhook was removed in the meantime.")
    if not connection.in_atomic_block:
        connection.close()  # to the pool, as for an email
    send_webhook(message, hook)
    return None


@transaction.atomic(durable=True)
def _record(message: OutboxMessage, error: Exception | None) -> None:
    """Record what became of a claimed message. What left has left; a failure counts only under its own claim."""
    now = timezone.now()
    row = OutboxMessage.objects.filter(pk=message.pk)
    emptied: dict[str, Any] = {"content": {}} if message.kind == OutboxKind.ACCOUNT else {}
    if error is None:
        row.update(state=OutboxState.SENT, sent_at=now, last_error="", claim=None, **emptied)
        _users_of(message).exclude(mail_bounced_at=None).update(mail_bounced_at=None, mail_bounce="")
        return
    reason = f"{type(error).__name__}: {error}"[:500]
    logger.warning("Message %s failed (attempt %d): %s", message.message_id, message.attempts, reason)
    mine = row.filter(claim=message.claim, state=OutboxState.PENDING)
    if is_permanent(error):
        if mine.update(state=OutboxState.BOUNCED, last_error=reason, claim=None, **emptied):
            _users_of(message).update(mail_bounced_at=now, mail_bounce=reason[:300])
    elif now - message.created_at > _GIVE_UP_AFTER:
        mine.update(state=OutboxState.GAVE_UP, last_error=reason, claim=None, **emptied)
    else:
        pause = min(_FIRST_RETRY * 2 ** min(message.attempts - 1, 20), _LONGEST_RETRY)
        mine.update(next_at=now + pause, last_error=reason, claim=None)


def _is_out_of_date(message: OutboxMessage) -> bool:
    """Tell whether a job that was stuck or had a question has gone on or was stopped, or a webhook was removed."""
    job = message.job
    if message.kind == OutboxKind.WEBHOOK:
        return webhook_of(message) is None
    if message.kind == OutboxKind.QUESTION and job is not None:
        return job.state != JobState.ASKING or message.number != len(job.questions)
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
    if role_in(user, message.job.workspace_id) is None:
        return False  # who left a workspace reads its answers no more
    if message.kind == OutboxKind.WAITING:
        return user.notify_when_stuck
    if message.kind == OutboxKind.QUESTION:
        return user.notify_when_asked
    if message.kind == OutboxKind.RECEIPT:
        return user.notify_of_receipts
    if message.content.get("state") == JobState.EXHAUSTED:
        return user.notify_when_exhausted
    if message.content.get("state") in {JobState.FAILED, JobState.UNANSWERED}:
        return user.notify_when_failed
    return user.notify_when_done


def _users_of(message: OutboxMessage) -> QuerySet[User]:
    return User.objects.filter(email__iexact=message.recipient)


def is_permanent(error: Exception) -> bool:
    """Tell whether a mail server permanently refused the recipient or the message (5xx), not our own set-up."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return bool(error.recipients) and all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600
