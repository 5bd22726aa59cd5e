"""How long texts are kept: the site's limit and each user's own, of which the shorter one counts."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now
from django.utils import timezone

from jobs.core.states import ENDED
from jobs.mail.eml_backend import delete_files_before
from jobs.models import Job
from jobs.upkeep.delete_texts import delete_texts, still_theirs

logger = logging.getLogger(__name__)

_BATCH = 200


def delete_old_texts() -> int:
    """Delete the texts of ended jobs, and stored emails, whose time is up; return of how many jobs.

    Jobs that have not ended keep theirs, however old they are: a paused one may continue any day.
    """
    days = settings.PONDER_RETENTION_DAYS
    if days:
        delete_files_before(timezone.now() - timedelta(days=days))
    due = Job.objects.filter(_is_over(days), state__in=sorted(ENDED), texts_deleted_at=None)
    deleted = 0
    while batch := list(due.order_by("finished_at").values_list("pk", flat=True)[:_BATCH]):
        done = sum(delete_texts(job_id=job_id) for job_id in batch)
        deleted += done
        if not done:
            break  # they were all continued meanwhile
    if deleted:
        logger.info("Deleted the texts of %d jobs.", deleted)
    return deleted


def _is_over(site_days: int) -> Q:
    own = ExpressionWrapper(F("created_by__keep_days") * timedelta(days=1), output_field=DurationField())
    over = Q(created_by__keep_days__isnull=False, finished_at__lte=Now() - own)
    # A job that was submitted in the moment in which its account was closed; closing keeps the place in a workspace
    # that nobody else is in.
    over |= Q(created_by__closed_at__isnull=False)
    over &= Q(still_theirs())
    if site_days:
        over |= Q(finished_at__lte=Now() - timedelta(days=site_days))
    return over
