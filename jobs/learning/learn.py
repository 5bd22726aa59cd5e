"""Learning from finished jobs, each version once: the lesson and what it changes are one transaction.

A lesson is written with the end of its job (jobs/lifecycle/finish.py) and claimed here with SKIP LOCKED, so any number
of workers may learn at once; a crash rolls back both the counts and the mark. A lesson that cannot be taught is given
up after some attempts and says why, so that it does not hold up the others.

A person may say at any time whether the answer was right, and change their mind. Then the lessons of the job are stale
(`Lesson.is_stale`): what they taught its workspace of who is right is taken back and taught anew. They are first
taught as the job ended, so that what is shared never rests on anybody's word.
"""

import hashlib
import logging
from collections import defaultdict
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from billing.models import Call
from jobs.core.states import UserVerdict
from jobs.learning.counts import add_counts, replace_counts, track_quote
from jobs.models import Job, JobQuote, Lesson, Pinned, StepRecord, StepState
from solver.core.lines import line_of
from solver.core.steps import Status, StepKind
from solver.learning.observations import (
    NEEDS_PROOF,
    CallObservation,
    CountUpdate,
    FinishedJob,
    count_updates_of,
)
from solver.learning.tool_habits import LineObservation, habit_counts

logger = logging.getLogger(__name__)

_MOST_ATTEMPTS = 5
_READ = ("grade", "compare")
_OF_LINES = (StepKind.TURN, StepKind.TOOL, StepKind.SAMPLE)
_MOST_STEPS = 5_000
_SAID = {UserVerdict.RIGHT.value: True, UserVerdict.WRONG.value: False}
DUE = Q(taught_at=None) | Q(is_stale=True)
"""Lessons to be taught, or to be taught anew."""


def set_lesson(job: Job, *, answer_key: str | None) -> None:
    """Write down, in the transaction that ends a job, that this version of it is to be learned from.

    `answer_key` is the canonical form of the answer it ended with; it is kept as a digest, for texts may be deleted.
    """
    last = StepRecord.objects.filter(job=job).aggregate(last=Max("seq"))["last"]
    ended = {
        "stop_reason": job.stop_reason,
        "confidence": job.confidence,
        "answer_key_sha256": _digest(answer_key or ""),
    }
    lesson = Lesson(job=job, version=job.version, upto_seq=last or 0, ended=ended)
    Lesson.objects.bulk_create([lesson], ignore_conflicts=True)


def learn_due(most: int = 1_000) -> int:
    """Teach the lessons that are due; return how many were looked at."""
    seen = 0
    while seen < most and _learn_one():
        seen += 1
    return seen


def _learn_one() -> bool:
    """Teach one lesson. False: none is due."""
    with transaction.atomic():
        due = Lesson.objects.select_for_update(skip_locked=True, of=("self",)).filter(DUE)
        lesson = due.select_related("job__created_by").order_by("attempts", "pk").first()
        if lesson is None:
            return False
        try:
            with transaction.atomic():
                _revise(lesson) if lesson.taught_at else _teach(lesson)
        except Exception as error:  # one odd job must not hold up what all others teach
            logger.exception("Could not learn from job %s.", lesson.job_id)
            lesson.attempts += 1
            lesson.error = f"{type(error).__name__}: {error}"[:300]
            is_given_up = lesson.attempts >= _MOST_ATTEMPTS
            if is_given_up:
                lesson.taught_at, lesson.is_stale = lesson.taught_at or timezone.now(), False
            lesson.save(update_fields=["attempts", "error", "taught_at", "is_stale"])
            return is_given_up
    return True


def _teach(lesson: Lesson) -> None:
    job = lesson.job
    if job.texts_deleted_at:
        # Nothing says any more what was asked and what was right.
        lesson.taught_at, lesson.error, lesson.is_stale = timezone.now(), "", False
        lesson.save()
        return
    taught = count_updates_of(_finished(lesson))
    # In the order of their names, so that two workers cannot wait for each other.
    for update in taught:
        add_counts(job, update)
    marks: list[Any] = [[*update[:4]] for update in taught]
    if lesson.version == 1:
        marks += [
            track_quote(job, quote) for quote in JobQuote.objects.filter(job=job).exclude(charged_nano=None)
        ]
    lesson.taught, lesson.taught_at, lesson.error = marks, timezone.now(), ""
    lesson.is_stale = bool(job.user_verdict)
    lesson.save()


def _revise(lesson: Lesson) -> None:
    """Bring what a lesson taught of who is right to what is said of the job's answer now."""
    if lesson.taught_at and not lesson.job.texts_deleted_at:
        before = [
            CountUpdate(aspect, subject, kind, counts, is_shared=False)
            for aspect, subject, kind, counts in lesson.taught
            if aspect in NEEDS_PROOF
        ]
        found = count_updates_of(_finished(lesson, said_right=_SAID.get(lesson.job.user_verdict)))
        after = [update for update in found if update.aspect in NEEDS_PROOF]
        replace_counts(lesson.job, before, after, taught_at=lesson.taught_at)
        others = [mark for mark in lesson.taught if mark[0] not in NEEDS_PROOF]
        lesson.taught = [*([*update[:4]] for update in after), *others]
    lesson.is_stale, lesson.error = False, ""
    lesson.save()


