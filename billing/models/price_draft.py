"""Prices that a source publishes, waiting for a person: nothing is charged by them. Each import replaces the last."""

from django.db import models


class PriceSource(models.TextChoices):
    """Who publishes them."""

    LITELLM = "litellm", "litellm's map"
    GENAI = "genai-prices", "genai-prices"


class PriceDraft(models.Model):
    """One model of one source, in the columns of a Price."""

    model = models.CharField(max_length=200)
    provider = models.CharField(max_length=60)
    source = models.CharField(max_length=20, choices=PriceSource)
    version = models.CharField(max_length=40)
    rates = models.JSONField()
    reasons = models.BooleanField(default=False)
    sees = models.BooleanField(default=False, db_default=False)
    calls_tools = models.BooleanField(default=False, db_default=False)
    ends = models.DateField(null=True, blank=True)
    address = models.CharField(max_length=255, blank=True)
    notes = models.JSONField(default=list, blank=True)
    imported_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "source"], name="billing_one_draft_per_source")
        ]
        indexes = [models.Index(fields=["provider", "model"], name="billing_draft_by_provider")]

    def __str__(self) -> str:
        return f"{self.model} by {self.source} {self.version}"
