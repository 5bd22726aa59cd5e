"""The plan that a budget allows: who tries in turn, what is kept for the write-up, the least that buys a call.

Plans from the budget, not cheap-first: the strongest model that the budget can buy at least three tries of at q90
length. From six tries on, a second family joins every third one, because errors of one family agree.
"""

from collections.abc import Sequence

from solver.core.models import ModelCard, solvers_of
from solver.core.pricing import billed_nano, bound_nano
from solver.core.problem.statement import Problem
from solver.engine.calls.bounds import (
    fits,
    least_hold_nano,
    prompt_bytes,
    typical_nano,
    typical_prompt_tokens,
)
from solver.engine.write_up import write_up_bytes, writer_of

_TRIES_OF_MAIN = 3
_TRIES_BEFORE_SECOND_FAMILY = 6
_RESERVE_SHARE = 10


def rotation(
    panel: Sequence[ModelCard], *, kind: str, budget_nano: int, size_bytes: int, markup_bp: int
) -> list[str]:
    """Return the names of the models that try in turn, strongest affordable first; empty for an empty panel."""
    if not panel:
        return []
    main, *others = ablest(
        solvers_of(panel), kind=kind, budget_nano=budget_nano, size_bytes=size_bytes, markup_bp=markup_bp
    )
    many = typical_nano(main, size_bytes, markup_bp) * _TRIES_BEFORE_SECOND_FAMILY <= budget_nano
    second = next((card for card in others if card.family != main.family), None)
    return [main.name, main.name, second.name] if many and second else [main.name]


def ablest(
    cards: Sequence[ModelCard], *, kind: str, budget_nano: int, size_bytes: int, markup_bp: int
) -> list[ModelCard]:
    """Return the models of which the budget buys three long calls, the ablest first; of none that many: the cheapest."""
    affordable = [
        card for card in cards if _q90_nano(card, size_bytes, markup_bp) * _TRIES_OF_MAIN <= budget_nano
    ]
    return sorted(
        affordable or [min(cards, key=lambda c: _q90_nano(c, size_bytes, markup_bp))],
        key=lambda c: (c.ability_for(kind), typical_nano(c, size_bytes, markup_bp)),
        reverse=True,
    )


def fitting(panel: Sequence[ModelCard], problem: Problem) -> list[ModelCard]:
    """Return the cards of the models whose context window may have room for the problem and a reply."""
    size_bytes = prompt_bytes(problem.messages())
    return [card for card in panel if fits(card, size_bytes)]


def reserve_nano(panel: Sequence[ModelCard], problem: Problem, *, budget_nano: int, markup_bp: int) -> int:
    """Return the finalisation reserve: one long write-up, at most a tenth of the budget, at least a median write-up.

    More would be out of reach of the tries for nothing. Zero where nothing is written up, or where the budget cannot
    cover it: then the leader's own text is delivered without a call.
    """
    writer = writer_of(panel, problem)
    if writer is None:
        return 0
    size_bytes = write_up_bytes(problem, writer)
    median, long = (
        billed_nano(bound_nano(writer.rates, prompt_tokens=size_bytes, max_output_tokens=tokens), markup_bp)
        for tokens in (writer.output.q50, min(writer.output.q90, writer.max_output_tokens))
    )
    reserve = max(min(budget_nano // _RESERVE_SHARE, long), median)
    least = least_budget_nano(panel, problem, markup_bp=markup_bp)
    return reserve if reserve * 2 <= budget_nano and least <= budget_nano - reserve else 0


def least_budget_nano(panel: Sequence[ModelCard], problem: Problem, *, markup_bp: int) -> int:
    """Return the least budget that buys one call of median length of some model of the panel."""
    size_bytes = prompt_bytes(problem.messages())
    return min(least_hold_nano(card, size_bytes, markup_bp) for card in solvers_of(panel))


def _q90_nano(card: ModelCard, size_bytes: int, markup_bp: int) -> int:
    tokens = typical_prompt_tokens(card, size_bytes)
    return billed_nano(
        bound_nano(card.asked_rates, prompt_tokens=tokens, max_output_tokens=card.output.q90), markup_bp
    )
