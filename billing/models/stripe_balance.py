"""What moved the site's balance at Stripe, and disputes about its payments, as Stripe reports them."""

from django.db import models


def _amount_words(cents: int, currency: str) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}{whole:,}.{rest:02} {currency.upper()}"


class BalanceTransaction(models.Model):
    """One movement of the balance at Stripe, kept once. Amounts are whole cents of `currency`, negative where it fell."""

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(max_length=60)
    amount_cents = models.BigIntegerField()
    fee_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=255, blank=True)
    payment_intent = models.CharField(
        max_length=255, blank=True, help_text="The payment that its source is about."
    )
    created_at = models.DateTimeField()
    available_on = models.DateTimeField(null=True, blank=True)
    is_ours = models.BooleanField(
        default=False, help_text="About a top-up of this site or the account itself."
    )
    booked_at = models.DateTimeField(
        null=True, blank=True, help_text="When its fee or payout was put into the books."
    )

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="billing_balance_created")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    @property
    def amount_words(self) -> str:
        """The amount with its currency."""
        return _amount_words(self.amount_cents, self.currency)


class Dispute(models.Model):
    """A dispute about a top-up, as Stripe sees it now."""

    id = models.CharField(primary_key=True, max_length=255)
    top_up = models.ForeignKey("billing.TopUp", models.PROTECT, related_name="disputes")
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=60)
    reason = models.CharField(max_length=60, blank=True)
    answer_by = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField(auto_now_add=True)
    staff_notified_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"dispute {self.id} ({self.status})"

    @property
    def amount_words(self) -> str:
        """The amount with its currency."""
        return _amount_words(self.amount_cents, self.currency)

    @property
    def state_words(self) -> str:
        """How it stands."""
        return {
            "needs_response": "needs an answer",
            "under_review": "under review by the bank",
            "won": "won: the money is back",
            "lost": "lost: the money is gone",
            "warning_needs_response": "inquiry that needs an answer; no money was taken",
            "warning_under_review": "inquiry under review",
            "warning_closed": "inquiry closed",
        }.get(self.status, self.status)
