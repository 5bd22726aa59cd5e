"""A form that a person saved, to start from it again; on wish it is submitted every week."""

import uuid

from django.db import models
from django.urls import reverse

MOST_NAME_CHARS = 80


class JobTemplate(models.Model):
    """A saved form, its owner's alone. What `weekly` holds is submitted at `next_run_at`, and every week after."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    created_by = models.ForeignKey("accounts.User", models.CASCADE, related_name="job_templates")
    name = models.CharField(max_length=MOST_NAME_CHARS)
    form = models.JSONField(default=dict, help_text="The fields of the form, as they were typed.")
    created_at = models.DateTimeField(auto_now_add=True)

    weekly = models.JSONField(
        default=dict,
        blank=True,
        help_text="What is submitted every week: {problem, budget_nano, checker, strategy, options, tags}.",
    )
    time_zone = models.CharField(
        max_length=60, blank=True, help_text="Where the hour of a run stays the same."
    )
    next_run_at = models.DateTimeField(null=True, blank=True, help_text="Empty: no run is due.")
    paused_because = models.CharField(max_length=500, blank=True, help_text="Why a run was refused.")
    last_job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["next_run_at"], name="jobs_template_due")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("job-template", args=[self.pk])
