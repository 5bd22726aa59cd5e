"""Addresses that hear of spending limits and jobs, each with a secret that signs what it is sent."""

import uuid

from django.db import models
from django.db.models import Q


class Webhook(models.Model):
    """One address: of a person, of a workspace, or (naming neither) of the operator, for what concerns them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, blank=True, related_name="webhooks")
    workspace = models.ForeignKey(
        "accounts.Workspace", models.CASCADE, null=True, blank=True, related_name="webhooks"
    )
    address = models.CharField(max_length=500)
    secret = models.CharField(max_length=100, editable=False, help_text="Shown once, when it is made.")
    made_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    tried_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When something was last sent to it."
    )
    tried_status = models.PositiveSmallIntegerField(
        null=True, blank=True, editable=False, help_text="What its server answered; empty: nothing."
    )
    tried_error = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="What went wrong; empty: it was taken.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "workspace", "address"], nulls_distinct=False, name="jobs_one_webhook"
            ),
            models.CheckConstraint(
                condition=Q(user=None) | Q(workspace=None), name="jobs_webhook_of_one_thing"
            ),
        ]

    def __str__(self) -> str:
        return self.address
