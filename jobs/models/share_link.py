"""Links by which somebody shows the result of a job to people who have no account."""

import secrets

from django.db import models
from django.urls import reverse


def new_token() -> str:
    """Return a secret of 256 bits for an address."""
    return secrets.token_urlsafe(32)


class ShareLink(models.Model):
    """The link of a job. Deleting it is what revokes it."""

    job = models.OneToOneField("jobs.Job", models.CASCADE, related_name="share_link")
    token = models.CharField(max_length=64, unique=True, default=new_token)
    shows_costs = models.BooleanField(default=False, help_text="Whether the page shows the receipt, too.")
    on_first_page = models.BooleanField(
        db_default=False,
        default=False,
        help_text="Whether the first page shows it to every visitor, as staff alone may choose.",
    )
    created_by = models.ForeignKey("accounts.User", models.CASCADE, related_name="share_links")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["-created_at"], name="shares_on_first_page", condition=models.Q(on_first_page=True)
            ),
        )

    def __str__(self) -> str:
        return f"Link to {self.job}"

    def get_absolute_url(self) -> str:
        """Return the address of the page that everybody with the link may see."""
        return reverse("job-shared", args=[self.token])
