"""The first thing after a restore: leases in the backup belong to workers that no longer hold them."""

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from jobs.core.states import JobState
from jobs.models import Job, StepRecord, StepState


def free_held_jobs() -> int:
    """Free every job that a worker held when the backup was made; return how many.

    Its token grows, so that no worker of the old execution can write to it. Calls that were in flight are in doubt,
    because nobody knows what became of them. Any worker continues the job from its journal.
    """
    with transaction.atomic():
        held = Job.objects.select_for_update(no_key=True).filter(
            Q(state=JobState.RUNNING) | Q(lease_until__isnull=False)
        )
        jobs = list(held.order_by("pk").values_list("pk", flat=True))
        Job.objects.filter(pk__in=jobs).update(
            token=F("token") + 1,
            lease_until=None,
            owner="",
            state=Case(When(state=JobState.RUNNING, then=Value(JobState.QUEUED)), default=F("state")),
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT billing_doubt_stale(id, token) FROM jobs_job WHERE id = ANY(%s)", [jobs])
        StepRecord.objects.filter(job__in=jobs, state=StepState.OPEN).update(
            state=StepState.IN_DOUBT, error="This call was in flight when the backup was made.", told_at=Now()
        )
    return len(jobs)
