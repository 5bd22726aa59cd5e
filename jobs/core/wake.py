"""Waking workers: a Celery message by a task's name. Losing one costs seconds, never a job: the sweep wakes again."""

from functools import partial
from uuid import UUID

from django.db import transaction

from billing.task_queue.wake import wake_worker_for
from jobs.core.task_names import RUN_AUDIT, RUN_JOB, RUN_PROGRAM, SEND_MAIL

# Who waits for a program rings again every few seconds.
_PROGRAM_EXPIRES_S = 30


def wake_worker(job_id: UUID, *, expires_s: int | None = None) -> None:
    """Wake a worker for a job, now. Never raises: without Redis the sweep finds the job."""
    wake_worker_for(RUN_JOB, str(job_id), expires_s=expires_s)


def wake_worker_on_commit(job_id: UUID) -> None:
    """Wake a worker for a job as soon as what was written about it is committed."""
    transaction.on_commit(partial(wake_worker, job_id))


def wake_sandbox_worker(run_id: UUID) -> bool:
    """Wake a sandbox worker for a program, now. Never raises; False: Redis is away, and who waits rings again."""
    return wake_worker_for(RUN_PROGRAM, str(run_id), expires_s=_PROGRAM_EXPIRES_S)


def wake_mail_worker() -> None:
    """Wake a worker for the outbox, now. Never raises: without Redis the sweep does it."""
    wake_worker_for(SEND_MAIL)


def wake_mail_worker_on_commit() -> None:
    """Wake a worker for the outbox as soon as the message is committed."""
    transaction.on_commit(wake_mail_worker)


def wake_audit_worker() -> bool:
    """Let a worker run the audit now. Never raises; False: Redis is away, and the nightly one comes in any case."""
    return wake_worker_for(RUN_AUDIT)
