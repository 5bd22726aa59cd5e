"""Writing the outbox: a message belongs to the transaction that makes it true."""

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.backends import ModelBackend
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.rights import Right
from jobs.core.wake import wake_mail_worker_on_commit
from jobs.mail.eml_backend import ACCOUNT_MAIL_DOMAIN
from jobs.mail.job_hooks import EVENTS, tell_webhooks
from jobs.models import Job, OutboxKind, OutboxMessage, OutboxState

STUCK_AFTER = timedelta(minutes=15)
"""How long a job waits for a provider before its user is told."""


def enqueue_job_mail(job: Job, kind: OutboxKind, *, after: timedelta = timedelta(), number: int = 0) -> None:
    """Write the one message of this kind about this version of a job (and its question of this number).

    Webhooks are told, too, where they hear of such things. Repeating it changes nothing.
    """
    message = OutboxMessage(
        job=job,
        kind=kind,
        version=job.version,
        number=number,
        recipient=job.created_by.email,
        # By the time it is sent the job may have been continued.
        content={
            "state": job.state,
            "stop_reason": job.stop_reason,
            "charged_nano": job.charged_nano,
            "budget_nano": job.budget_nano,
        },
        next_at=timezone.now() + after,
        message_id=f"<{job.pk}.{job.version}.{kind}{f'.{number}' if number else ''}@ponder>",
    )
    OutboxMessage.objects.bulk_create([message], ignore_conflicts=True)
    if kind in EVENTS:
        tell_webhooks(job, kind, number=number)
    if not after:
        wake_mail_worker_on_commit()


def enqueue_stuck_mail(job_id: uuid.UUID) -> None:
    """Note that a job waits for a provider: its user gets an email if it is still waiting after a quarter of an hour."""
    job = Job.objects.select_related("created_by").get(pk=job_id)
    enqueue_job_mail(job, OutboxKind.WAITING, after=STUCK_AFTER)


def enqueue_account_mail(mail: EmailMultiAlternatives, *, good_for: timedelta) -> OutboxMessage:
    """Write an email about an account (a sign-in code, a new password) and wake a worker: a person is waiting for it.

    After `good_for` it has expired and is not sent.
    """
    now = timezone.now()
    html = next((str(content) for content, mimetype in mail.alternatives if mimetype == "text/html"), "")
    message = OutboxMessage.objects.create(
        kind=OutboxKind.ACCOUNT,
        recipient=mail.to[0],
        content={"subject": mail.subject, "text": str(mail.body), "html": html},
        next_at=now,
        expires_at=now + good_for,
        message_id=f"<{uuid.uuid4()}@{ACCOUNT_MAIL_DOMAIN}>",
    )
    wake_mail_worker_on_commit()
    return message


def mail_staff(kind: OutboxKind, *, right: Right, subject: str, text: str, key: str) -> int:
    """Write an email to each member of staff who has the right; return to how many.

    Repeating it under the same `key` adds none. 0: there is nobody to write to yet, so it is still to be said.
    """
    staff = ModelBackend().with_perm(right.permission).filter(is_staff=True).exclude(email="").order_by("pk")
    return mail_people(kind, to=staff, subject=subject, text=text, key=key)


def mail_people(kind: OutboxKind, *, to: Iterable[User], subject: str, text: str, key: str) -> int:
    """Write an email to each of these people; return to how many. Repeating it under the same `key` adds none."""
    now = timezone.now()
    mails = {f"<{key}.{person.pk}@ponder>": person for person in to}
    known = set(OutboxMessage.objects.filter(message_id__in=mails).values_list("message_id", flat=True))
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            kind=kind,
            recipient=person.email,
            content={"subject": subject, "text": text, "html": ""},
            next_at=now,
            message_id=message_id,
        )
        for message_id, person in mails.items()
        if message_id not in known
    )
    if mails:
        wake_mail_worker_on_commit()
    return len(mails)


def send_again(message: OutboxMessage) -> bool:
    """Let a message that did not leave be tried once more, for another three days.

    False: it needs no second try, for it has left or is being sent right now.
    """
    now = timezone.now()
    resting = Q(claim=None) | Q(next_at__lte=now)
    changed = OutboxMessage.objects.filter(
        resting, pk=message.pk, state__in=[OutboxState.PENDING, OutboxState.BOUNCED, OutboxState.GAVE_UP]
    ).exclude(recipient="")
    if not changed.update(state=OutboxState.PENDING, next_at=now, created_at=now, attempts=0, claim=None):
        return False
    wake_mail_worker_on_commit()
    return True
