"""What stays the same for a job from its start to its end, whatever prices and settings become.

Prices are pinned twice: at the submission, for the quote and the check that the budget buys anything, and once more in
the moment of the first claim. From then on they stand: a scheduled job pays what its calls cost then, a running job
never pays another price than the one it began with.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from billing.models import Price
from billing.prices.book import price_book, rates_of
from jobs.core.errors import CannotContinue
from jobs.models import Job, Pinned
from solver import reserve_nano
from solver.core.models import ModelCard
from solver.core.problem.statement import Problem
from solver.inference.parameters import shipped_parameters


def pin(problem: Problem, panel: Sequence[ModelCard], *, budget_nano: int, markup_bp: int) -> Pinned:
    """Return what a new job pins."""
    return Pinned(
        problem=problem,
        panel=panel,
        reserve_nano=reserve_nano(panel, problem, budget_nano=budget_nano, markup_bp=markup_bp),
        seed=secrets.randbelow(2**31),
        parameters=shipped_parameters(),
    )


def pin_current_prices(job_id: UUID) -> bool:
    """Bring a job that begins now to the prices in force; False: they are what they were when it was submitted.

    A model whose price was withdrawn meanwhile keeps the one it was submitted with, and so does a job that this release
    cannot read: it ends when it is loaded.
    """
    job = Job.objects.get(pk=job_id)
    try:
        pinned, book = Pinned.of(job), price_book()
    except CannotContinue:
        return False
    current = [_at_price(card, book.get(card.name)) for card in pinned.panel]
    if current == pinned.panel:
        return False
    reserve = reserve_nano(current, pinned.problem, budget_nano=job.budget_nano, markup_bp=job.markup_bp)
    job.pinned = replace(pinned, panel=current, reserve_nano=reserve).to_json()
    job.save(update_fields=["pinned"])
    return True


def _at_price(card: ModelCard, price: Price | None) -> ModelCard:
    if price is None or price.pk == card.price_id:
        return card
    rates = rates_of(price)
    return replace(
        card,
        rates=rates,
        service=card.service if rates.has_service(card.service) else "",
        price_id=price.pk,
        context_window=price.context_window,
        max_output_tokens=price.max_output_tokens,
    )
