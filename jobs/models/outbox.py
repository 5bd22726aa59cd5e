"""Messages that must leave exactly once: written in the transaction that makes them true, sent afterwards."""

from django.db import models


class OutboxKind(models.TextChoices):
    """What is told."""

    ENDED = "ended"


class OutboxMessage(models.Model):
    """One message about one version of one job."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="outbox")
    kind = models.CharField(max_length=20, choices=OutboxKind)
    version = models.PositiveIntegerField()
    recipient = models.EmailField()
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    gave_up_at = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(
        max_length=200, help_text="Deterministic, so that a mail sent twice is one mail."
    )
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "kind", "version"], name="jobs_one_message_per_outcome")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of job {self.job_id} to {self.recipient}"
