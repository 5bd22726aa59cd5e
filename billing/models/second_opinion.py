"""What others reckon that a settled call cost, beside our own figure. Nothing is charged by it."""

from django.db import models
from django.db.models import Q


class SecondOpinion(models.Model):
    """Costs in nano-USD by litellm's and genai-prices' own formulas and prices; empty: that source does not know it."""

    call = models.OneToOneField(
        "billing.Call", models.CASCADE, primary_key=True, related_name="opinion", db_constraint=False
    )
    litellm_nano = models.BigIntegerField(null=True)
    genai_nano = models.BigIntegerField(null=True)
    differs = models.BooleanField(help_text="By more than one in a hundred from what we reckon.")
    shape = models.JSONField(
        null=True, help_text="The tokens that the provider's report was read as, where it differs."
    )
    checked_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["checked_at"], condition=Q(differs=True), name="billing_opinion_differs"),
        ]

    def __str__(self) -> str:
        return f"{self.call_id}: {'differs' if self.differs else 'agrees'}"
