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
from collections.abc import Iterator, Sequence
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
    none = _log_likelihood(skills, error_model, alike, totals, nobody, right_is_seen=False) + math.log(unseen)
    against_none = {
        votes: _log_likelihood(skills, error_model, alike, totals, votes) - none for votes in alike
    }
    return tuple(against_none[votes] for votes in answers)


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


def _log_likelihood(
    skills: tuple[Skill, ...],
    error_model: ErrorModel,
    alike: Counter[Counts],
    totals: Counts,
    right: Counts,
    *,
    right_is_seen: bool = True,
) -> float:
    r"""Return ln P(votes | the answer with the votes `right` is right), up to a constant that all hypotheses share.

    With $r_m$ right and $w_m$ wrong votes of model m, $w_{ma}$ of these for the wrong answer a:

    $$P = P(r, w) \prod_m \left[ \frac{\Gamma(\alpha_m)}{\Gamma(\alpha_m + w_m)}
          \prod_a \frac{\Gamma(b_{ma} + w_{ma})}{\Gamma(b_{ma})} \right]$$

    The first factor is `likelihood`, the bracket `wrong_votes`. `alike` counts the answers that have equal votes.
    """
    wrong = [(votes, answers - (right_is_seen and votes == right)) for votes, answers in alike.items()]
    total = likelihood(skills, right, totals)
    before, before_all = [0.0] * len(wrong), 0.0
    for at, skill in enumerate(skills):
        if totals[at]:
            mine, alpha = totals[at] - right[at], skill.trait.concentration
            factors = wrong_votes(
                at, wrong, error_model, mine=mine, alpha=alpha, before=before, before_all=before_all
            )
            for log_factor in factors:
                total += log_factor
            before = [so_far + votes[at] for so_far, (votes, _) in zip(before, wrong, strict=True)]
            before_all += mine
    return total


def wrong_votes(
    at: int,
    wrong: Sequence[tuple[Counts, int]],
    error_model: ErrorModel,
    *,
    mine: float,
    alpha: float,
    before: Sequence[float],
    before_all: float,
) -> Iterator[float]:
    r"""Yield the logarithms of the factors of P(where the `mine` wrong votes of a model fall): a Pólya urn.

    The urn's concentration is $\alpha$; its base measure puts $b_a = \alpha \left( s \frac{B_a}{B + \alpha} +
    \frac{f}{K - 1} \right)$ on answer a: with the share s (`error_model.shared`) on what the models before it fell for
    ($B_a$ votes of B, `before`), the rest f evenly on all K - 1 wrong answers.
    """
    shared, others = error_model.shared, max(error_model.options - 1, 1)
    known = before_all + alpha
    fresh = 1.0 - shared + shared * alpha / known if before_all else 1.0
    yield math.lgamma(alpha) - math.lgamma(alpha + mine)
    for (votes, answers), votes_before in zip(wrong, before, strict=True):
        if votes[at] and answers:
            base = alpha * (shared * votes_before / known + fresh / others)
            drawn = math.lgamma(base + votes[at]) - math.lgamma(base)
            # Which of the K - 1 it is does not matter for an answer that no model gave before.
            yield answers * (drawn if votes_before else drawn + math.log(others))
