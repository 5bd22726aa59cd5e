"""Refunds asked for here: unspent money on its way back to the payment that brought it."""

import uuid

from django.db import models
from django.db.models import Q

from solver.core.money import NANO_PER_CENT


class RefundState(models.TextChoices):
    """Pending: Stripe may not have heard of it. Sent: Stripe has it, the bank not yet. A failed one is in the wallet."""

    PENDING = "pending", "on its way to Stripe"
    SENT = "sent", "on its way to the bank"
    DONE = "done", "done"
    FAILED = "failed", "failed; the money is back in the wallet"


class Refund(models.Model):
    """Part of one payment that goes back; the money has left the wallet when the row is there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    request = models.UUIDField(
        help_text="One wish of a person, which may touch several payments; repeated, it is one."
    )
    top_up = models.ForeignKey("billing.TopUp", models.PROTECT, related_name="refunds")
    by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    by_staff = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    cents = models.PositiveBigIntegerField(
        help_text="What goes back to the card, with its part of the taxes."
    )
    state = models.CharField(max_length=10, choices=RefundState, default=RefundState.PENDING)
    stripe_refund = models.CharField(max_length=255, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When Stripe was last asked to make it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "top_up"], name="billing_refund_once"),
            models.CheckConstraint(condition=Q(cents__gt=0), name="billing_refund_positive"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state__in=["pending", "sent"]), name="billing_refund_open"
            )
        ]

    def __str__(self) -> str:
        return f"refund {self.id} ({self.state})"

    @property
    def nano(self) -> int:
        """The amount in nano-USD."""
        return self.cents * NANO_PER_CENT
