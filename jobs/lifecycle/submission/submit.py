"""Submit a job: check everything, reserve the money, create the job, wake a worker. All or nothing."""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.closing import keep_open
from accounts.models import User
from billing.errors import BillingError, NotEnoughMoney
from files.errors import FileError
from files.models import Attachment
from files.store import give_to_job
from jobs.core.deadlock import again_after_deadlock
from jobs.core.errors import SubmitError
from jobs.core.states import JobState
from jobs.core.wake import wake_worker_on_commit
from jobs.learning.lookup import informed_panel
from jobs.lifecycle.limits.checks import check_limits, check_unpaid
from jobs.lifecycle.limits.spending import refusals_told
from jobs.lifecycle.quotes.records import record_quote
from jobs.lifecycle.submission.funding import fund_job
from jobs.lifecycle.submission.panel import panel_for
from jobs.lifecycle.submission.pinning import pin
from jobs.lifecycle.submission.request import JobRequest
from jobs.lifecycle.submission.spendable import refuse_beyond_limits
from jobs.lifecycle.submission.titles import title_of
from jobs.models import Job
from solver import least_budget_nano
from solver.core.models import ModelCard
from solver.core.money import format_usd, format_usd_at_least
from solver.core.problem.attached import AttachedFile
from solver.core.problem.statement import Problem
from solver.strategies import strategy_for


@again_after_deadlock
def submit_job(request: JobRequest, *, wake: bool = True) -> Job:
    """Create a job and reserve its whole budget. Raises SubmitError; then nothing was created and nothing charged.

    If a job of the request's id was already submitted, it is returned unchanged. `wake=False` leaves waking a worker to
    the caller, who must hold a transaction and claim the job in it.
    """
    request = request.checked()
    told = request.told_files()
    posed = request.posed(told)
    panel = informed_panel(
        panel_for(posed, request.options.models, may_wait_s=request.options.may_wait_s),
        posed,
        workspace=request.workspace,
        budget_nano=request.budget_nano,
        markup_bp=settings.PONDER_MARKUP_BP,
    )
    check_affordable(posed, panel, request.budget_nano)
    with refusals_told():
        job = _job_of(request, posed, panel, told)
        return _submit(job, posed, panel, request.files, when_paid=request.when_paid, wake=wake)


def _job_of(request: JobRequest, posed: Problem, panel: list[ModelCard], told: Sequence[AttachedFile]) -> Job:
    """Return the job of a checked request, not saved."""
    now, markup_bp, earlier = timezone.now(), settings.PONDER_MARKUP_BP, request.earlier()
    return Job(
        id=request.request_id or uuid.uuid4(),
        workspace=request.workspace,
        created_by=request.user,
        title=title_of(request.problem),
        tags=list(request.tags),
        problem=request.problem,
        checker=request.checker.to_json() if request.checker else {},
        strategy=strategy_for(request.strategy, posed.result),
        options=request.options.to_json(),
        pinned=pin(posed, panel, budget_nano=request.budget_nano, markup_bp=markup_bp).to_json(),
        budget_nano=request.budget_nano,
        markup_bp=markup_bp,
        deadline_at=request.deadline_at,
        not_before_at=request.not_before_at,
        next_at=request.not_before_at,
        parent=request.parent,
        follows=request.follows,
        context=earlier.to_json() if earlier else {},
        files=[each.to_json() for each in told],
        state=JobState.QUEUED,
        queued_at=max(now, request.not_before_at or now),
    )


def _submit(
    job: Job,
    posed: Problem,
    panel: list[ModelCard],
    files: Sequence[Attachment],
    *,
    when_paid: bool,
    wake: bool,
) -> Job:
    try:
        with transaction.atomic():
            refuse_closed(job.created_by)
            earlier = Job.objects.select_for_update(no_key=True).filter(pk=job.pk).first()
            if earlier and (earlier.state != JobState.DRAFT or earlier.created_by_id != job.created_by_id):
                return _the_same(earlier, job)
            _fund(job, when_paid=when_paid)
            if earlier:
                job.created_at, job.parent_id = timezone.now(), job.parent_id or earlier.parent_id
            job.save(force_insert=earlier is None, force_update=earlier is not None)
            give_to_job(files, job_id=job.pk)
            record_quote(job, posed, panel)
            if job.state == JobState.AWAITING_PAYMENT:
                check_unpaid(job.created_by)
            check_limits(job, added_nano=0 if job.state == JobState.AWAITING_PAYMENT else job.budget_nano)
            if wake and job.state == JobState.QUEUED:
                wake_worker_on_commit(job.pk)
    except IntegrityError:
        # Another click, or a keystroke that kept the draft, was faster: look again.
        return _submit(job, posed, panel, files, when_paid=when_paid, wake=wake)
    except FileError as error:
        raise SubmitError(str(error), field="attached", code="files") from error
    except SubmitError:
        # What is refused here may have been done by another click a moment ago: it has the money that is missing.
        if earlier := Job.objects.filter(pk=job.pk).exclude(state=JobState.DRAFT).first():
            return _the_same(earlier, job)
        raise
    return job


def refuse_closed(user: User) -> None:
    """Keep the user's account open until the transaction ends. Raises SubmitError if it is closed."""
    if not keep_open(user):
        raise SubmitError("This account is closed.", code="closed")


def _the_same(earlier: Job, job: Job) -> Job:
    if earlier.created_by_id != job.created_by_id:
        raise SubmitError("This form was already submitted. Start a new job.", code="used")
    return earlier


def _fund(job: Job, *, when_paid: bool) -> None:
    try:
        fund_job(job)
    except NotEnoughMoney as error:
        if not when_paid:
            refuse_beyond_limits(job, error)
            raise SubmitError(error.message, field="budget", code=error.code) from error
        job.state = JobState.AWAITING_PAYMENT
    except BillingError as error:
        raise SubmitError(error.message, field="budget", code=error.code) from error


def check_affordable(
    problem: Problem, panel: Sequence[ModelCard], budget_nano: int, *, markup_bp: int | None = None
) -> None:
    """Raise SubmitError if the budget does not pay for a single call: such a job would end before it began."""
    markup = settings.PONDER_MARKUP_BP if markup_bp is None else markup_bp
    least = least_budget_nano(panel, problem, markup_bp=markup)
    if least > budget_nano:
        raise SubmitError(
            f"{format_usd(budget_nano)} does not pay for a single call: a problem of this length needs at least "
            f"{format_usd_at_least(least)}. "
            "Raise the budget or shorten the problem.",
            field="budget",
            code="buys_nothing",
        )
