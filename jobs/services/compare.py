"""Interns or a demi-god: submit one problem twice, to the cheapest and to the strongest model of the panel."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from accounts.models import User, Workspace
from jobs.models import Comparison
from jobs.services.errors import SubmitError
from jobs.services.panel import build_panel
from jobs.services.submit import submit_job
from solver.bounds import prompt_bytes, typical_nano
from solver.models import ModelCard, solvers_of
from solver.problem import Problem
from solver.recognise import problem_kind
from solver.strategies import DEFAULT


class Rivals(NamedTuple):
    """Whose tries are many and cheap, and whose are few and dear."""

    interns: ModelCard
    demigod: ModelCard


def rivals_for(*, problem: str, checker: Mapping[str, Any] | None, models: list[str] | None = None) -> Rivals:
    """Return the cheapest model of the panel and the ablest of the others. Raises SubmitError below two models."""
    panel = solvers_of(build_panel(models))
    if len(panel) < 2:
        raise SubmitError(
            "A comparison needs two models that differ in price. Name two or more in PONDER_MODELS, or leave the "
            "models of the form empty.",
            field="models",
            code="no_rival",
        )
    posed = Problem(problem, problem_kind(problem, checker), checker)
    size_bytes = prompt_bytes(posed.messages())

    def cost(card: ModelCard) -> int:
        return typical_nano(card, size_bytes, settings.PONDER_MARKUP_BP)

    interns = min(panel, key=cost)
    others = [card for card in panel if card.name != interns.name]
    return Rivals(interns, max(others, key=lambda card: (card.ability_for(posed.kind), cost(card))))


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
    """Make two jobs of `budget_nano` each. Raises SubmitError; then neither was made and nothing charged.

    Both vote unless another strategy than the default is asked for: how many tries a budget buys is what is compared.
    `arguments` are passed on to `submit_job`.
    """
    chosen = dict(options or {})
    rivals = rivals_for(problem=problem, checker=checker, models=chosen.get("models"))
    with transaction.atomic():
        interns, demigod = (
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
            workspace=workspace, created_by=user, interns=interns, demigod=demigod
        )
