"""What a budget buys: who tries, how often, for about how much and how long.

Plans from the budget, not cheap-first: the strongest model that the budget can buy at least three tries of at q90
length. From six tries on, a second family joins every third one, because errors of one family agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solver.bounds import least_hold_nano, prompt_bytes, typical_nano
from solver.models import ModelCard
from solver.pricing import billed_nano, bound_nano
from solver.problem import Problem

_TRIES_OF_MAIN = 3
_TRIES_BEFORE_SECOND_FAMILY = 6
_RESERVE_SHARE = 10


@dataclass(frozen=True, slots=True)
class Quote:
    """What a budget is expected to buy. Costs in nano-USD, times in seconds."""

    models: tuple[str, ...]
    tries_low: int
    tries_high: int
    cost_low_nano: int
    cost_high_nano: int
    time_low_s: int
    time_high_s: int
    sentence: str


def rotation(
    panel: Sequence[ModelCard], *, kind: str, budget_nano: int, size_bytes: int, markup_bp: int
) -> list[str]:
    """Return the names of the models that try in turn, strongest affordable first; empty for an empty panel."""
    if not panel:
        return []
    ordered = sorted(
        panel, key=lambda c: (c.ability_for(kind), typical_nano(c, size_bytes, markup_bp)), reverse=True
    )
    cheapest = min(panel, key=lambda c: _q90_nano(c, size_bytes, markup_bp))
    main = next(
        (c for c in ordered if _q90_nano(c, size_bytes, markup_bp) * _TRIES_OF_MAIN <= budget_nano), cheapest
    )
    many = typical_nano(main, size_bytes, markup_bp) * _TRIES_BEFORE_SECOND_FAMILY <= budget_nano
    second = next(
        (
            c
            for c in ordered
            if c.family != main.family and _q90_nano(c, size_bytes, markup_bp) * _TRIES_OF_MAIN <= budget_nano
        ),
        None,
    )
    return [main.name, main.name, second.name] if many and second else [main.name]


def reserve_nano(panel: Sequence[ModelCard], problem: Problem, *, budget_nano: int, markup_bp: int) -> int:
    """Return the finalisation reserve: a tenth of the budget or one worst-case write-up, whichever is more.

    Zero where no model of the panel writes prose, or where the budget cannot cover it: then the leader's own text is
    delivered without a call.
    """
    writer = writer_of(panel)
    if writer is None:
        return 0
    size_bytes = prompt_bytes(problem.messages()) + 4 * writer.output.q50
    write_up = billed_nano(
        bound_nano(writer.rates, prompt_tokens=size_bytes, max_output_tokens=writer.output.q50), markup_bp
    )
    reserve = max(budget_nano // _RESERVE_SHARE, write_up)
    least = least_budget_nano(panel, problem, markup_bp=markup_bp)
    return reserve if reserve * 2 <= budget_nano and least <= budget_nano - reserve else 0


def least_budget_nano(panel: Sequence[ModelCard], problem: Problem, *, markup_bp: int) -> int:
    """Return the least budget that buys one call of median length of some model of the panel."""
    size_bytes = prompt_bytes(problem.messages())
    return min(least_hold_nano(card, size_bytes, markup_bp) for card in panel)


def writer_of(panel: Sequence[ModelCard]) -> ModelCard | None:
    """Return the cheapest model that writes prose, or None."""
    writers = [card for card in panel if not card.bundled]
    return min(writers, key=lambda c: typical_nano(c, 4_000, 0), default=None)


def quote(
    problem: Problem,
    panel: Sequence[ModelCard],
    *,
    budget_nano: int,
    markup_bp: int,
    call_s: float,
    slots: int,
) -> Quote:
    """Return what the budget buys, from priors alone and without a call. Raises ValueError for an empty panel."""
    if not panel:
        raise ValueError("No model is available.")
    size_bytes = prompt_bytes(problem.messages())
    names = rotation(
        panel, kind=problem.kind, budget_nano=budget_nano, size_bytes=size_bytes, markup_bp=markup_bp
    )
    cards = {card.name: card for card in panel}
    if problem.proves:
        names = list(dict.fromkeys([*names, *cards]))
    spendable = budget_nano - reserve_nano(panel, problem, budget_nano=budget_nano, markup_bp=markup_bp)
    costs = [max(typical_nano(cards[name], size_bytes, markup_bp), 1) for name in names]
    # A proof goes to whoever is cheapest per chance; a vote takes its models in turn.
    high = max(spendable // min(costs) if problem.proves else spendable * len(costs) // sum(costs), 1)
    low = min(1 if problem.proves else 4, high)
    low_cost = min(low * min(costs), budget_nano)
    return Quote(
        models=tuple(dict.fromkeys(names)),
        tries_low=low,
        tries_high=high,
        cost_low_nano=low_cost,
        cost_high_nano=budget_nano,
        time_low_s=max(round(call_s), 1),
        time_high_s=max(round(call_s * (high / max(slots, 1) + 2)), 2),
        sentence=_sentence(problem, low, high, list(dict.fromkeys(names))),
    )


def _sentence(problem: Problem, low: int, high: int, names: Sequence[str]) -> str:
    tries = f"{low:,}–{high:,} independent tries" if high > low else f"about {high:,} independent tries"
    ends = (
        "a checker ends it at the first right answer"
        if problem.proves
        else "it ends early when the tries agree"
    )
    return f"Buys {tries} by {' and '.join(names)}; {ends}."


def _q90_nano(card: ModelCard, size_bytes: int, markup_bp: int) -> int:
    tokens = size_bytes if card.bundled else size_bytes // 4
    return billed_nano(
        bound_nano(card.rates, prompt_tokens=tokens, max_output_tokens=card.output.q90), markup_bp
    )
