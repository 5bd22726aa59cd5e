"""Jobs that wait for money: they start once their budget is available, and end if it never comes."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.access import role_in
from billing.books.escrow import open_escrow
from billing.errors import BillingError, NotEnoughMoney
from jobs.core.errors import SubmitError
from jobs.core.states import JobState
from jobs.core.wake import wake_worker_on_commit
from jobs.lifecycle.limits.checks import check_limits
from jobs.lifecycle.submission.request import refuse_readers
from jobs.mail.enqueue import enqueue_job_mail, mail_people
from jobs.models import Job, OutboxKind


def may_use_trial(job: Job) -> bool:
    """Tell whether trial credit may pay for a job: it reaches only the bundled models unless the operator widens it."""
    panel = job.pinned.get("panel", [])
    return settings.PONDER_TRIAL_MODELS == "all" or all(card.get("bundled") for card in panel)


def fund_job(job: Job) -> None:
    """Move the job's whole budget into its escrow. Raises BillingError before anything is written."""
    job.escrow = open_escrow(
        workspace=job.workspace,
        job_id=job.pk,
        version=job.version,
        amount_nano=job.budget_nano - job.charged_nano,
        trial_allowed=may_use_trial(job),
    )


def start_paid_jobs(*, workspace_id: int | None = None) -> int:
    """Start the jobs whose money has arrived, the oldest first (of one workspace, or of all); return how many."""
    waiting = Job.objects.filter(state=JobState.AWAITING_PAYMENT)
    if workspace_id is not None:
        waiting = waiting.filter(workspace_id=workspace_id)
    started = 0
    for job_id in waiting.order_by("created_at").values_list("pk", flat=True):
        try:
            started += _start_paid(job_id)
        except NotEnoughMoney:
            _hold_back(job_id, "")  # a smaller one may start
        except (BillingError, SubmitError) as error:
            _hold_back(job_id, error.message)
    return started


@transaction.atomic
def _hold_back(job_id: UUID, why: str) -> None:
    """Keep why a job goes on waiting though its money is there, and write its user, if still there, once a day."""
    waiting = Job.objects.select_related("created_by").filter(pk=job_id, state=JobState.AWAITING_PAYMENT)
    job = waiting.exclude(error=why[:500]).first()
    if job is None or not waiting.update(error=why[:500]) or not why:
        return
    if role_in(job.created_by, job.workspace_id) is None:
        return  # who left a workspace hears of its jobs no more
    mail_people(
        OutboxKind.LIMIT,
        to=[job.created_by],
        subject=f"“{job.title}” has not started",
        text=(
            f"The money for this job is there, but it could not start: {why}\n\nIt waits, and starts "
            f"automatically as soon as it is allowed to. Nothing has been charged.\n\n"
            f"{settings.PONDER_BASE_URL}{job.get_absolute_url()}\n"
        ),
        key=f"held-back.{job.pk}.{timezone.localdate()}",
    )


@transaction.atomic
def _start_paid(job_id: UUID) -> bool:
    job = _lock_unpaid(job_id)
    if job is None:
        return False
    refuse_readers(job.created_by, job.workspace)  # whose role may have changed since they submitted it
    fund_job(job)
    now = timezone.now()
    job.state, job.queued_at, job.error = JobState.QUEUED, max(now, job.not_before_at or now), ""
    job.save(update_fields=["escrow", "state", "queued_at", "error"])
    check_limits(job, added_nano=job.budget_nano - job.charged_nano)
    wake_worker_on_commit(job.pk)
    return True


def end_unpaid(*, job_id: UUID, stop_reason: str) -> bool:
    """End a job that never had money. False: it is no such job (any more)."""
    with transaction.atomic():
        job = _lock_unpaid(job_id)
        if job is None:
            return False
        job.state, job.stop_reason, job.finished_at = JobState.CANCELLED, stop_reason, timezone.now()
        job.error = ""
        job.save(update_fields=["state", "stop_reason", "finished_at", "error"])
        enqueue_job_mail(job, OutboxKind.ENDED)
    return True


def expire_unpaid() -> int:
    """End the jobs for which no money came in time; return how many."""
    now = timezone.now()
    waiting = Job.objects.filter(state=JobState.AWAITING_PAYMENT)
    late = waiting.filter(created_at__lt=now - timedelta(days=settings.PONDER_PAYMENT_DAYS)) | waiting.filter(
        deadline_at__lt=now
    )
    return sum(
        end_unpaid(job_id=job_id, stop_reason="unpaid") for job_id in late.values_list("pk", flat=True)
    )


def _lock_unpaid(job_id: UUID) -> Job | None:
    """Lock a job that awaits payment. None: it does not any more, or someone else is at it."""
    jobs = Job.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return (
        jobs.filter(pk=job_id, state=JobState.AWAITING_PAYMENT)
        .select_related("workspace", "created_by")
        .first()
    )
