"""Give a job more money: while it goes on, or after its budget, its deadline or its user stopped it."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing.books.escrow import add_to_escrow
from billing.errors import BillingError, NotEnoughMoney
from jobs.core.errors import CannotContinue, SubmitError
from jobs.core.states import ACTIVE, JobState, Wanted
from jobs.core.wake import wake_worker_on_commit
from jobs.lifecycle.control import notify_workers
from jobs.lifecycle.limits.checks import check_limits
from jobs.lifecycle.limits.spending import refusals_told
from jobs.lifecycle.submission.funding import fund_job, may_use_trial
from jobs.lifecycle.submission.request import check_budget
from jobs.lifecycle.submission.spendable import refuse_beyond_limits
from jobs.lifecycle.submission.submit import check_affordable
from jobs.lifecycle.user_verdict import outdate_lessons
from jobs.models import Job, Pinned
from solver.core.money import format_usd


def raise_budget(*, job: Job, to_nano: int, by: User | None = None) -> bool:
    """Raise the job's whole budget to `to_nano`; an ended job continues from where it stopped, as a new version.

    False: the budget is already that high. Raises SubmitError; then nothing was changed and nothing charged. Limits of
    `by` hold too: who raises another person's job adds no more than they may spend.
    """
    check_budget(to_nano)
    try:
        with refusals_told(), transaction.atomic():
            locked = Job.objects.select_for_update(no_key=True, of=("self",)).select_related(
                "workspace", "created_by"
            )
            return _raise(locked.get(pk=job.pk), to_nano, by)
    except NotEnoughMoney as error:
        with refusals_told():
            refuse_beyond_limits(job, error)
        raise SubmitError(error.message, field="budget", code=error.code) from error
    except BillingError as error:
        raise SubmitError(error.message, field="budget", code=error.code) from error


def _raise(job: Job, to_nano: int, by: User | None) -> bool:
    if job.state in ACTIVE:
        if to_nano <= job.budget_nano:
            return False
        if job.wanted in {Wanted.FINISH, Wanted.CANCEL}:
            raise SubmitError(
                "The job is being ended. Once it has ended you can continue it or run it again.",
                code="ending",
            )
        added_nano = to_nano - job.budget_nano
        _add(job, to_nano)
    elif job.may_continue:
        added_nano = to_nano - job.charged_nano
        _continue(job, to_nano)
    elif job.texts_deleted_at:
        raise SubmitError(
            "The texts of this job were deleted, so it cannot continue. Start a new job instead.",
            code="texts_deleted",
        )
    else:
        raise SubmitError(
            f"A job that is {job.get_state_display().lower()} cannot be given more money. Run it again with changes.",
            code="not_continuable",
        )
    check_limits(job, added_nano=added_nano, by=by)
    return True


def _add(job: Job, to_nano: int) -> None:
    """Add to the escrow of an active job; a worker that runs it hears of it at once."""
    add_to_escrow(
        job_id=job.pk,
        version=job.version,
        amount_nano=to_nano - job.budget_nano,
        trial_allowed=may_use_trial(job),
        key=f"raise:{to_nano}",
    )
    job.budget_nano = to_nano
    job.save(update_fields=["budget_nano"])
    notify_workers(job, "budget", to_nano)


def _continue(job: Job, to_nano: int) -> None:
    """Open a new version with what is left of the new budget."""
    if to_nano < job.budget_nano:
        raise SubmitError(
            f"The budget was already {format_usd(job.budget_nano)}. Enter a larger amount.",
            field="budget",
            code="out_of_range",
        )
    try:
        pinned = Pinned.of(job)
    except CannotContinue as error:
        raise SubmitError(
            "This job was started by another release of Ponder and cannot continue. Run it again with changes.",
            code="not_continuable",
        ) from error
    check_affordable(pinned.problem, pinned.panel, to_nano - job.charged_nano, markup_bp=job.markup_bp)
    now = timezone.now()
    job.version += 1
    job.budget_nano = to_nano
    fund_job(job)
    job.state, job.wanted, job.queued_at, job.next_at = JobState.QUEUED, Wanted.RUN, now, None
    job.stop_reason, job.error, job.finished_at = "", "", None
    if job.user_verdict:
        # It was about the answer so far; the next one is judged anew.
        job.user_verdict, job.user_verdict_at = "", None
        outdate_lessons(job)
    if job.deadline_at and job.deadline_at <= now:
        job.deadline_at = None
    job.save()
    wake_worker_on_commit(job.pk)
