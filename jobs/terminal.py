"""One problem from the terminal: the same submission, ledger, journal and worker as from the page."""

import signal
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.services import ensure_personal_workspace
from jobs.models import Job
from jobs.services import submit_job
from jobs.services.finish import finish
from jobs.services.outbox import send_due
from jobs.states import JobState
from jobs.worker import lease as leases
from jobs.worker.host import WorkerHost
from solver.control import Stop
from solver.money import usd_decimal
from solver.runner import Outcome
from solver.steps import StopReason

_PATIENCE_S = 10.0


def solve(
    *,
    user: User,
    problem: str,
    budget_nano: int,
    checker: Mapping[str, Any] | None,
    options: Mapping[str, Any],
    report: Callable[[str], None],
) -> Job:
    """Submit a job, run it in this process and return it ended. Raises SubmitError before anything is charged.

    The first Ctrl-C finishes the job with its best answer, the second cancels it. Should this process die, a worker
    continues the job once its lease has run out.
    """
    host = WorkerHost(patience_s=_PATIENCE_S)
    try:
        with transaction.atomic():
            job = submit_job(
                user=user,
                workspace=ensure_personal_workspace(user),
                problem=problem,
                budget_nano=budget_nano,
                checker=checker,
                options=options,
                ring=False,
            )
            lease = leases.claim_own(job, host.owner)
        with _interrupts(host, job, report):
            host.run(lease, report)
        job.refresh_from_db()
        if job.state == JobState.WAITING:
            _give_up(host, job)
    finally:
        host.close()
    job.refresh_from_db()
    send_due()
    return job


def _give_up(host: WorkerHost, job: Job) -> None:
    """End a job whose provider cannot be reached: at a terminal nobody waits for hours."""
    lease = leases.claim_next(host.owner, job.pk)
    if lease:
        finish(lease, Outcome(StopReason.FAILED, None, job.error))


class _interrupts:  # noqa: N801  (used like a function)
    """Turn Ctrl-C into a wish of the user while a job runs."""

    def __init__(self, host: WorkerHost, job: Job, report: Callable[[str], None]) -> None:
        self._host, self._job, self._report = host, job, report
        self._presses = 0

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, self._pressed)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _pressed(self, *_: object) -> None:
        self._presses += 1
        if self._presses == 1:
            self._report("Finishing with the best answer so far (Ctrl-C again: cancel).")
            self._host.stop_job(self._job.pk, None, Stop.FINISH)
        else:
            self._report("Cancelling.")
            self._host.stop_job(self._job.pk, None, Stop.CANCEL)


def summary(job: Job, wall_s: float) -> dict[str, Any]:
    """Return what programs read of an ended job; money as decimal strings of dollars."""
    return {
        "answer": job.answer or job.answer_text or None,
        "confidence": job.confidence,
        "stop_reason": job.stop_reason,
        "budget_usd": usd_decimal(job.budget_nano),
        "charged_usd": usd_decimal(job.charged_nano),
        "calls": job.calls,
        "wall_s": round(wall_s, 3),
        "job_id": str(job.pk),
        "state": job.state,
        "explanation": job.explanation,
        "checked": job.checked,
        "error": job.error,
    }
