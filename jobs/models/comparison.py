"""One problem solved both ways at the same budget: many cheap tries against few dear ones."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse

from jobs.models.job import Job


class Comparison(models.Model):
    """Two jobs that differ in their model alone. Each has a budget, an answer and a receipt of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="comparisons")
    created_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="comparisons")
    interns = models.OneToOneField("jobs.Job", models.CASCADE, related_name="comparison_as_interns")
    demigod = models.OneToOneField("jobs.Job", models.CASCADE, related_name="comparison_as_demigod")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Interns or a demi-god: {self.interns}"

    def get_absolute_url(self) -> str:
        """Return the address of the page that shows both."""
        return reverse("job-compare-detail", args=[self.pk])

    @classmethod
    def of(cls, job: Job) -> Self | None:
        """Return the comparison that the job is one side of, if any."""
        return cls.objects.filter(Q(interns=job) | Q(demigod=job)).first()
