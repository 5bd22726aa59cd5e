"""Submit one problem twice: to the cheapest and to the strongest model of the panel."""

import uuid
from dataclasses import replace
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from billing.books.escrow import lock_purses
from jobs.core.deadlock import again_after_deadlock
from jobs.core.errors import SubmitError
from jobs.lifecycle.limits.spending import refusals_told
from jobs.lifecycle.submission.panel import panel_for
from jobs.lifecycle.submission.request import JobRequest, refuse_readers
from jobs.lifecycle.submission.submit import refuse_closed, submit_job
from jobs.models import Comparison
from solver import prompt_bytes, typical_nano
from solver.core.models import ModelCard, solvers_of
from solver.strategies import DEFAULT


class Rivals(NamedTuple):
    """The cheapest model, whose attempts are many, and the strongest, whose attempts are few."""

    many_cheap: ModelCard
    few_strong: ModelCard


def rivals_for(request: JobRequest) -> Rivals:
    """Return the cheapest model of the panel and the ablest of the others. Raises SubmitError for fewer than two."""
    posed = request.posed()
    panel = solvers_of(panel_for(posed, request.options.models))
    if len(panel) < 2:
        raise SubmitError(
            "A comparison needs at least two models for this kind of problem. Choose two or more, or none to use them "
            "all. The operator can add models with PONDER_MODELS.",
            field="models",
            code="no_rival",
        )
    size_bytes = prompt_bytes(posed.messages())

    def cost(card: ModelCard) -> int:
        return typical_nano(card, size_bytes, settings.PONDER_MARKUP_BP)

    many_cheap = min(panel, key=cost)
    others = [card for card in panel if card.name != many_cheap.name]
    return Rivals(many_cheap, max(others, key=lambda card: (card.ability_for(posed.kind), cost(card))))


@again_after_deadlock
def submit_comparison(request: JobRequest, *, wake: bool = True) -> Comparison:
    """Create two jobs of the request's budget each. Raises SubmitError; then neither was created and nothing charged.

    If a comparison of the request's id was already submitted, it is returned unchanged.
    Both vote unless a strategy other than the default is chosen: what is compared is how far a number of attempts gets.
    """
    user, workspace = request.user, request.workspace
    refuse_readers(user, workspace)
    rivals = rivals_for(request)
    made_id = request.request_id or uuid.uuid4()
    with refusals_told(), transaction.atomic():
        refuse_closed(user)
        # Whoever submits the same form at the same moment waits here, and then finds what this one made.
        lock_purses(workspace)
        if earlier := Comparison.objects.filter(pk=made_id).first():
            if earlier.created_by_id != user.pk:
                raise SubmitError("This form was already submitted. Start a new job.", code="used")
            return earlier
        jobs = {
            side: submit_job(_side_of(request, card.name, uuid.uuid5(made_id, side)), wake=wake)
            for side, card in rivals._asdict().items()
        }
        return Comparison.objects.create(pk=made_id, workspace=workspace, created_by=user, **jobs)


def is_met_by(request: JobRequest, comparison: Comparison) -> bool:
    """Tell whether a comparison that was submitted before is what is asked for here."""
    for job in comparison.sides().values():
        [model] = job.options["models"]
        if request.options.models and model not in request.options.models:
            return False
        if not _side_of(request, model, job.pk).is_met_by(job):
            return False
    return True


def _side_of(request: JobRequest, model: str, job_id: uuid.UUID) -> JobRequest:
    """Return the request of one side, which has one model."""
    return replace(
        request,
        options=replace(request.options, models=(model,)),
        strategy="vote" if request.strategy == DEFAULT else request.strategy,
        request_id=job_id,
    )
