"""Which mailboxes had their trial credit."""

from django.db import models


class TrialGrant(models.Model):
    """One mailbox that got trial credit, kept after its account is closed; the mark does not tell whose it was."""

    mailbox_mark = models.CharField(primary_key=True, max_length=64)
    domain_mark = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="The same of the address's domain; empty: many people share it.",
    )
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["granted_at"], name="billing_trial_grants_by_day"),
            models.Index(fields=["domain_mark", "granted_at"], name="billing_trial_grants_by_domain"),
        ]

    def __str__(self) -> str:
        return f"trial credit of {self.granted_at:%Y-%m-%d}"
