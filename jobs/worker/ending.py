"""How a life ends: with an outcome (the job is finished) or with a reason to continue it later."""

import logging
from concurrent.futures import Future
from datetime import timedelta

from jobs.services.finish import finish
from jobs.states import JobState
from jobs.worker import lease as leases
from jobs.worker.journal import Lease
from solver.errors import Interrupted, LeaseLost, ProviderDown
from solver.runner import Outcome

logger = logging.getLogger(__name__)

_WAIT_FOR_PROVIDER = timedelta(seconds=30)
AFTER_FAULT = timedelta(seconds=5)


def end_life(lease: Lease, life: "Future[Outcome]") -> None:
    """Wait for a life and book how it ended. A fault of our own gives the job back; poison is counted at the claim."""
    try:
        outcome = life.result()
    except LeaseLost:
        logger.warning("Job %s was taken over; this worker writes nothing more of it.", lease.job_id)
    except Interrupted as stop:
        state = JobState.PAUSED if str(stop) == "pause" else JobState.QUEUED
        leases.give_back(lease, state=state)
    except ProviderDown as error:
        logger.warning("Job %s waits for a provider: %s", lease.job_id, error)
        leases.give_back(lease, state=JobState.WAITING, next_after=_WAIT_FOR_PROVIDER, error=str(error)[:500])
    except Exception:
        logger.exception("Job %s: a life ended by a fault; it is tried again.", lease.job_id)
        leases.give_back(lease, state=JobState.QUEUED, next_after=AFTER_FAULT, at_fault=True)
    else:
        finish(lease, outcome)
