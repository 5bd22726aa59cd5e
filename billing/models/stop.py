"""What is not called for now: anything at all, a provider, or a model. The database refuses holds for it."""

from django.db import models
from django.db.models import Q


class StopScope(models.TextChoices):
    """How far a stop reaches."""

    EVERYTHING = "everything"
    PROVIDER = "provider"
    MODEL = "model"


class SpendingStop(models.Model):
    """One stop: of what, by whom and why, until somebody lifts it with a reason.

    A model that is stopped is called suspended; a call that costs more than its hold suspends its model by itself.
    """

    scope = models.CharField(max_length=10, choices=StopScope, default=StopScope.EVERYTHING)
    subject = models.CharField(
        max_length=200, blank=True, help_text="The provider or the model; empty: everything."
    )
    reason = models.CharField(max_length=500)
    by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    call = models.ForeignKey(
        "billing.Call",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The call that cost more than was held for it; empty: staff stopped it.",
    )
    created_at = models.DateTimeField()
    staff_notified_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "subject"],
                condition=Q(lifted_at=None),
                name="billing_one_open_stop_of_a_scope",
            ),
            models.CheckConstraint(
                condition=Q(scope="everything", subject="") | (~Q(scope="everything") & ~Q(subject="")),
                name="billing_stop_has_its_subject",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(scope="model", staff_notified_at=None),
                name="billing_stop_unnotified",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} since {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def what(self) -> str:
        """What is stopped, as the beginning of a sentence."""
        return f"Calls to {self.subject}" if self.subject else "All spending"
