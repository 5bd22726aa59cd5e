"""What a person says of the answer that a job ended with, and how its lessons come to hear of it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.core.states import UserVerdict
from jobs.models import Job, Lesson


def give_verdict(*, job_id: UUID, verdict: UserVerdict | None) -> bool:
    """Keep what a person says of a job's answer in the place of what was said before; None takes it back.

    False: there is no answer to be judged (any more), and nothing was changed. Workers teach the job's lessons anew
    (jobs/learning/learn.py).
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).get(pk=job_id)
        if not job.has_result:
            return False
        if job.user_verdict != (verdict or ""):
            job.user_verdict, job.user_verdict_at = verdict or "", timezone.now() if verdict else None
            job.save(update_fields=["user_verdict", "user_verdict_at"])
            outdate_lessons(job)
    return True


def outdate_lessons(job: Job) -> None:
    """Have the lessons of a job taught anew. Its row is locked, and its verdict saved in the same transaction."""
    Lesson.objects.filter(job=job).update(is_stale=True)
