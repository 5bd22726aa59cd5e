"""Submit one problem twice: to the cheapest and to the strongest model of the panel."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from accounts.models import User, Workspace
from jobs.core.errors import SubmitError
from jobs.lifecycle.panel import build_panel
from jobs.lifecycle.submit import submit_job
from jobs.models import Comparison
from solver.checkers.recognise import problem_kind
from solver.core.models import ModelCard, solvers_of
from solver.core.problem import Problem
from solver.engine.bounds import prompt_bytes, typical_nano
from solver.strategies import DEFAULT


class Rivals(NamedTuple):
    """The cheapest model, whose attempts are many, and the strongest, whose attempts are few."""

    many_cheap: ModelCard
    few_strong: ModelCard


def rivals_for(*, problem: str, checker: Mapping[str, Any] | None, models: list[str] | None = None) -> Rivals:
    """Return the cheapest model of the panel and the ablest of the others. Raises SubmitError for fewer than two."""
    panel = solvers_of(build_panel(models))
    if len(panel) < 2:
        raise SubmitError(
            "A comparison needs at least two models. Choose two or more, or none to use them all. The operator can "
            "add models with PONDER_MODELS.",
            field="models",
            code="no_rival",
        )
    posed = Problem(problem, problem_kind(problem, checker), checker)
    size_bytes = prompt_bytes(posed.messages())

    def cost(card: ModelCard) -> int:
        return typical_nano(card, size_bytes, settings.PONDER_MARKUP_BP)

    many_cheap = min(panel, key=cost)
    others = [card for card in panel if card.name != many_cheap.name]
    return Rivals(many_cheap, max(others, key=lambda card: (card.ability_for(posed.kind), cost(card))))


def submit_comparison(
    *,
    user: User,
    workspace: Workspace,
    problem: str,
    budget_nano: int,
    checker: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    strategy: str = DEFAULT,
    wake: bool = True,
    **arguments: Any,
) -> Comparison:
    """Create two jobs of `budget_nano` each. Raises SubmitError; then neither was created and nothing charged.

    Both vote unless a strategy other than the default is chosen: what is compared is how far a number of attempts gets.
    `arguments` are passed on to `submit_job`.
    """
    chosen = dict(options or {})
    rivals = rivals_for(problem=problem, checker=checker, models=chosen.get("models"))
    with transaction.atomic():
        many_cheap, few_strong = (
            submit_job(
                user=user,
                workspace=workspace,
                problem=problem,
                budget_nano=budget_nano,
                checker=checker,
                options={**chosen, "models": [card.name]},
                strategy="vote" if strategy == DEFAULT else strategy,
                wake=wake,
                **arguments,
            )
            for card in rivals
        )
        return Comparison.objects.create(
            workspace=workspace, created_by=user, many_cheap=many_cheap, few_strong=few_strong
        )
