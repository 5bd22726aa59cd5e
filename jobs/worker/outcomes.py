"""How an execution ends: with an outcome (the job is finished) or with a reason to continue it later."""

import logging
import random
from concurrent.futures import Future
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Min
from django.utils import timezone

from billing.models import Call, CallState
from jobs.core.errors import CannotContinue
from jobs.core.lease import Lease
from jobs.core.states import JobState, Wanted
from jobs.lifecycle.finish import finish
from jobs.lifecycle.questions import ask_person
from jobs.mail.enqueue import enqueue_stuck_mail
from jobs.models import Job
from jobs.worker import lease as leases
from jobs.worker.retry import retry_while_database_is_down
from solver import Outcome
from solver.core.errors import Interrupted, Interruption, LeaseLost, NeedsAnswer, ProviderDown
from solver.core.problem.question import Question
from solver.core.steps import Candidate, StopReason

logger = logging.getLogger(__name__)

WAITS_S = (15, 30, 60, 120, 300, 600)
"""Seconds until a job asks a provider again that did not answer; the last one for as long as it stays away."""
AFTER_FAULT = timedelta(seconds=5)
LEAST_BATCH_PAUSE, MOST_BATCH_PAUSE = timedelta(seconds=30), timedelta(minutes=10)
"""How long a job waits until its batches are looked at again."""


def record_outcome_of(lease: Lease, execution: "Future[Outcome]") -> None:
    """Wait for an execution and record how it ended.

    A fault of our own gives the job back; poison is counted at the claim.
    """
    try:
        outcome = execution.result()
    except LeaseLost:
        logger.warning("Job %s was taken over; this worker writes nothing more of it.", lease.job_id)
    except NeedsAnswer as needs:
        question = needs.question
        retry_while_database_is_down(lambda: _ask_person(lease, question))
    except Interrupted as stop:
        reason = stop.reason
        retry_while_database_is_down(lambda: _interrupted(lease, reason))
    except ProviderDown as error:
        why = str(error)
        logger.warning("Job %s waits for a provider: %s", lease.job_id, why)
        retry_while_database_is_down(lambda: _wait_for_provider(lease, why))
    except CannotContinue as error:
        logger.exception("Job %s cannot be continued by this release.", lease.job_id)
        end_as_it_stands(lease, str(error))
    except Exception:
        logger.exception("Job %s: an execution ended by a fault; it is tried again.", lease.job_id)
        retry_while_database_is_down(
            lambda: leases.give_back(lease, state=JobState.QUEUED, next_after=AFTER_FAULT, at_fault=True)
        )
    else:
        retry_while_database_is_down(lambda: finish(lease, outcome))


def end_as_it_stands(lease: Lease, sentence: str) -> None:
    """End a job that cannot go on with the best answer that its page shows, and say why."""

    def end() -> bool:
        shown, wanted = Job.objects.values_list("best", "wanted").get(pk=lease.job_id)
        reason = StopReason.CANCELLED if wanted == Wanted.CANCEL else StopReason.FAULT
        return finish(lease, Outcome(reason, Candidate.from_json(shown), sentence))

    retry_while_database_is_down(end)


def _ask_person(lease: Lease, question: Question) -> None:
    """Let the job wait for its person; where they want it to end meanwhile, another execution sees to that."""
    if not ask_person(lease, question):
        leases.give_back(lease, state=JobState.QUEUED)


def _interrupted(lease: Lease, reason: Interruption) -> bool:
    if reason is Interruption.BATCH:
        return _wait_for_batches(lease)
    state = JobState.PAUSED if reason is Interruption.PAUSE else JobState.QUEUED
    return leases.give_back(lease, state=state, to_back=reason is Interruption.SLICE)


def _wait_for_batches(lease: Lease) -> bool:
    """Let the job wait for its batches, to be looked at again the later the longer they took already."""
    held = Call.objects.filter(escrow_id=lease.escrow_id, state=CallState.HELD)
    began, count = held.aggregate(began=Min("created_at"), count=Count("pk")).values()
    waited = timezone.now() - (began or timezone.now())
    calls = f"{count} calls wait" if count > 1 else "One call waits"
    return leases.give_back(
        lease,
        state=JobState.WAITING,
        next_after=min(max(waited / 6, LEAST_BATCH_PAUSE), MOST_BATCH_PAUSE),
        error=f"{calls} for a batch at half price, which takes up to hours.",
        in_batches=True,
    )


def _wait_for_provider(lease: Lease, reason: str) -> bool:
    """Let the job wait, longer each time in a row; jobs that one outage stopped do not come back all at once."""
    tier = min(leases.waits(lease), len(WAITS_S) - 1)
    pause = timedelta(seconds=WAITS_S[tier] * random.uniform(0.8, 1.2))  # noqa: S311  (spreads retries)
    with transaction.atomic():
        given = leases.give_back(lease, state=JobState.WAITING, next_after=pause, error=reason[:500])
        if given:
            enqueue_stuck_mail(lease.job_id)
    return given
