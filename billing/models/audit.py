"""The audits that were run: what each found, and how long it took."""

from django.db import models


class AuditRun(models.Model):
    """One audit of books and jobs."""

    started_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    checked = models.PositiveIntegerField(help_text="How many invariants were checked.")
    violations = models.JSONField(default=list, help_text="Broken invariants: a list of {invariant, detail}.")

    class Meta:
        indexes = [models.Index(fields=["-started_at"], name="billing_audit_newest")]

    def __str__(self) -> str:
        return f"audit of {self.started_at:%Y-%m-%d %H:%M}"
