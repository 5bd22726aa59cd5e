"""How probable each answer is by votes alone, each hypothesis with its own view of the problem's difficulty.

Hypotheses are “answer a is right”, for each answer weighed, and “none of those seen is”. Under each, a model's tries
are right as solver/inference/item_response.py says; its wrong tries repeat each other as a Dirichlet process does (few
favourites, some new: Blackwell and MacQueen, 1973), and fall with some probability for what models before it fell for.
So neither a blind spot of one model nor one that models share counts as if tries erred independently.

Votes are tuples of (possibly fractional) counts, a place a model. What was weighed is remembered across jobs: most jobs
begin alike.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from solver.inference.item_response import LOG_WEIGHTS, Skill, log_sum

type Counts = tuple[float, ...]


@dataclass(slots=True)
class Votes:
    """Votes for one answer (or for all): by model, and by family. Weights may be fractions."""

    by_model: dict[str, float]
    by_family: dict[str, float]
    total: float = 0.0

    def add(self, model: str, family: str, weight: float) -> None:
        """Count one vote."""
        self.by_model[model] = self.by_model.get(model, 0.0) + weight
        self.by_family[family] = self.by_family.get(family, 0.0) + weight
        self.total += weight

    def counts(self, models: Sequence[str]) -> Counts:
        """Return the votes of these models, in their order."""
        return tuple(self.by_model.get(model, 0.0) for model in models)


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """How wrong answers fall: how many answers there may be, and how often models share a wrong one."""

    options: int
    shared: float


@lru_cache(maxsize=20_000)
def log_odds(
    skills: tuple[Skill, ...], error_model: ErrorModel, answers: tuple[Counts, ...], totals: Counts, seen: int
) -> Sequence[float]:
    """Return ln P(it is right) − ln P(none is) for each answer. `totals` are the votes for all `seen` answers."""
    alike = Counter(answers)
    nobody = (0.0,) * len(skills)
    unseen = max(error_model.options - seen, 0.5) / max(error_model.options - 1, 1)
    none = _weight(skills, error_model, alike, totals, nobody, right_is_seen=False) + math.log(unseen)
    weights = {votes: _weight(skills, error_model, alike, totals, votes) - none for votes in alike}
    return tuple(weights[votes] for votes in answers)


def difficulty(skills: tuple[Skill, ...], right: Counts, totals: Counts) -> list[float]:
    """Return the weights of the grid's difficulties if the answer with the votes `right` is the right one."""
    grid = _grid(skills, right, totals)
    top = max(grid)
    weights = [math.exp(x - top) for x in grid]
    whole = sum(weights)
    return [weight / whole for weight in weights]


def likelihood(skills: tuple[Skill, ...], right: Counts, totals: Counts) -> float:
    """Return ln P(so many right tries of so many, in a given order)."""
    return log_sum(_grid(skills, right, totals))


def _grid(skills: tuple[Skill, ...], right: Counts, totals: Counts) -> Sequence[float]:
    """Return ln P(difficulty, right and wrong tries of all models) at each difficulty."""
    grid: Sequence[float] = LOG_WEIGHTS
    for skill, hits, total in zip(skills, right, totals, strict=True):
        if total:
            said = skill.log_likelihood(hits, total - hits)
            grid = [a + b for a, b in zip(grid, said, strict=True)]
    return grid


def _weight(
    skills: tuple[Skill, ...],
    error_model: ErrorModel,
    alike: Counter[Counts],
    totals: Counts,
    right: Counts,
    *,
    right_is_seen: bool = True,
) -> float:
    """Return ln P(observed votes | one answer with the votes `right` is right), up to a term common to all answers."""
    rest = [(votes, n - (right_is_seen and votes == right)) for votes, n in alike.items()]
    shared, others = error_model.shared, max(error_model.options - 1, 1)
    total = likelihood(skills, right, totals)
    before = [0.0] * len(rest)
    before_all = 0.0
    for at, skill in enumerate(skills):
        if not totals[at]:
            continue
        alpha, wrong = skill.trait.concentration, totals[at] - right[at]
        total += math.lgamma(alpha) - math.lgamma(alpha + wrong)
        known = before_all + alpha
        fresh = 1.0 - shared + shared * alpha / known if before_all else 1.0
        for place, (votes, answers) in enumerate(rest):
            mine = votes[at]
            if mine and answers:
                base = alpha * (shared * before[place] / known + fresh / others)
                said = math.lgamma(base + mine) - math.lgamma(base)
                total += answers * (said if before[place] else said + math.log(others))
            before[place] += mine
        before_all += wrong
    return total
