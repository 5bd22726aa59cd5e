"""Untrusted code that jobs want run: what it is, who runs it, and what came of it."""

import uuid

from django.db import models
from django.db.models import Q


class ProgramRunState(models.TextChoices):
    """Waiting until a sandbox worker takes it, then running; the others have a result, or a reason for none."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    TIMED_OUT = "timed_out", "timed out"
    REFUSED = "refused", "not run"


class ProgramRun(models.Model):
    """One program, or one call of a function, of one job: equal ones are one row, so none is run twice.

    Rows go when their job ends, which keeps how many there were and what they used.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="program_runs")
    workspace_id = models.BigIntegerField(help_text="Whose turn it is.")
    sha256 = models.CharField(max_length=64, help_text="Of the code and its input.")
    asked_by = models.CharField(max_length=200, help_text="The worker that waits for it.")
    wanted = models.TextField(help_text="The code and its input, as JSON.")
    state = models.CharField(max_length=10, choices=ProgramRunState, default=ProgramRunState.WAITING)
    owner = models.CharField(max_length=200, blank=True, help_text="The sandbox worker that took it.")
    times_taken = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    result = models.TextField(blank=True, help_text="What came of it, as JSON; why it was not run.")
    cpu_ms = models.BigIntegerField(default=0)
    wall_ms = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "sha256"], name="jobs_one_program_run")]
        indexes = [
            models.Index(
                fields=["asked_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="jobs_program_run_open",
            ),
            models.Index(fields=["taken_at"], name="jobs_program_run_taken"),
            models.Index(fields=["workspace_id", "taken_at"], name="jobs_program_run_turns"),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.state})"
