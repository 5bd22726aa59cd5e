"""Files that were attached: what they are and say. Their bytes lie in a storage, named by the row."""

import uuid

from django.db import models

MAX_NAME_CHARS = 120


class Attachment(models.Model):
    """A file of a job, or of a form that was not submitted yet (then without `job`). It never changes.

    Rows share bytes where a job is run again with the files of another. A job also keeps what its programs drew
    (`is_made`): its page shows it, and nobody is told of it as a file.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="attachments")
    created_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="attachments")
    job = models.ForeignKey("jobs.Job", models.CASCADE, null=True, blank=True, related_name="attachments")
    name = models.CharField(max_length=MAX_NAME_CHARS, help_text="As its user calls it, cleaned.")
    kind = models.CharField(max_length=20, help_text="What it is by its bytes (files.extraction.FileKind).")
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_name = models.CharField(max_length=120, help_text="The name of its bytes in the storage.")
    page_count = models.PositiveIntegerField(
        default=0, help_text="Pages, slides or sheets; 0 where there are none."
    )
    characters = models.PositiveIntegerField(help_text="How many characters of text were read.")
    pages = models.JSONField(default=list, help_text="The text that was read: [{where, text}].")
    pictures = models.JSONField(
        default=list,
        help_text="What models that see are shown of it: [{where, width, height}], stored beside its bytes.",
    )
    notes = models.JSONField(default=list, help_text="Sentences about what was not read.")
    is_made = models.BooleanField(
        default=False, db_default=False, help_text="A picture (JPEG) that a program of its job drew."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace"], name="files_by_workspace"),
            models.Index(fields=["stored_name"], name="files_by_stored_name"),
            models.Index(fields=["created_at"], condition=models.Q(job=None), name="files_unused"),
        ]

    def __str__(self) -> str:
        return self.name
