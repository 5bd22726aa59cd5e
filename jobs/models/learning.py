"""What jobs have taught: counts per subject and workspace, and one lesson per ended version of a job."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Learned(models.Model):
    """Counts for one posterior: what (ability, output, …) of whom (a model, a strategy) on which kind of problem.

    Each workspace has rows of its own. Rows without a workspace are shared: they hold the little that each workspace
    may teach all others (solver/learning/sharing.py).
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", models.CASCADE, null=True, blank=True, related_name="+"
    )
    aspect = models.CharField(max_length=20)
    subject = models.CharField(max_length=200)
    kind = models.CharField(max_length=30)
    stats = models.JSONField(default=dict, blank=True)
    jobs = models.PositiveIntegerField(default=0, help_text="Finished jobs that taught it.")
    given = models.JSONField(
        default=dict, blank=True, help_text="What of a workspace's counts went into the shared row."
    )
    given_today = models.FloatField(default=0.0, help_text="How many observations went there on `given_on`.")
    given_on = models.DateField(null=True, blank=True)
    halvings = models.PositiveIntegerField(
        default=0,
        help_text="How often the counts of a shared row were halved; of a workspace's row: when it last gave.",
    )
    since = models.DateTimeField(
        default=timezone.now, help_text="Nothing older is counted: when it was reset."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "subject", "aspect"],
                name="jobs_one_posterior_per_workspace",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.aspect} of {self.subject} on {self.kind}"


class Lesson(models.Model):
    """One ended version of one job. Written when it ends, taught once, in the transaction that marks it taught."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="lessons")
    version = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    ended = models.JSONField(
        default=dict,
        help_text="Stop reason, confidence, digest of the answer's key, as they were at this end.",
    )
    taught_at = models.DateTimeField(null=True, blank=True)
    upto_seq = models.BigIntegerField(default=0, help_text="The last step told before this end.")
    taught = models.JSONField(
        default=list, blank=True, help_text="[aspect, subject, kind, counts]; the drift watch reads it."
    )
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "version"], name="jobs_one_lesson")]
        indexes = [
            models.Index(fields=["id"], condition=Q(taught_at=None), name="jobs_lessons_due"),
            models.Index(fields=["-taught_at"], name="jobs_lessons_taught"),
        ]

    def __str__(self) -> str:
        return f"lesson of {self.job_id}, version {self.version}"


class DriftAlarm(models.Model):
    """A share that moved away from what was learned; open until it is back."""

    name = models.CharField(max_length=260, help_text="share|subject|kind")
    words = models.CharField(max_length=400)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    staff_notified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(closed_at=None), name="jobs_one_open_alarm"),
        ]

    def __str__(self) -> str:
        return self.words
