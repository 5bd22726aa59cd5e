"""Saved cards and adding money by itself: what the people of a workspace agreed to."""

import uuid

from django.db import models
from django.db.models import Q


class StripeCustomer(models.Model):
    """A workspace as Stripe knows it; made when somebody first saves a card or wants invoices."""

    workspace = models.OneToOneField("accounts.Workspace", models.PROTECT, related_name="stripe_customer")
    customer = models.CharField(max_length=255, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.customer


class SavedCard(models.Model):
    """A card that a user agreed to save at Stripe; its number is never here. Removed here first, then at Stripe."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="saved_cards")
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", help_text="Who agreed.")
    payment_method = models.CharField(max_length=255, unique=True)
    customer = models.CharField(max_length=255)
    brand = models.CharField(max_length=40, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    exp_month = models.PositiveSmallIntegerField(default=0)
    exp_year = models.PositiveSmallIntegerField(default=0)
    consented_at = models.DateTimeField(help_text="When the user agreed to have it saved.")
    removed_at = models.DateTimeField(null=True, blank=True)
    detached_at = models.DateTimeField(null=True, blank=True, help_text="When Stripe forgot it, too.")

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """The card as its owner knows it."""
        return f"{(self.brand or 'card').replace('_', ' ').capitalize()} ending in {self.last4 or '????'}"


class AutoRecharge(models.Model):
    """A user's wish that money is added by itself. Amounts are nano-USD."""

    workspace = models.OneToOneField("accounts.Workspace", models.PROTECT, related_name="auto_recharge")
    user = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", help_text="Who switched it on."
    )
    card = models.ForeignKey(SavedCard, models.PROTECT, related_name="+")
    is_on = models.BooleanField(default=False)
    threshold_nano = models.BigIntegerField(help_text="Money is added when the wallet has less.")
    amount_nano = models.BigIntegerField(help_text="What is added each time.")
    monthly_cap_nano = models.BigIntegerField(help_text="The most that is added in a calendar month.")
    failures = models.PositiveIntegerField(default=0, help_text="Declines in a row.")
    paused_until = models.DateTimeField(null=True, blank=True, help_text="After a decline.")
    needs_person = models.BooleanField(
        default=False, help_text="The bank wants its customer to confirm a payment in person."
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold_nano__gt=0, amount_nano__gt=0, monthly_cap_nano__gte=0),
                name="billing_auto_recharge_positive",
            )
        ]

    def __str__(self) -> str:
        return f"auto-recharge of {self.workspace_id} ({'on' if self.is_on else 'off'})"
