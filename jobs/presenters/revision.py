"""What says that a live page has changed: asked for every two seconds by each page that is open."""

from uuid import UUID

from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL

from jobs.models import JobQuerySet

# An ended job is told nothing more; one that continues has another state and version.
_ROW = """ROW(
    job.state, job.wanted, job.version, job.phase, job.best, job.next_at, job.budget_nano, job.charged_nano,
    escrow.balance_nano, escrow.held_nano,
    (SELECT max(seq) FROM jobs_steprecord step WHERE step.job_id = job.id),
    (SELECT array_agg(id ORDER BY id) FROM billing_spendingstop WHERE lifted_at IS NULL AND scope <> 'model')
)::text"""
_FROM = "jobs_job job LEFT JOIN billing_account escrow ON escrow.id = job.escrow_id"
_OF_SEVERAL = (
    f"SELECT left(md5(string_agg({_ROW}, '' ORDER BY job.id)), 16) FROM {_FROM} WHERE job.id = ANY(%s)"  # noqa: S608
)
_OF_EACH = f"(SELECT left(md5({_ROW}), 16) FROM {_FROM} WHERE job.id = jobs_job.id)"  # noqa: S608


def with_revision(jobs: JobQuerySet) -> JobQuerySet:
    """Return jobs each with its `revision`, read in the same statement: nothing changes between."""
    return jobs.annotate(revision=RawSQL(_OF_EACH, [], TextField()))  # noqa: S611  (our own text)


def revision_of(*job_ids: UUID) -> str:
    """Return a short text that changes whenever the live page of these jobs would; empty where there is none of them.

    Ask for it before the jobs are read: what changes between is then sent once more, and never missed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OF_SEVERAL, [list(job_ids)])
        row = cursor.fetchone()
    return row[0] or "" if row else ""
