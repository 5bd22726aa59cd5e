"""Every call that was or may have been paid for, from its hold on."""

import uuid

from django.db import models
from django.db.models import Q


class CallState(models.TextChoices):
    """Held before it is sent; then exactly one of the others."""

    HELD = "held"
    SETTLED = "settled"
    VOID = "void"
    IN_DOUBT = "in_doubt", "in doubt"


class Call(models.Model):
    """One attempt at one step: its hold, its bounds, its usage and its cost. Texts are kept in the jobs room.

    The foreign keys have no database constraint: checking one locks the row it names, and every call names the same
    few. Nothing is lost: accounts and prices can't be deleted (triggers), and a hold updates its escrow anyway.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    job_id = models.UUIDField()
    escrow = models.ForeignKey(
        "billing.Account", models.PROTECT, related_name="calls", db_constraint=False, db_index=False
    )
    workspace = models.ForeignKey(
        "accounts.Workspace", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    lease_token = models.BigIntegerField()
    kind = models.CharField(max_length=20, default="model")
    step_key = models.CharField(max_length=200)
    attempt = models.PositiveIntegerField()
    model = models.CharField(max_length=200)
    price = models.ForeignKey(
        "billing.Price", models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=10, choices=CallState, default=CallState.HELD)
    hold_nano = models.BigIntegerField()
    prompt_bytes = models.BigIntegerField(default=0)
    max_output_tokens = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    cache_read_tokens = models.BigIntegerField(default=0)
    cache_write_tokens = models.BigIntegerField(default=0)
    cache_write_1h_tokens = models.BigIntegerField(
        default=0, db_default=0, help_text="Part of those written to the cache."
    )
    audio_tokens = models.BigIntegerField(
        default=0, db_default=0, help_text="Of audio in the prompt, part of the input tokens."
    )
    image_tokens = models.BigIntegerField(
        default=0, db_default=0, help_text="Of images in the prompt, part of the input tokens."
    )
    output_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0, help_text="Part of the output tokens.")
    usage = models.JSONField(null=True, blank=True, help_text="As the provider sent it.")
    usage_missing = models.BooleanField(
        default=False, help_text="Settled at a bound: the provider sent no usage."
    )
    cost_nano = models.BigIntegerField(default=0, help_text="What the provider charges us.")
    billed_nano = models.BigIntegerField(default=0, help_text="What the user pays; never more than the hold.")
    overrun_nano = models.BigIntegerField(default=0, help_text="What the house pays beyond the hold.")
    asked_tier = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="The service tier that was asked for; empty: standard.",
    )
    service_tier = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="As the reply names it; empty: standard.",
    )
    served_model = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="The model that the reply names."
    )
    provider_ref = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job_id", "step_key", "attempt"], name="billing_one_call_per_attempt"
            ),
            models.CheckConstraint(condition=Q(hold_nano__gte=0), name="billing_hold_not_negative"),
        ]
        indexes = [
            # With what the cost review sums, so that it reads the index alone.
            models.Index(
                fields=["finished_at"],
                include=["state", "model", "workspace", "job_id", "cost_nano", "billed_nano", "overrun_nano"],
                name="billing_call_by_time",
            ),
            models.Index(
                fields=["workspace", "finished_at"],
                include=["state", "billed_nano"],
                name="billing_call_of_workspace",
            ),
            models.Index(
                fields=["escrow"], condition=Q(state__in=["held", "in_doubt"]), name="billing_call_open"
            ),
            models.Index(fields=["model"], condition=Q(overrun_nano__gt=0), name="billing_call_overrun"),
        ]

    def __str__(self) -> str:
        return f"{self.step_key} #{self.attempt} ({self.state})"
