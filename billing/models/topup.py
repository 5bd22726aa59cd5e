"""Top-ups through Stripe Checkout and the inbox of Stripe's events."""

import uuid

from django.db import models


class TopUpState(models.TextChoices):
    """A top-up is credited at most once."""

    PENDING = "pending"
    CREDITED = "credited"
    FAILED = "failed"
    REFUNDED = "refunded"


class TopUpOrigin(models.TextChoices):
    """How a top-up is paid: by its user on Stripe's page, or from a saved card while nobody is there."""

    CHECKOUT = "checkout"
    AUTO = "auto"


class TopUp(models.Model):
    """One wish to add money, committed before Stripe is asked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="top_ups")
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    amount_nano = models.BigIntegerField()
    origin = models.CharField(
        max_length=10, choices=TopUpOrigin, default=TopUpOrigin.CHECKOUT, db_default="checkout"
    )
    card = models.ForeignKey(
        "billing.SavedCard", models.PROTECT, null=True, blank=True, related_name="top_ups"
    )
    saves_card = models.BooleanField(
        default=False, db_default=False, help_text="The user agreed to have the card saved."
    )
    state = models.CharField(max_length=10, choices=TopUpState, default=TopUpState.PENDING)
    checkout_session = models.CharField(max_length=255, blank=True)
    checkout_url = models.URLField(max_length=2000, blank=True)
    payment_intent = models.CharField(max_length=255, blank=True, db_index=True)
    credited_nano = models.BigIntegerField(default=0)
    tax_nano = models.BigIntegerField(
        default=0, db_default=0, help_text="Taxes that Stripe added to the amount."
    )
    reversed_nano = models.BigIntegerField(
        default=0, help_text="Refunded or disputed so far, its taxes included."
    )
    reversals = models.PositiveIntegerField(
        default=0, help_text="How often money was reversed; part of the transfers' keys."
    )
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe reported what the books say now."
    )
    swept_at = models.DateTimeField(
        null=True, blank=True, help_text="When the sweep last asked Stripe about it."
    )
    staff_notified_at = models.DateTimeField(null=True, blank=True)
    charge = models.CharField(max_length=255, blank=True, db_default="", db_index=True)
    receipt_url = models.URLField(max_length=2000, blank=True, db_default="")
    problem = models.CharField(max_length=300, blank=True, help_text="Why it was not credited.")
    created_at = models.DateTimeField(auto_now_add=True)
    credited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=~models.Q(problem="") & models.Q(state="pending"),
                name="billing_topup_problem",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"],
                condition=models.Q(origin="auto", state="pending", problem=""),
                name="billing_one_auto_top_up_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"top-up {self.id} ({self.state})"


class StripeEvent(models.Model):
    """One event as Stripe sent it, kept once; processing is a later, repeatable step."""

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(max_length=100)
    payload = models.JSONField()
    object_id = models.CharField(max_length=255, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    staff_notified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["received_at"],
                condition=models.Q(processed_at=None),
                name="billing_event_unprocessed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
