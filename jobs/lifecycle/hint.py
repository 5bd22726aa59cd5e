"""A person adds a hint to a job that goes on. It costs nothing itself; the prompts of later calls carry it."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from jobs.core.errors import CannotContinue, SubmitError
from jobs.core.states import ACTIVE, JobState, Wanted
from jobs.lifecycle.control import notify_workers
from jobs.lifecycle.submission.problem_text import checked_text
from jobs.models import Job, Pinned
from solver import fitting
from solver.core.problem.hints import MAX_HINT_CHARS, MAX_HINTS, hints_of, with_hints


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
        job.hints = hints_with(job, text, field="text", starts_afresh=starts_afresh, by=by)
        job.save(update_fields=["hints"])
        notify_workers(job, "hints", len(job.hints))
    return True


def hints_with(
    job: Job, text: str, *, field: str, starts_afresh: bool = False, by: User
) -> list[dict[str, Any]]:
    """Return what a job's hints are with one more. Raises SubmitError where none of its models has room for it."""
    at = timezone.now().isoformat()
    hints = [*job.hints, {"text": text, "starts_afresh": starts_afresh, "at": at, "by_id": by.pk}]
    try:
        pinned = Pinned.of(job)
    except CannotContinue:
        return hints  # its next execution ends it, and says why
    if pinned.panel and not fitting(pinned.panel, with_hints(pinned.problem, hints_of(hints))):
        raise SubmitError(
            "The job’s models have no room for this beside the problem. Shorten it.",
            field=field,
            code="too_long_for_models",
        )
    return hints
