"""Learning from finished jobs, each version once: the lesson and what it changes are one transaction.

A lesson is written with the end of its job (jobs/lifecycle/finish.py) and claimed here with SKIP LOCKED, so any number
of workers may learn at once; a crash rolls back both the counts and the mark. A lesson that cannot be taught is given
up after some attempts and says why, so that it does not hold up the others.
"""

import hashlib
import logging
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from billing.models import Call
from jobs.models import Job, JobQuote, Learned, Lesson, StepRecord, StepState
from solver.core.models import ModelCard
from solver.core.problem import Problem
from solver.core.steps import Status, StepKind
from solver.engine.plan import least_budget_nano
from solver.learning.observations import Aspect, CallObservation, FinishedJob, count_updates_of, merged
from solver.learning.posteriors import Store, informed
from solver.quotes.quantile_tracking import Measured, tracked

logger = logging.getLogger(__name__)

_MOST_ATTEMPTS = 5
_READ = ("grade", "compare")
_MOST_STEPS = 5_000


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
        due = Lesson.objects.select_for_update(skip_locked=True, of=("self",)).filter(taught_at=None)
        lesson = due.select_related("job").order_by("attempts", "pk").first()
        if lesson is None:
            return False
        try:
            with transaction.atomic():
                _teach(lesson)
        except Exception as error:  # one odd job must not hold up what all others teach
            logger.exception("Could not learn from job %s.", lesson.job_id)
            lesson.attempts += 1
            lesson.error = f"{type(error).__name__}: {error}"[:300]
            lesson.taught_at = timezone.now() if lesson.attempts >= _MOST_ATTEMPTS else None
            lesson.save(update_fields=["attempts", "error", "taught_at"])
            return lesson.attempts >= _MOST_ATTEMPTS
    return True


def _teach(lesson: Lesson) -> None:
    job = lesson.job
    if job.texts_deleted_at:
        # Nothing says any more what was asked and what was right.
        lesson.taught_at, lesson.error = timezone.now(), ""
        lesson.save()
        return
    earlier = Lesson.objects.filter(job=job, version__lt=lesson.version)
    after = earlier.aggregate(last=Max("upto_seq"))["last"] or 0
    taught = count_updates_of(_finished(lesson, after))
    # In the order of their names, so that two workers cannot wait for each other.
    for each in taught:
        row = _row(each.aspect, each.subject, each.kind)
        row.stats, row.jobs = merged(row.stats, each.counts), row.jobs + 1
        row.save()
    marks: list[Any] = [list(each) for each in taught]
    if lesson.version == 1:
        marks += [_track(quote) for quote in JobQuote.objects.filter(job=job).exclude(charged_nano=None)]
    lesson.taught, lesson.taught_at, lesson.error = marks, timezone.now(), ""
    lesson.save()


def _digest(answer_key: str) -> str:
    """Return what tells answers apart: a lesson keeps no word of a job, whose texts may be deleted."""
    return hashlib.sha256(answer_key.encode("utf-8", "replace")).hexdigest()


def _row(aspect: str, subject: str, kind: str) -> Learned:
    """Return the locked row of a posterior, made if it is not there."""
    Learned.objects.bulk_create([Learned(aspect=aspect, subject=subject, kind=kind)], ignore_conflicts=True)
    return Learned.objects.select_for_update(no_key=True).get(aspect=aspect, subject=subject, kind=kind)


def _track(quote: JobQuote) -> list[Any]:
    """Learn from how far a quote was off; return what the drift watch reads of it."""
    row = _row(Aspect.QUOTE, quote.strategy, quote.kind)
    seen = Measured(
        quoted_nano=(quote.cost_p10_nano, quote.cost_p50_nano, quote.cost_p90_nano),
        quoted_s=(quote.time_low_s, quote.time_high_s),
        win_probability=quote.win_probability,
        budget_nano=quote.budget_nano,
        charged_nano=quote.charged_nano or 0,
        took_s=quote.took_s or 0.0,
        won=bool(quote.won),
    )
    row.stats, row.jobs = tracked(row.stats, seen, checked=quote.checked), row.jobs + 1
    row.save()
    return [Aspect.QUOTE, quote.strategy, quote.kind, {"covered" if seen.covered else "exceeded": 1.0}]


