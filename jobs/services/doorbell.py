"""The doorbell: a Celery message that wakes a worker. Losing one costs seconds, never a job: the sweep rings again."""

import logging
from uuid import UUID

from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def ring(job_id: UUID, *, expires_s: float | None = None) -> None:
    """Wake a worker for a job. Never raises: without Redis the sweep finds the job."""
    from jobs.tasks import run_job

    try:
        run_job.apply_async([str(job_id)], expires=expires_s, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("The doorbell for job %s did not ring (%s); the sweep will find it.", job_id, error)


def ring_audit() -> bool:
    """Let a worker run the audit now. Never raises; False: Redis is away, and the nightly one comes in any case."""
    from jobs.tasks import run_audit

    try:
        run_audit.apply_async(ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("The doorbell for the audit did not ring (%s).", error)
        return False
    return True


def ring_mail() -> None:
    """Wake a worker for the outbox. Never raises."""
    from jobs.tasks import send_mail

    try:
        send_mail.apply_async(ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("The doorbell for mail did not ring (%s); Beat will.", error)
