"""The journal: every step, its prompt and its reply, in the order in which the strategy was told."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class StepState(models.TextChoices):
    """Told results are the job's state; open ones are in flight; the others were attempts that came to nothing."""

    OPEN = "open"
    TOLD = "told"
    VOID = "void", "not executed"
    IN_DOUBT = "in_doubt", "in doubt"


class Prompt(models.Model):
    """Messages sent to a model, kept once a job however many tries use them."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="prompts")
    sha256 = models.CharField(max_length=64)
    messages = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "sha256"], name="jobs_one_prompt")]

    def __str__(self) -> str:
        return self.sha256[:12]


class StepRecord(models.Model):
    """One attempt at one step. The id is that of the billing.Call which paid for it, if any."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="steps")
    key = models.CharField(max_length=200)
    attempt = models.PositiveIntegerField(default=1)
    seq = models.BigIntegerField(
        null=True, help_text="Order in which results were told to the strategy; empty until then."
    )
    kind = models.CharField(max_length=20)
    purpose = models.CharField(max_length=200, blank=True)
    parents = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    model = models.CharField(max_length=200, blank=True)
    prompt_sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=StepState, default=StepState.OPEN)
    status = models.CharField(
        max_length=10, blank=True, help_text="ok, failed or note, as the strategy was told."
    )
    text = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    answer_key = models.TextField(blank=True)
    verdict = models.JSONField(null=True, blank=True)
    note = models.JSONField(null=True, blank=True, help_text="The decision of a step that makes no call.")
    finish_reason = models.CharField(max_length=30, blank=True)
    error = models.CharField(max_length=500, blank=True)
    charged_nano = models.BigIntegerField(
        default=0, help_text="What the user paid for this step; equals billed_nano of its call."
    )
    tokens = models.BigIntegerField(default=0)
    subproblem = models.BooleanField(
        default=False, db_default=False, help_text="About a part of the problem, not the whole."
    )
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "key", "attempt"], name="jobs_one_step_per_attempt"),
            models.UniqueConstraint(
                fields=["job", "key"], condition=Q(state="told"), name="jobs_key_told_once"
            ),
            models.UniqueConstraint(
                fields=["job", "seq"], condition=~Q(seq=None), name="jobs_one_telling_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} #{self.attempt} ({self.state})"
