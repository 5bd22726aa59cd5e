"""A person names a job, and sorts it by tags. Nothing of its work depends on either."""

from collections.abc import Sequence
from typing import Any

from jobs.core.states import JobState
from jobs.lifecycle.submission.titles import title_of, typed_title
from jobs.models import Job


def name_job(*, job: Job, title: str, tags: Sequence[str]) -> bool:
    """Give a job a title, or with an empty one that of its problem, and tags (jobs/core/tags.py). Raises SubmitError.

    False: its texts were deleted, and with them the title and the tags.
    """
    named = typed_title(title) or title_of(job.problem)
    return _update(job, title=named, tags=list(tags))


def set_tags(*, job: Job, tags: Sequence[str]) -> bool:
    """Give a job other tags. False: its texts were deleted."""
    return _update(job, tags=list(tags))


def _update(job: Job, **fields: Any) -> bool:
    known = Job.objects.filter(pk=job.pk, texts_deleted_at=None).exclude(state=JobState.DRAFT)
    return bool(known.update(**fields))
