"""Deletes attached files that nothing needs any more: of forms that were never submitted, and lost bytes."""

import logging
from datetime import timedelta

from django.utils import timezone

from files.store import delete_lost_bytes, delete_unused
from jobs.core.states import JobState
from jobs.lifecycle.saved.drafts import files_named_by
from jobs.models import Job

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=2)
"""How long a file is kept that neither a job nor a draft has."""


def delete_unused_files() -> int:
    """Delete what is older than KEPT_FOR; return how many files."""
    before = timezone.now() - KEPT_FOR
    drafts = Job.objects.filter(state=JobState.DRAFT).exclude(form__attached=None).only("form")
    kept = {each for draft in drafts for each in files_named_by(draft)}
    deleted = delete_unused(before=before, keep=kept) + delete_lost_bytes(before=before)
    if deleted:
        logger.info("Deleted %d unused files.", deleted)
    return deleted
