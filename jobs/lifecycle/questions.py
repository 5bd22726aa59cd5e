"""A job that needs its person: it asks, waits without costing anything, and goes on with the answer or without.

1. The worker writes the question under its lease and gives the job up (`ask_person`); its person gets an email.
2. An answer about the problem becomes a hint. One about a price allows the step, or all, or ends the job.
3. Without an answer in time the job goes on without it; before a step that is too dear it ends with what it has.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from jobs.core.errors import SubmitError
from jobs.core.lease import Lease
from jobs.core.options import JobOptions
from jobs.core.states import JobState, Wanted
from jobs.core.wake import wake_worker_on_commit
from jobs.lifecycle.hint import hints_with
from jobs.lifecycle.submission.problem_text import checked_text
from jobs.mail.enqueue import enqueue_job_mail
from jobs.models import Job, OutboxKind
from jobs.models.question import ALL, ANSWERED, NO, TIMED_OUT, WITHOUT, YES, open_question
from solver import AskWishes
from solver.core.problem.hints import MAX_HINT_CHARS
from solver.core.problem.question import FIRST_KEY, Question

MAX_ANSWER_CHARS = MAX_HINT_CHARS - 700
"""The question goes along with it."""


def wishes_of(job: Job) -> AskWishes:
    """Return what the job's person wants to be asked, and what they have said to it."""
    options = JobOptions.from_json(job.options)
    return AskWishes(
        asks_first=options.asks_first,
        is_first_answered=any(each["key"] == FIRST_KEY and each["how"] for each in job.questions),
        above_nano=options.ask_above_nano,
        allowed_nano={each["key"]: each["cost_nano"] for each in job.questions if each["how"] == YES},
        allows_all=any(each["how"] == ALL for each in job.questions),
    )


def ask_person(lease: Lease, question: Question) -> bool:
    """Let a job wait for the answer to a question. False: the lease was not ours any more, or it is to be ended."""
    with transaction.atomic():
        held = Job.objects.filter(pk=lease.job_id, token=lease.token, lease_until__gt=Now())
        job = held.select_for_update(no_key=True, of=("self",)).select_related("created_by").first()
        if job is None or job.wanted != Wanted.RUN:
            return False
        now = timezone.now()
        within_s = JobOptions.from_json(job.options).answer_within_s or settings.PONDER_ANSWER_WITHIN_S
        until = now + timedelta(seconds=within_s)
        # One that was left open, because the job was ended and continued, is asked again.
        before = [each for each in job.questions if each["how"]]
        job.questions = [*before, _as_asked(question, job.version, now, until)]
        job.state, job.next_at, job.lease_until, job.owner = JobState.ASKING, until, None, ""
        job.idle_claims = max(job.idle_claims - 1, 0)
        job.save(update_fields=["questions", "state", "next_at", "lease_until", "owner", "idle_claims"])
        enqueue_job_mail(job, OutboxKind.QUESTION, number=len(job.questions))
    return True


def _as_asked(question: Question, version: int, now: datetime, until: datetime) -> dict[str, Any]:
    return {
        "key": question.key,
        "version": version,
        "text": question.text,
        "suggestions": list(question.suggestions),
        "cost_nano": question.cost_nano,
        "purpose": question.purpose,
        "model": question.model,
        "asked_at": now.isoformat(),
        "until": until.isoformat(),
        "how": "",
        "answer": "",
        "answered_at": "",
        "by_id": None,
    }


def answer_question(*, job: Job, number: int, answer: str, by: User) -> bool:
    """Give the answer to a job's open question of this number, counted from 1, and let the job go on.

    To one about a step's price it is `yes`, `all` or `no`. Empty: go on without an answer, which before a step that is
    too dear means no. False: that question is not open any more. Raises SubmitError; then nothing changed.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job.pk)
        asked = open_question(job)
        if asked is None or number != len(job.questions):
            return False
        if asked["cost_nano"]:
            _decide(job, answer.strip() or NO, by)
        elif not answer.strip():
            _close(job, WITHOUT, by=by)
        else:
            text = checked_text(
                answer,
                what="answer",
                field="answer",
                most_chars=MAX_ANSWER_CHARS,
                if_empty="Write an answer.",
            )
            hint = f"Question: {asked['text']}\nAnswer: {text}"
            job.hints = hints_with(job, hint, field="answer", by=by)
            _close(job, ANSWERED, answer=text, by=by)
    return True


def _decide(job: Job, answer: str, by: User) -> None:
    if answer not in {YES, ALL, NO}:
        raise SubmitError("Answer yes, all or no.", field="answer", code="choice")
    _close(job, answer, by=by)


def end_late_questions() -> int:
    """Let jobs whose question was not answered in time go on without an answer; return how many."""
    late = Job.objects.filter(state=JobState.ASKING, next_at__lte=Now()).values_list("pk", flat=True)
    return sum(_end_late(job_id) for job_id in list(late[:100]))


def _end_late(job_id: Any) -> bool:
    with transaction.atomic():
        locked = Job.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
        job = locked.filter(pk=job_id, state=JobState.ASKING, next_at__lte=Now()).first()
        if job is None:
            return False
        _close(job, TIMED_OUT)
    return True


def _close(job: Job, how: str, *, answer: str = "", by: User | None = None) -> None:
    """Close the open question of a locked job, and hand the job to a worker. The time it waited is not its own."""
    now = timezone.now()
    *before, asked = job.questions
    closed = {"how": how, "answer": answer, "answered_at": now.isoformat(), "by_id": by and by.pk}
    job.questions = [*before, {**asked, **closed}]
    if asked["cost_nano"] and how in {NO, TIMED_OUT}:
        job.wanted = Wanted.FINISH
    if job.deadline_at:
        job.deadline_at += now - datetime.fromisoformat(asked["asked_at"])
    job.state, job.next_at, job.queued_at = JobState.QUEUED, None, now
    job.save(update_fields=["questions", "hints", "wanted", "deadline_at", "state", "next_at", "queued_at"])
    wake_worker_on_commit(job.pk)
