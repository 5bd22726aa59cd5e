"""What is not called for now: a model, a provider, or anything at all. The database refuses holds for it."""

from django.db import models
from django.db.models import Q


class Liftable(models.Model):
    """Something that began, by whom and why, and that lasts until somebody ends it with a reason."""

    reason = models.CharField(max_length=500)
    by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


class ModelSuspension(Liftable):
    """One stay of one model; while it is not lifted the database refuses every hold for a call to it."""

    model = models.CharField(max_length=200)
    call = models.ForeignKey(
        "billing.Call",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The call that cost more than was held for it; empty: staff suspended the model.",
    )
    staff_notified_at = models.DateTimeField(null=True, blank=True)

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


class SpendingStop(Liftable):
    """A stop of all spending, or of all calls to one provider; while it lasts the database refuses their holds."""

    provider = models.CharField(max_length=60, blank=True, help_text="Empty: all spending is stopped.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider"], condition=Q(lifted_at=None), name="billing_one_open_stop"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} since {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def what(self) -> str:
        """What is stopped, as the beginning of a sentence."""
        return f"Calls to {self.provider}" if self.provider else "All spending"
