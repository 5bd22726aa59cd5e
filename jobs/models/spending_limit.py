"""Limits on what may be spent and reserved together in a day or a month, and the alerts that were sent about them."""

from django.db import models
from django.db.models import Q


class Period(models.TextChoices):
    """How long a limit counts until it begins anew, in the site's time zone."""

    DAY = "day", "day"
    MONTH = "month", "month"


class SpendingLimit(models.Model):
    """One limit: of a user, of a workspace, of a user in a workspace, or (naming neither) of the whole installation.

    The row is changed in place and locked by whoever reserves money under it, so that two who do take turns.
    """

    user = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="spending_limits"
    )
    workspace = models.ForeignKey(
        "accounts.Workspace", models.PROTECT, null=True, blank=True, related_name="spending_limits"
    )
    period = models.CharField(max_length=10, choices=Period)
    amount_nano = models.BigIntegerField(
        null=True, blank=True, help_text="Empty: there is no limit any more."
    )
    by_staff = models.BooleanField(
        help_text="Set by the operator, beside what the user or the owner of the workspace set."
    )
    set_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "workspace", "period", "by_staff"],
                nulls_distinct=False,
                name="jobs_one_limit_of_a_kind",
            ),
            models.CheckConstraint(
                condition=~Q(user=None, workspace=None) | Q(by_staff=True), name="jobs_installation_by_staff"
            ),
            models.CheckConstraint(
                condition=Q(amount_nano=None) | Q(amount_nano__gte=0), name="jobs_limit_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.whose}: {self.amount_nano} nano-USD per {self.period}"

    @property
    def is_of_member(self) -> bool:
        """Whether it is of a user in one workspace, whatever they spend elsewhere."""
        return self.user_id is not None and self.workspace_id is not None

    @property
    def whose(self) -> str:
        """Whom it concerns, for lists of staff."""
        if self.user and self.workspace:
            return f"{self.user.email} in workspace {self.workspace.name}"
        if self.user:
            return self.user.email
        return f"Workspace {self.workspace.name}" if self.workspace else "The whole installation"


class LimitAlert(models.Model):
    """That a limit was used to a step (50, 80, 100 %) in a period, so that it is told once."""

    limit = models.ForeignKey(SpendingLimit, models.CASCADE, related_name="alerts")
    amount_nano = models.BigIntegerField(help_text="The limit as it was: another one is told of anew.")
    period_began = models.DateField()
    percent = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["limit", "amount_nano", "period_began", "percent"], name="jobs_one_alert_per_step"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.limit_id} since {self.period_began}"
