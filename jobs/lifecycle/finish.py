"""The end of a job in one transaction: state, ledger and message become true together or not at all."""

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from billing.books.escrow import Settlement, close_escrow
from billing.models import Call, CallState
from jobs.core.lease import Lease
from jobs.core.options import JobOptions
from jobs.core.states import JobState
from jobs.core.wake import wake_worker_on_commit
from jobs.learning.learn import set_lesson
from jobs.lifecycle.quotes.records import record_outcome
from jobs.mail.enqueue import enqueue_job_mail
from jobs.models import Job, OutboxKind, StepState
from jobs.models.question import was_forbidden
from jobs.presenters.search.journal import marks_of
from jobs.presenters.search.outline import outline_of
from jobs.presenters.sources import sources_for
from solver import Outcome
from solver.core.money import format_usd_exact
from solver.core.steps import StopReason
from solver.text.citations import without_invented

logger = logging.getLogger(__name__)

_END_STATES = {
    StopReason.BUDGET_REACHED: JobState.EXHAUSTED,
    StopReason.CANCELLED: JobState.CANCELLED,
    StopReason.FAILED: JobState.FAILED,
}


def finish(lease: Lease, outcome: Outcome) -> bool:
    """End a job under its lease. False: the lease was not ours any more, and nothing was written."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(no_key=True, of=("self",))
            .filter(pk=lease.job_id, token=lease.token, lease_until__gt=Now())
            .select_related("created_by")
            .first()
        )
        if job is None:
            logger.warning("Job %s was taken over before it could be finished here.", lease.job_id)
            return False
        if outcome.stop_reason is StopReason.BUDGET_REACHED and 0 < outcome.limit_nano < job.budget_nano:
            # Raised in the moment of its end: the next execution goes on.
            job.state, job.queued_at = JobState.QUEUED, timezone.now()
            job.lease_until, job.owner = None, ""
            job.save(update_fields=["state", "queued_at", "lease_until", "owner"])
            wake_worker_on_commit(lease.job_id)
            return True
        settlement = close_escrow(job_id=job.pk, version=job.version)
        now = timezone.now()
        job.steps.filter(state=StepState.OPEN).update(state=StepState.IN_DOUBT, told_at=now)
        _set_answer(job, outcome)
        has_answer = bool(job.answer or job.answer_text)
        stopped = JobState.DONE if has_answer else JobState.UNANSWERED
        job.state = _END_STATES.get(outcome.stop_reason, stopped)
        if outcome.stop_reason is StopReason.FAULT and not has_answer:
            job.state = JobState.FAILED
        job.stop_reason = _honest_reason(job, outcome.stop_reason)
        job.error = outcome.error[:500]
        if not has_answer and settlement.in_doubt_nano and outcome.stop_reason is not StopReason.CANCELLED:
            job.error = f"{_doubt_words(settlement)} {outcome.error}".strip()[:500]
        # Of all versions: the budget is the job's, however often it was raised.
        paid = Call.objects.filter(job_id=job.pk, state=CallState.SETTLED)
        totals = paid.aggregate(calls=Count("pk"), charged=Sum("billed_nano"))
        job.outline = outline_of(*marks_of(job))
        job.calls, job.charged_nano = totals["calls"], totals["charged"] or 0
        ran = job.program_runs.aggregate(runs=Count("pk", filter=Q(wall_ms__gt=0)), cpu_ms=Sum("cpu_ms"))
        job.programs_run += ran["runs"]
        job.programs_cpu_ms += ran["cpu_ms"] or 0
        job.program_runs.all().delete()
        job.finished_at = now
        job.lease_until, job.owner, job.next_at, job.idle_claims = None, "", None, 0
        job.save()
        record_outcome(job)
        set_lesson(job, answer_key=outcome.best.key if outcome.best else None)
        enqueue_job_mail(job, OutboxKind.ENDED)
        if job.charged_nano and job.created_by.notify_of_receipts:
            enqueue_job_mail(job, OutboxKind.RECEIPT)
    return True


def _honest_reason(job: Job, reason: StopReason) -> StopReason:
    """Return why the job ended: a clear lead is no confidence where neither the user's target nor the bar is met.

    A step that was not allowed ends a job as its user's wish does.
    """
    if reason is StopReason.FINISHED_BY_USER and was_forbidden(job):
        return StopReason.NOT_ALLOWED
    if reason is not StopReason.CONFIDENT or job.confidence is None:
        return reason
    percent = settings.PONDER_RELIABLE_PERCENT
    target = JobOptions.from_json(job.options).confidence_target
    needed = min(percent, 100 * target) if target else percent
    return reason if 100 * job.confidence >= needed else StopReason.NO_PROGRESS


def _doubt_words(settlement: Settlement) -> str:
    """Say what kept an unanswered job from spending its budget, so that nobody raises it for nothing."""
    count = settlement.doubts
    calls = "a call that was" if count == 1 else f"{count} calls that were"
    return (
        f"{format_usd_exact(settlement.in_doubt_nano)} was reserved for {calls} never answered, and came back to you. "
        "The model's provider is slow or failing; the same budget may suffice at another time."
    )


def _set_answer(job: Job, outcome: Outcome) -> None:
    best = outcome.best
    if best is None or outcome.stop_reason is StopReason.CANCELLED:
        return
    job.answer = best.answer
    job.best = {**(job.best if isinstance(job.best, dict) else {}), "step": best.step_key}
    job.answer_text = without_invented(best.text, len(sources_for(job, best.text)))
    job.confidence = best.confidence
    job.explanation = best.explanation[:500]
    job.checked = best.checked[:300]
    job.dissent = [{"answer": answer, "votes": votes} for answer, votes in best.dissent]
    job.rubric = [each._asdict() for each in best.rubric]
