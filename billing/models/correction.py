"""Corrections of a workspace's money by staff: one person asks, another decides, and only then it is posted."""

from django.db import models
from django.db.models import F, Q


class CorrectionKind(models.TextChoices):
    """What is corrected."""

    ADJUSTMENT = "adjustment", "adjustment of the wallet"
    WRITE_OFF = "write_off", "debt written off"


class CorrectionState(models.TextChoices):
    """A correction is decided once."""

    ASKED = "asked", "waits for a second person"
    APPROVED = "approved"
    REFUSED = "refused"


class Correction(models.Model):
    """One wish to correct a workspace's money. Nothing moves before another person approves it."""

    kind = models.CharField(max_length=12, choices=CorrectionKind)
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="+")
    amount_nano = models.BigIntegerField(
        help_text="Added to the wallet, or taken from it where negative; of a write-off the debt that is let go."
    )
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=CorrectionState, default=CorrectionState.ASKED)
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="billing_second_person"
            ),
            models.CheckConstraint(condition=~Q(amount_nano=0), name="billing_correction_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"
