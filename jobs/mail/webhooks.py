"""Webhooks: written into the outbox with what they tell of, signed and sent by whoever sends emails.

They are signed as standardwebhooks.com describes: HMAC-SHA256 over id, time and body, with the secret of the webhook.
"""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from accounts.models import User, Workspace
from jobs.core.wake import wake_mail_worker_on_commit
from jobs.mail.hook_address import HookError, post, target_of
from jobs.models import OutboxKind, OutboxMessage, Webhook

MOST = 5
"""Webhooks of one person, workspace or installation."""
_PREFIX = "whsec_"
_TEST_GOOD_FOR = timedelta(minutes=10)


def add_webhook(
    *, address: str, by: User, user: User | None = None, workspace: Workspace | None = None
) -> Webhook:
    """Keep an address, for the limits of a user, a workspace or (with neither) the installation. Raises HookError.

    Its secret is for the caller to show, this once.
    """
    target_of(address)
    mine = Webhook.objects.filter(user=user, workspace=workspace)
    if mine.filter(address=address).exists():
        raise HookError("This address is there already. Remove it first to get another secret.")
    if mine.count() >= MOST:
        raise HookError(f"There are {MOST} already. Remove one first.")
    secret = _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    return Webhook.objects.create(user=user, workspace=workspace, address=address, secret=secret, made_by=by)


def send_test(hook: Webhook) -> None:
    """Write a message that tells of nothing, to be tried for ten minutes."""
    data = {"text": "This is a test. Nothing happened to any spending limit."}
    enqueue_webhooks([hook], event="test", data=data, key=f"test.{uuid.uuid4()}", good_for=_TEST_GOOD_FOR)


def enqueue_webhooks(
    hooks: Iterable[Webhook],
    *,
    event: str,
    data: dict[str, Any],
    key: str,
    good_for: timedelta | None = None,
) -> None:
    """Write a message to each of these webhooks, in the caller's transaction; repeating the key adds none.

    After `good_for` it is not sent any more; without it, it is tried as long as an email.
    """
    now = timezone.now()
    body = {"type": event, "timestamp": now.isoformat(), "data": data}
    messages = {f"{key}.{hook.pk}": hook for hook in hooks}
    known = set(OutboxMessage.objects.filter(message_id__in=messages).values_list("message_id", flat=True))
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            kind=OutboxKind.WEBHOOK,
            recipient=(urlsplit(hook.address).hostname or "")[:254],
            content={"webhook": str(hook.pk), "body": body},
            next_at=now,
            expires_at=now + good_for if good_for else None,
            message_id=message_id,
        )
        for message_id, hook in messages.items()
        if message_id not in known
    )
    if messages:
        wake_mail_worker_on_commit()


def webhook_of(message: OutboxMessage) -> Webhook | None:
    """Return where a message goes. None: that webhook was removed, or what it would say was forgotten."""
    return Webhook.objects.filter(pk=message.content["webhook"]).first() if message.content else None


def send_webhook(message: OutboxMessage, hook: Webhook) -> None:
    """Send a message, signed anew, and note at the webhook what came of it. Raises HookError or OSError."""
    body = json.dumps(message.content["body"], separators=(",", ":")).encode()
    sent_at = str(int(timezone.now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Ponder",
        "webhook-id": message.message_id,
        "webhook-timestamp": sent_at,
        "webhook-signature": signature(hook.secret, message.message_id, sent_at, body),
    }
    try:
        _note(hook, post(target_of(hook.address), body, headers))
    except HookError as error:
        _note(hook, error.status, str(error))
        raise
    except OSError as error:
        _note(hook, None, error.strerror or str(error))
        raise


def _note(hook: Webhook, status: int | None, error: str = "") -> None:
    tried = {"tried_at": timezone.now(), "tried_status": status, "tried_error": error[:300]}
    Webhook.objects.filter(pk=hook.pk).update(**tried)


def signature(secret: str, message_id: str, sent_at: str, body: bytes) -> str:
    """Return what proves that a body was sent by us at that time (Unix seconds)."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{sent_at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
