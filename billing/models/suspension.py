"""Models that are not called for now: one that cost more than it could, or that staff suspended."""

from django.db import models
from django.db.models import Q


class ModelSuspension(models.Model):
    """One stay of one model; while it is not lifted the database refuses every hold for a call to it."""

    model = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    call = models.ForeignKey(
        "billing.Call",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The call that cost more than was held for it; empty: staff suspended the model.",
    )
    by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    staff_notified_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model"], condition=Q(lifted_at=None), name="billing_one_open_suspension"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(staff_notified_at=None), name="billing_suspension_unnotified"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} since {self.created_at:%Y-%m-%d %H:%M}"
