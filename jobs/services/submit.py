"""Submit a job: check everything, set the money aside, make the job, ring the doorbell. All or nothing."""

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User, Workspace
from billing.wallet import BillingError, open_escrow
from jobs.models import Job
from jobs.services import doorbell
from jobs.services.errors import SubmitError
from jobs.services.panel import build_panel
from jobs.services.problem_text import checked_problem, title_of
from jobs.states import JobState
from solver.models import ModelCard
from solver.money import NANO_PER_CENT, format_usd
from solver.plan import least_budget_nano, reserve_nano
from solver.problem import Problem
from solver.recognise import problem_kind
from solver.strategies import DEFAULT, REGISTRY

MIN_BUDGET_NANO = NANO_PER_CENT


def submit_job(
    *,
    user: User,
    workspace: Workspace,
    problem: str,
    budget_nano: int,
    checker: Mapping[str, Any] | None = None,
    strategy: str = DEFAULT,
    options: Mapping[str, Any] | None = None,
    ring: bool = True,
) -> Job:
    """Make a job and set its whole budget aside. Raises SubmitError; then nothing was made and nothing charged.

    `ring=False` leaves waking a worker to the caller, who must hold a transaction and claim the job in it.
    """
    text = checked_problem(problem)
    _check_budget(budget_nano)
    if strategy not in REGISTRY:
        raise SubmitError(
            f"Strategy “{strategy[:40]}” is unknown. Known: {', '.join(REGISTRY)}.", code="unknown_strategy"
        )
    chosen = dict(options or {})
    panel = build_panel(chosen.get("models"))
    posed = Problem(text, problem_kind(text, checker), checker)
    check_affordable(posed, panel, budget_nano)
    pinned = _pin(posed, panel, budget_nano)
    with transaction.atomic():
        job = Job(
            id=uuid.uuid4(),
            workspace=workspace,
            created_by=user,
            title=title_of(text),
            problem=text,
            checker=dict(checker or {}),
            strategy=strategy,
            options=chosen,
            pinned=pinned,
            budget_nano=budget_nano,
            markup_bp=settings.PONDER_MARKUP_BP,
            state=JobState.QUEUED,
            queued_at=timezone.now(),
        )
        try:
            job.escrow = open_escrow(
                workspace=workspace,
                job_id=job.pk,
                version=job.version,
                amount_nano=budget_nano,
                trial_allowed=settings.PONDER_TRIAL_MODELS == "all" or all(card.bundled for card in panel),
            )
        except BillingError as error:
            raise SubmitError(error.message, field="budget", code=error.code) from error
        job.save(force_insert=True)
        if ring:
            transaction.on_commit(lambda: doorbell.ring(job.pk))
    return job


def _check_budget(budget_nano: int) -> None:
    maximum = settings.PONDER_MAX_BUDGET_NANO
    if not MIN_BUDGET_NANO <= budget_nano <= maximum or budget_nano % NANO_PER_CENT:
        raise SubmitError(
            f"Enter a budget between {format_usd(MIN_BUDGET_NANO)} and {format_usd(maximum)}, in whole cents.",
            field="budget",
            code="out_of_range",
        )


def check_affordable(problem: Problem, panel: list[ModelCard], budget_nano: int) -> None:
    """Raise SubmitError where the budget buys no call at all: such a job would end before it began."""
    least = least_budget_nano(panel, problem, markup_bp=settings.PONDER_MARKUP_BP)
    if least > budget_nano:
        needed = -(-least // NANO_PER_CENT) * NANO_PER_CENT
        raise SubmitError(
            f"{format_usd(budget_nano)} buys no call: a prompt of this length needs at least {format_usd(needed)}. "
            "Raise the budget or shorten the problem.",
            field="budget",
            code="buys_nothing",
        )


def _pin(problem: Problem, panel: list[ModelCard], budget_nano: int) -> dict[str, Any]:
    """Return what stays the same for the whole life of the job, whatever prices and settings become."""
    return {
        "kind": problem.kind,
        "panel": [card.as_json() for card in panel],
        "reserve_nano": reserve_nano(
            panel, problem, budget_nano=budget_nano, markup_bp=settings.PONDER_MARKUP_BP
        ),
        "seed": secrets.randbelow(2**31),
    }