def _finished(lesson: Lesson, after_seq: int) -> FinishedJob:
    job = lesson.job
    kind = job.pinned.get("kind", "open")
    is_checkable = Problem(job.problem, kind=kind, checker=job.checker or None).is_checkable
    observations = _observations_of(job, after_seq, lesson.upto_seq, is_checkable=is_checkable)
    answer = lesson.ended.get("answer_key_sha256")
    keys = {call.answer_key for call in observations if call.answer_key}
    return FinishedJob(
        version=lesson.version,
        strategy=job.strategy,
        kind=kind,
        is_checkable=is_checkable,
        stop_reason=lesson.ended.get("stop_reason", ""),
        confidence=lesson.ended.get("confidence") or 0.0,
        answer_key=next((key for key in keys if _digest(key) == answer), ""),
        observations=observations,
    )


def _observations_of(job: Job, after_seq: int, upto_seq: int, *, is_checkable: bool) -> list[CallObservation]:
    """Return the calls about the whole problem that were told between two places of the journal."""
    told = StepRecord.objects.filter(job=job, state=StepState.TOLD, seq__gt=after_seq, seq__lte=upto_seq)
    steps = (
        # The job's checker, kind and answer say nothing of a part of its problem.
        told.filter(subproblem=False)
        .exclude(kind=StepKind.NOTE)
        .only("key", "kind", "status", "model", "parents", "answer_key", "verdict", "text", "finish_reason",
              "created_at", "told_at", "seq")
        .order_by("seq")[:_MOST_STEPS]
    )  # fmt: skip
    found = list(steps)
    lengths = dict(Call.objects.filter(pk__in=[step.pk for step in found]).values_list("pk", "output_tokens"))
    return [
        CallObservation(
            key=step.key,
            kind=StepKind(step.kind),
            status=Status(step.status),
            model=step.model,
            parents=tuple(step.parents),
            answer_key=step.answer_key,
            passed=bool(step.verdict.get("passed")) if is_checkable and step.verdict else None,
            reply=step.text if step.kind in _READ else "",
            output_tokens=lengths.get(step.pk) or 1,
            cut=step.finish_reason == "length",
            asked_s=step.created_at.timestamp(),
            told_s=(step.told_at or step.created_at).timestamp(),
        )
        for step in found
    ]


def informed_panel(
    panel: list[ModelCard], problem: Problem, *, budget_nano: int | None = None, markup_bp: int = 0
) -> list[ModelCard]:
    """Return the panel as jobs taught it; as it came where the lessons alone would make the budget buy nothing."""
    store = learned_store([card.name for card in panel], problem.kind)
    cards = [informed(card, problem.kind, store) for card in panel]
    if budget_nano is None or least_budget_nano(cards, problem, markup_bp=markup_bp) <= budget_nano:
        return cards
    return panel


def learned_store(models: list[str], kind: str) -> Store:
    """Return what was learned of these models on problems of a kind."""
    rows = Learned.objects.filter(subject__in=models, kind=kind)
    return {(row.aspect, row.subject): _plain(row.stats) for row in rows}


def learned_of(aspect: Aspect, subject: str, kind: str) -> dict[str, Any]:
    """Return the counts of one posterior; none: nothing was learned yet."""
    row = Learned.objects.filter(aspect=aspect, subject=subject, kind=kind).first()
    return _plain(row.stats) if row else {}


def _plain(stats: Any) -> dict[str, Any]:
    """Return counts as they should be, whatever stands in the row."""
    return {str(name): value for name, value in stats.items()} if isinstance(stats, dict) else {}


def forget(subject: str = "", kind: str = "") -> int:
    """Empty posteriors (of a model or strategy, of a kind, or all); return how many. What was taught stays taught."""
    rows = Learned.objects.all()
    if subject:
        rows = rows.filter(subject=subject)
    if kind:
        rows = rows.filter(kind=kind)
    return rows.update(stats={}, jobs=0, since=timezone.now(), updated_at=timezone.now())
