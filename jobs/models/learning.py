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
    jobs = models.PositiveIntegerField(default=0, help_text="Number of finished jobs that contributed.")
    given = models.JSONField(
        default=dict, blank=True, help_text="What this workspace's counts contributed to the shared row."
    )
    given_today = models.FloatField(
        default=0.0, help_text="Observations contributed to the shared row on `given_on`."
    )
    given_on = models.DateField(null=True, blank=True)
    halvings = models.PositiveIntegerField(
        default=0,
        help_text="Shared row: how often its counts were halved. Workspace's row: that number when it last contributed.",
    )
    since = models.DateTimeField(
        default=timezone.now, help_text="When it was last reset; older jobs do not count."
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
        help_text="Stop reason, confidence and a digest of the answer's key when this version ended.",
    )
    taught_at = models.DateTimeField(null=True, blank=True)
    upto_seq = models.BigIntegerField(default=0, help_text="The last step told before this version ended.")
    taught = models.JSONField(
        default=list,
        blank=True,
        help_text="List of [aspect, subject, kind, counts], read by the drift watch.",
    )
    is_stale = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether a person has said since whether the answer was right, or took that back.",
    )
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "version"], name="jobs_one_lesson")]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(taught_at=None) | Q(is_stale=True), name="jobs_lessons_to_teach"
            ),
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
