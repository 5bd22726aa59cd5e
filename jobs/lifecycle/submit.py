"""Submit a job: check everything, reserve the money, create the job, wake a worker. All or nothing."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.closing import keep_open
from accounts.models import User, Workspace
from billing.books.wallet import BillingError, NotEnoughMoney
from jobs.core.deadlock import again_after_deadlock
from jobs.core.errors import SubmitError
from jobs.core.options import NOTHING_CHOSEN, JobOptions
from jobs.core.states import JobState
from jobs.core.wake import wake_worker_on_commit
from jobs.learning.lookup import informed_panel
from jobs.lifecycle.funding import fund_job
from jobs.lifecycle.limits import check_limits, check_unpaid
from jobs.lifecycle.panel import build_panel
from jobs.lifecycle.pinning import pin
from jobs.lifecycle.problem_text import checked_problem, title_of
from jobs.lifecycle.quote_records import record_quote
from jobs.models import Job
from solver.checkers import BaseChecker, pose
from solver.core.models import ModelCard
from solver.core.money import NANO_PER_CENT, format_usd
from solver.core.problem import Problem
from solver.engine.plan import least_budget_nano
from solver.strategies import DEFAULT, REGISTRY

MIN_BUDGET_NANO = NANO_PER_CENT
LEAST_TIME = timedelta(minutes=1)
LONGEST_SCHEDULE = timedelta(days=90)


@again_after_deadlock
def submit_job(
    *,
    user: User,
    workspace: Workspace,
    problem: str,
    budget_nano: int,
    checker: BaseChecker | None = None,
    strategy: str = DEFAULT,
    options: JobOptions = NOTHING_CHOSEN,
    deadline_at: datetime | None = None,
    not_before_at: datetime | None = None,
    parent: Job | None = None,
    job_id: uuid.UUID | None = None,
    when_paid: bool = False,
    wake: bool = True,
) -> Job:
    """Create a job and reserve its whole budget. Raises SubmitError; then nothing was created and nothing charged.

    `job_id` is the id of a draft, or a new one; if a job of that id was already submitted, it is returned unchanged.
    `when_paid` creates a job that waits for money if the wallet has too little. `wake=False` leaves waking a worker
    to the caller, who must hold a transaction and claim the job in it.
    """
    text = checked_problem(problem)
    check_budget(budget_nano)
    check_times(deadline_at=deadline_at, not_before_at=not_before_at)
    if strategy not in REGISTRY:
        raise SubmitError(
            f"Strategy “{strategy[:40]}” is unknown. Known: {', '.join(REGISTRY)}.", code="unknown_strategy"
        )
    options.check()
    posed = pose(text, checker)
    panel = informed_panel(
        build_panel(options.models),
        posed,
        workspace=workspace,
        budget_nano=budget_nano,
        markup_bp=settings.PONDER_MARKUP_BP,
    )
    check_affordable(posed, panel, budget_nano)
    now = timezone.now()
    job = Job(
        id=job_id or uuid.uuid4(),
        workspace=workspace,
        created_by=user,
        title=title_of(text),
        problem=text,
        checker=checker.to_json() if checker else {},
        strategy=strategy,
        options=options.to_json(),
        pinned=pin(posed, panel, budget_nano=budget_nano, markup_bp=settings.PONDER_MARKUP_BP).to_json(),
        budget_nano=budget_nano,
        markup_bp=settings.PONDER_MARKUP_BP,
        deadline_at=deadline_at,
        not_before_at=not_before_at,
        next_at=not_before_at,
        parent=parent,
        state=JobState.QUEUED,
        queued_at=max(now, not_before_at or now),
    )
    return _submit(job, posed, panel, when_paid=when_paid, wake=wake)


def _submit(job: Job, posed: Problem, panel: list[ModelCard], *, when_paid: bool, wake: bool) -> Job:
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
            record_quote(job, posed, panel)
            if job.state == JobState.AWAITING_PAYMENT:
                check_unpaid(job.created_by)
            check_limits(job.created_by)
            if wake and job.state == JobState.QUEUED:
                wake_worker_on_commit(job.pk)
    except IntegrityError:
        # Another click, or a keystroke that kept the draft, was faster: look again.
        return _submit(job, posed, panel, when_paid=when_paid, wake=wake)
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
            raise SubmitError(error.message, field="budget", code=error.code) from error
        job.state = JobState.AWAITING_PAYMENT
    except BillingError as error:
        raise SubmitError(error.message, field="budget", code=error.code) from error


def check_times(*, deadline_at: datetime | None, not_before_at: datetime | None) -> None:
    """Raise SubmitError for a deadline that leaves no time, or a start too far ahead."""
    now = timezone.now()
    begins = max(now, not_before_at or now)
    if deadline_at and deadline_at < begins + LEAST_TIME:
        raise SubmitError(
            "The deadline leaves no time: choose one at least a minute after the start.",
            field="deadline",
            code="deadline_too_early",
        )
    if begins > now + LONGEST_SCHEDULE:
        raise SubmitError(
            f"A job can be scheduled at most {LONGEST_SCHEDULE.days} days ahead.",
            field="not_before",
            code="too_far",
        )


def check_budget(budget_nano: int) -> None:
    """Raise SubmitError for a budget that is not in whole cents, or out of range."""
    maximum = settings.PONDER_MAX_BUDGET_NANO
    if not MIN_BUDGET_NANO <= budget_nano <= maximum or budget_nano % NANO_PER_CENT:
        raise SubmitError(
            f"Enter a budget between {format_usd(MIN_BUDGET_NANO)} and {format_usd(maximum)}, in whole cents.",
            field="budget",
            code="out_of_range",
        )


def check_affordable(
    problem: Problem, panel: Sequence[ModelCard], budget_nano: int, *, markup_bp: int | None = None
) -> None:
    """Raise SubmitError if the budget does not pay for a single call: such a job would end before it began."""
    markup = settings.PONDER_MARKUP_BP if markup_bp is None else markup_bp
    least = least_budget_nano(panel, problem, markup_bp=markup)
    if least > budget_nano:
        needed = -(-least // NANO_PER_CENT) * NANO_PER_CENT
        raise SubmitError(
            f"{format_usd(budget_nano)} does not pay for a single call: a problem of this length needs at least "
            f"{format_usd(needed)}. "
            "Raise the budget or shorten the problem.",
            field="budget",
            code="buys_nothing",
        )
