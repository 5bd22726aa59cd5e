"""Posteriors of what jobs taught, put into the cards of models: the one way by which learned values reach the engine.

Each is the prior of the card, worth so many imagined jobs, updated by counts (solver/learning/observations.py). Values
are bounded, so that even a store full of nonsense gives a usable card: learned values plan, they never decide what may
be spent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from solver.core.models import ModelCard, OutputQuantiles
from solver.inference.parameters import EvidenceParameters
from solver.learning.censored_histogram import imagined, quantiles
from solver.learning.observations import Aspect, count
from solver.learning.sharing import PRIOR_JOBS, guess_jobs

Store = Mapping[tuple[str, str], Mapping[str, Any]]
"""Counts by aspect and subject, for one kind of problem."""

_SECONDS_STRENGTH = 5.0
"""How many jobs the time that is assumed of a call is worth: less, for it is a mere guess."""
_LONGEST, _SHORTEST = 8, 32
"""Learned lengths stay within these factors of the prior's. Priors are of models that write at length: an operator's own
may answer in a line, and holds that stand far above its replies would leave much of a small budget unused."""
_RARE = 0.005
_LEVELS = (0.5, 0.9, 0.995)


def informed(card: ModelCard, kind: str, store: Store) -> ModelCard:
    """Return the card with what was learned of its model on problems of this kind."""
    ability = store.get((Aspect.ABILITY, card.name), {})
    return replace(
        card,
        is_measured=card.is_measured or count(ability, "right") + count(ability, "wrong") >= PRIOR_JOBS,
        ability={**card.ability, kind: _share(ability, "right", "wrong", card.ability_for(kind), PRIOR_JOBS)},
        output=_output(card, store.get((Aspect.OUTPUT, card.name), {})),
        judging=_judging(card, kind, store.get((Aspect.JUDGING, card.name), {})),
    )


def seconds_per_call(models: Sequence[str], store: Store, *, default: float) -> float:
    """Return how long a call of these models takes (median, seconds); `default` where nothing was learned."""
    found = [
        quantiles(_counts(store[Aspect.SECONDS, name]), (0.5,), [(default, _SECONDS_STRENGTH)])[0]
        for name in models
        if store.get((Aspect.SECONDS, name))
    ]
    return sum(found) / len(found) if found else default


def win_share(stats: Mapping[str, Any], *, checked: bool) -> tuple[float, float]:
    """Return how many jobs of a strategy ended solved or confident, and how many ran to completion."""
    which = "checked" if checked else "open"
    won, lost = count(stats, f"{which}_won"), count(stats, f"{which}_lost")
    return won, won + lost


def _share(stats: Mapping[str, Any], yes: str, no: str, prior: float, strength: float) -> float:
    """Return the posterior mean of a share (beta distribution), away from 0 and 1."""
    for_it, against = count(stats, yes), count(stats, no)
    mean = (prior * strength + for_it) / (strength + for_it + against)
    return min(max(mean, _RARE), 1.0 - _RARE)


def _output(card: ModelCard, stats: Mapping[str, Any]) -> OutputQuantiles:
    prior = card.output
    if not stats:
        return prior
    counts = _counts(stats)
    seen = sum(counts.values())
    strength = PRIOR_JOBS if card.is_measured else guess_jobs(seen)
    found = quantiles(counts, _LEVELS, imagined(prior, strength))
    # Bins are wide: what they make of the prior alone is corrected, as far as it is the prior that counts.
    binned = quantiles({}, _LEVELS, imagined(prior, strength))
    share = strength / (strength + seen)
    bounded, least = [], 1
    for value, of_prior, known in zip(found, binned, (prior.q50, prior.q90, prior.q995), strict=True):
        corrected = value * (known / of_prior) ** share
        # What was assumed may lie beyond the longest reply; a first observation must not cut it off.
        low, high = max(known // _SHORTEST, 1), max(min(known * _LONGEST, card.max_output_tokens), known)
        least = max(least, min(max(round(corrected), low), high))
        bounded.append(least)
    return OutputQuantiles(*bounded)


def _judging(card: ModelCard, kind: str, stats: Mapping[str, Any]) -> Mapping[str, Mapping[str, float]]:
    if not stats:
        return card.judging
    assumed, told = EvidenceParameters.of(kind), card.judging_for(kind)
    pairs = {
        "sensitivity": ("pass_right", "fail_right"),
        "specificity": ("fail_wrong", "pass_wrong"),
        "comparison": ("better_right", "better_wrong"),
    }
    found = {
        name: _share(stats, yes, no, told.get(name, getattr(assumed, name)), assumed.quality_strength)
        for name, (yes, no) in pairs.items()
    }
    return {**card.judging, kind: found}


def _counts(stats: Mapping[str, Any]) -> dict[str, float]:
    return {name: count(stats, name) for name in stats}
