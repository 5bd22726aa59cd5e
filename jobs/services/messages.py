"""Writing the outbox: a message belongs to the transaction that makes it true."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from jobs.models import Job, OutboxKind, OutboxMessage
from jobs.services import doorbell


def tell(job: Job, kind: OutboxKind, *, due_at: datetime | None = None) -> None:
    """Write the one message of this kind about this version of a job; repeating it changes nothing."""
    OutboxMessage.objects.bulk_create(
        [
            OutboxMessage(
                job=job,
                kind=kind,
                version=job.version,
                recipient=job.created_by.email,
                next_at=due_at or timezone.now(),
                message_id=f"<{job.pk}.{job.version}.{kind}@ponder>",
            )
        ],
        ignore_conflicts=True,
    )
    if due_at is None:
        transaction.on_commit(doorbell.ring_mail)
