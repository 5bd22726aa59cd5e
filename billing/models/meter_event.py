"""What was told to Stripe's billing meter: one event for each ended job, an export for finance."""

from django.db import models


class MeterEvent(models.Model):
    """The charge of one version of a job; written before Stripe is told, sent once."""

    identifier = models.CharField(primary_key=True, max_length=100, help_text="Stripe counts each only once.")
    escrow = models.OneToOneField("billing.Account", models.PROTECT, related_name="meter_event")
    charged_nano = models.BigIntegerField()
    ended_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    first_asked_at = models.DateTimeField(null=True, blank=True, help_text="When Stripe was first told.")
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(sent_at=None), name="billing_meter_unsent")
        ]

    def __str__(self) -> str:
        return self.identifier
