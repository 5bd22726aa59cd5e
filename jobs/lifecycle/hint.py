"""A person adds a hint to a job that goes on. It costs nothing itself; the prompts of later calls carry it."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from jobs.core.errors import SubmitError
from jobs.core.states import ACTIVE, JobState, Wanted
from jobs.lifecycle.control import notify_workers
from jobs.lifecycle.submission.problem_text import checked_text
from jobs.models import Job
from solver.core.problem.hints import MAX_HINT_CHARS, MAX_HINTS


def may_hint(job: Job) -> bool:
    """Tell whether calls of the job may still come."""
    return (
        job.state in ACTIVE
        and job.state != JobState.AWAITING_PAYMENT
        and job.wanted in {Wanted.RUN, Wanted.PAUSE}
    )


def add_hint(*, job: Job, text: str, starts_afresh: bool, by: User) -> bool:
    """Add a hint; with `starts_afresh` what was tried before it counts no more.

    False: the same hint was the last one already, as after a second click. Raises SubmitError; then nothing changed.
    """
    text = checked_text(
        text,
        what="hint",
        field="text",
        most_chars=MAX_HINT_CHARS,
        if_empty="Write what the next attempts should know.",
    )
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
        if not may_hint(job):
            raise SubmitError(
                "This job makes no more calls, so a hint would come too late. Ask a follow-up question instead, or run "
                "it again with changes.",
                code="ended",
            )
        if job.hints and (job.hints[-1]["text"], job.hints[-1]["starts_afresh"]) == (text, starts_afresh):
            return False
        if len(job.hints) >= MAX_HINTS:
            raise SubmitError(
                f"This job has {MAX_HINTS} hints already, which is the most that a prompt carries. Finish it and run it "
                "again with a clearer problem.",
                code="too_many",
            )
        job.hints = [
            *job.hints,
            {
                "text": text,
                "starts_afresh": starts_afresh,
                "at": timezone.now().isoformat(),
                "by_id": by.pk,
            },
        ]
        job.save(update_fields=["hints"])
        notify_workers(job, "hints", len(job.hints))
    return True
