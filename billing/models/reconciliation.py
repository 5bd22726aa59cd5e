"""What providers say that they billed, set against our own books by day and model. Amounts are nano-USD."""

from django.db import models


class ProviderReport(models.Model):
    """One cost report as it was read: fetched from a provider, or uploaded by a person."""

    provider = models.CharField(max_length=60)
    source = models.CharField(max_length=200, help_text="The file's name, or the address that was asked.")
    sha256 = models.CharField(max_length=64)
    first_day = models.DateField()
    last_day = models.DateField()
    is_complete = models.BooleanField(
        help_text="Models and days between the first and the last that it does not name were billed at nothing."
    )
    bills = models.JSONField(help_text="A list of [day, model as the provider names it, nano-USD].")
    by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    taken_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["provider", "-taken_at"], name="billing_report_newest")]

    def __str__(self) -> str:
        return f"{self.provider} {self.first_day} to {self.last_day}"


class ItemState(models.TextChoices):
    """Open: a person must look. Explained: it differs, and somebody said why. Closed: the books say what was billed."""

    OPEN = "open"
    EXPLAINED = "explained"
    CLOSED = "closed"


class ReconciliationItem(models.Model):
    """One UTC day of one model: what its provider billed beside what the books say, and what was posted to agree."""

    provider = models.CharField(max_length=60)
    day = models.DateField(help_text="In UTC, as providers count.")
    model = models.CharField(max_length=200)
    report = models.ForeignKey(ProviderReport, models.PROTECT, related_name="items")
    billed_nano = models.BigIntegerField()
    settled_nano = models.BigIntegerField(default=0, help_text="Cost of the settled calls.")
    estimated_nano = models.BigIntegerField(
        default=0, help_text="Part of it: calls whose reply named no usage, at their bound."
    )
    accrued_nano = models.BigIntegerField(default=0, help_text="Carried by the house for calls in doubt.")
    doubts = models.PositiveIntegerField(default=0, help_text="Calls in doubt whose job has ended.")
    waiting_nano = models.BigIntegerField(default=0, help_text="Reserved for calls in doubt of running jobs.")
    accepted_nano = models.BigIntegerField(
        null=True, blank=True, help_text="What the books were brought to; empty: nothing was."
    )
    payable_posted_nano = models.BigIntegerField(default=0)
    suspense_posted_nano = models.BigIntegerField(default=0)
    postings = models.PositiveIntegerField(default=0, help_text="Part of the transfers' keys.")
    state = models.CharField(max_length=10, choices=ItemState, default=ItemState.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "day", "model"], name="billing_one_item_per_day")
        ]
        indexes = [models.Index(fields=["state", "-day"], name="billing_item_by_state")]

    def __str__(self) -> str:
        return f"{self.model} on {self.day} ({self.state})"

    @property
    def booked_nano(self) -> int:
        """What the books owe the provider for it now."""
        return self.settled_nano + self.accrued_nano + self.payable_posted_nano

    @property
    def difference_nano(self) -> int:
        """What the provider billed beyond what the books owe it."""
        return self.billed_nano - self.booked_nano


class ReconciliationRun(models.Model):
    """One look at the whole: R1 the books, R2 calls, R3 providers, R4 Stripe."""

    started_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    findings = models.JSONField(help_text="By check: {open, lines}.")

    class Meta:
        indexes = [models.Index(fields=["-started_at"], name="billing_reconciled_newest")]

    def __str__(self) -> str:
        return f"reconciliation of {self.started_at:%Y-%m-%d %H:%M}"