def _digest(answer_key: str) -> str:
    """Return what tells answers apart: a lesson keeps no word of a job, whose texts may be deleted."""
    return hashlib.sha256(answer_key.encode("utf-8", "replace")).hexdigest()


def _finished(lesson: Lesson, *, said_right: bool | None = None) -> FinishedJob:
    job = lesson.job
    earlier = Lesson.objects.filter(job=job, version__lt=lesson.version)
    after_seq = earlier.aggregate(last=Max("upto_seq"))["last"] or 0
    problem = Pinned.of(job).problem
    is_checkable = problem.is_checkable
    observations = _observations_of(job, after_seq, lesson.upto_seq, is_checkable=is_checkable)
    # What a person said is about the answer that the last version ended with.
    last = lesson if said_right is None else Lesson.objects.filter(job=job).latest("version")
    answer = last.ended.get("answer_key_sha256")
    keys = {call.answer_key for call in observations if call.answer_key}
    return FinishedJob(
        version=lesson.version,
        strategy=job.strategy,
        kind=problem.kind,
        is_checkable=is_checkable,
        is_proven=is_checkable and problem.checker is not None and problem.checker.computes,
        stop_reason=lesson.ended.get("stop_reason", ""),
        confidence=last.ended.get("confidence") or 0.0,
        answer_key=next((key for key in keys if _digest(key) == answer), ""),
        observations=observations,
        is_counted=problem.result.is_short,
        said_right=said_right,
        with_tools=habit_counts(_lines_of(job, after_seq, lesson.upto_seq)),
    )


def _lines_of(job: Job, after_seq: int, upto_seq: int) -> list[LineObservation]:
    """Return the attempts with tools that began and ended between two places of the journal."""
    told = StepRecord.objects.filter(job=job, state=StepState.TOLD, seq__gt=after_seq, seq__lte=upto_seq)
    steps = told.filter(kind__in=_OF_LINES, key__contains="agent/").order_by("seq")
    found: dict[str, list[tuple[Any, str, str, int]]] = defaultdict(list)
    for row in steps.values_list("pk", "key", "kind", "charged_nano")[:_MOST_STEPS]:
        if line := line_of(row[1]):
            found[line].append(row)
    ended = {
        line: rows
        for line, rows in found.items()
        if rows[0][1] == f"{line}0" and rows[-1][2] == StepKind.SAMPLE
    }
    sizes = dict(
        Call.objects.filter(
            pk__in=[pk for rows in ended.values() for pk, _, kind, _ in rows if kind == StepKind.TURN]
        ).values_list("pk", "prompt_bytes")
    )
    return [
        LineObservation(
            turns=sum(kind != StepKind.TOOL for _, _, kind, _ in rows),
            paid_uses=sum(kind == StepKind.TOOL and charged_nano > 0 for _, _, kind, charged_nano in rows),
            prompt_bytes=[sizes[pk] for pk, *_ in rows if pk in sizes],
        )
        for rows in ended.values()
    ]


def _observations_of(job: Job, after_seq: int, upto_seq: int, *, is_checkable: bool) -> list[CallObservation]:
    """Return the calls about the whole problem that were told between two places of the journal."""
    told = StepRecord.objects.filter(job=job, state=StepState.TOLD, seq__gt=after_seq, seq__lte=upto_seq)
    steps = (
        # The job's checker, kind and answer say nothing of a part of its problem.
        told.filter(subproblem=False)
        .exclude(kind__in=[kind for kind in StepKind if not kind.calls_model])
        .only("key", "kind", "status", "model", "parents", "answer_key", "verdict", "text", "finish_reason",
              "created_at", "told_at", "seq")
        .order_by("seq")[:_MOST_STEPS]
    )  # fmt: skip
    # What a model answers with tools says nothing of what it answers by itself.
    found = [step for step in steps if not line_of(step.key)]
    lengths = dict(Call.objects.filter(pk__in=[step.pk for step in found]).values_list("pk", "output_tokens"))
    return [
        CallObservation(
            key=step.key,
            kind=StepKind(step.kind),
            status=Status(step.status),
            model=step.model,
            parents=tuple(step.parents),
            answer_key=step.answer_key,
            passed=step.verdict.get("passed") if is_checkable and step.verdict else None,
            reply=step.text if step.kind in _READ else "",
            output_tokens=lengths.get(step.pk) or 1,
            cut=step.finish_reason == "length",
            asked_s=step.created_at.timestamp(),
            told_s=(step.told_at or step.created_at).timestamp(),
        )
        for step in found
    ]
