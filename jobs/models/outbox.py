"""Messages that must leave exactly once: written in the transaction that makes them true, sent afterwards."""

from django.db import models
from django.db.models import Q


class OutboxKind(models.TextChoices):
    """What a message is about."""

    ENDED = "ended", "A job ended"
    QUESTION = "question", "A job needs you"
    RECEIPT = "receipt", "A job's receipt"
    WAITING = "waiting", "A job is stuck"
    ACCOUNT = "account", "Signing in"
    AUDIT = "audit", "The audit found something"
    SUSPENSION = "suspension", "A model was suspended"
    LIMIT = "limit", "A spending limit"
    PAYMENT = "payment", "A payment"
    WEEKLY = "weekly", "A weekly run was paused"
    WEBHOOK = "webhook", "To a webhook"
    STAFF = "staff", "To staff"


class OutboxState(models.TextChoices):
    """What became of a message."""

    PENDING = "pending", "Queued"
    SENT = "sent", "Sent"
    UNWANTED = "unwanted", "Skipped by preference"
    BOUNCED = "bounced", "Bounced"
    GAVE_UP = "gave_up", "Given up"


class OutboxMessage(models.Model):
    """One message about one version of one job, about an account, or to staff."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, null=True, blank=True, related_name="outbox")
    kind = models.CharField(max_length=20, choices=OutboxKind)
    version = models.PositiveIntegerField(default=0)
    number = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Which question of the job it is about; 0: about none."
    )
    recipient = models.EmailField(blank=True)
    content = models.JSONField(
        default=dict,
        blank=True,
        help_text="What the email says, as of its writing; emptied when the account is closed.",
    )
    state = models.CharField(max_length=10, choices=OutboxState, default=OutboxState.PENDING)
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(
        help_text="Time of the next attempt to send; for a claimed email, when the claim expires."
    )
    claim = models.UUIDField(
        null=True, blank=True, editable=False, help_text="The sender that is working on it."
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="After this it is no longer worth sending."
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(
        max_length=200, help_text="Always the same, so that an email sent twice is recognised as one."
    )
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job", "kind", "version", "number"], name="jobs_one_message_per_outcome"
            ),
            models.CheckConstraint(condition=Q(state__in=OutboxState.values), name="jobs_outbox_state_known"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state=OutboxState.PENDING), name="jobs_outbox_due"),
            models.Index(fields=["state", "-created_at"], name="jobs_outbox_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of job {self.job_id} to {self.recipient}"
