"""One problem solved twice at the same budget: by many cheap attempts, and by a few expensive ones."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse

from jobs.models.job import Job

SIDE_TITLES = {"many_cheap": "Cheap model", "few_strong": "Strong model"}
"""The two sides, in the order in which they are shown."""


class Comparison(models.Model):
    """Two jobs that differ in their model alone. Each has a budget, an answer and a receipt of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="comparisons")
    created_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="comparisons")
    many_cheap = models.OneToOneField("jobs.Job", models.CASCADE, related_name="comparison_as_many_cheap")
    few_strong = models.OneToOneField("jobs.Job", models.CASCADE, related_name="comparison_as_few_strong")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Comparison: {self.many_cheap}"

    def get_absolute_url(self) -> str:
        """Return the address of the page that shows both."""
        return reverse("job-compare-detail", args=[self.pk])

    def sides(self) -> dict[str, Job]:
        """Return both jobs by the names of their sides."""
        return {"many_cheap": self.many_cheap, "few_strong": self.few_strong}

    @classmethod
    def of(cls, job: Job) -> Self | None:
        """Return the comparison that `job` belongs to, if any."""
        return cls.objects.filter(Q(many_cheap=job) | Q(few_strong=job)).first()
