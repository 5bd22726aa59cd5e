"""Submit one problem twice: to the cheapest and to the strongest model of the panel."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from accounts.models import User, Workspace
from billing.books.wallet import lock_purses
from jobs.core.deadlock import again_after_deadlock
from jobs.core.errors import SubmitError
from jobs.core.options import NOTHING_CHOSEN, JobOptions
from jobs.lifecycle.panel import build_panel
from jobs.lifecycle.submit import refuse_closed, submit_job
from jobs.models import Comparison
from solver.checkers import BaseChecker, pose
from solver.core.models import ModelCard, solvers_of
from solver.engine.bounds import prompt_bytes, typical_nano
from solver.strategies import DEFAULT


class Rivals(NamedTuple):
    """The cheapest model, whose attempts are many, and the strongest, whose attempts are few."""

    many_cheap: ModelCard
    few_strong: ModelCard


def rivals_for(*, problem: str, checker: BaseChecker | None, models: Sequence[str] = ()) -> Rivals:
    """Return the cheapest model of the panel and the ablest of the others. Raises SubmitError for fewer than two."""
    panel = solvers_of(build_panel(models))
    if len(panel) < 2:
        raise SubmitError(
            "A comparison needs at least two models. Choose two or more, or none to use them all. The operator can "
            "add models with PONDER_MODELS.",
            field="models",
            code="no_rival",
        )
    posed = pose(problem, checker)
    size_bytes = prompt_bytes(posed.messages())

    def cost(card: ModelCard) -> int:
        return typical_nano(card, size_bytes, settings.PONDER_MARKUP_BP)

    many_cheap = min(panel, key=cost)
    others = [card for card in panel if card.name != many_cheap.name]
    return Rivals(many_cheap, max(others, key=lambda card: (card.ability_for(posed.kind), cost(card))))


@again_after_deadlock
def submit_comparison(
    *,
    user: User,
    workspace: Workspace,
    problem: str,
    budget_nano: int,
    checker: BaseChecker | None = None,
    options: JobOptions = NOTHING_CHOSEN,
    strategy: str = DEFAULT,
    wake: bool = True,
    comparison_id: uuid.UUID | None = None,
    **arguments: Any,
) -> Comparison:
    """Create two jobs of `budget_nano` each. Raises SubmitError; then neither was created and nothing charged.

    If a comparison of the id `comparison_id` was already submitted, it is returned unchanged.
    Both vote unless a strategy other than the default is chosen: what is compared is how far a number of attempts gets.
    `arguments` are passed on to `submit_job`.
    """
    rivals = rivals_for(problem=problem, checker=checker, models=options.models)
    made_id = comparison_id or uuid.uuid4()
    with transaction.atomic():
        refuse_closed(user)
        # Whoever submits the same form at the same moment waits here, and then finds what this one made.
        lock_purses(workspace)
        if earlier := Comparison.objects.filter(pk=made_id).first():
            if earlier.created_by_id != user.pk:
                raise SubmitError("This form was already submitted. Start a new job.", code="used")
            return earlier
        jobs = {
            side: submit_job(
                user=user,
                workspace=workspace,
                problem=problem,
                budget_nano=budget_nano,
                checker=checker,
                options=replace(options, models=(card.name,)),
                strategy="vote" if strategy == DEFAULT else strategy,
                wake=wake,
                job_id=uuid.uuid5(made_id, side),
                **arguments,
            )
            for side, card in rivals._asdict().items()
        }
        return Comparison.objects.create(pk=made_id, workspace=workspace, created_by=user, **jobs)
