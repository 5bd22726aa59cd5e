"""How a job may go: draws of cost, calls, time and success under a budget, from what the cards of its panel say.

A reduced game stands for the real strategies: difficulty is normal and shared by the panel (item response theory,
Rasch, 1960), each model has its own luck with a problem and is blind to a few, wrong tries repeat each other as a
Dirichlet process does (Blackwell and MacQueen, 1973), lengths of replies are lognormal. With a checker the game is the
wait for the first right try; without one it is a race of votes to the stopping rule of Adaptive-Consistency. Long games
are not played to their end: past some tries the rest follows from the drift so far. Draws are stratified and seeded, so
that the same question gets the same forecast. solver/quotes/quote.py corrects what other strategies do otherwise.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

from solver.core.models import ModelCard
from solver.core.pricing import billed_nano, bound_nano
from solver.engine.bounds import least_budget_left_nano, typical_nano
from solver.inference.adaptive_stopping import lead_probability

DRAWS = 200
_PLAYED = 80
"""Tries that are played one by one; the rest is extrapolated."""
_MOST_TRIES = 20_000
_LENGTHS = 64
_Z90 = 1.2816
_SLOPE, _SCATTER = 1.5, 0.8
"""Logits per standard deviation of difficulty, and of a model's own luck with a problem."""
_BLIND_SHARE, _BLIND = 0.03, 0.002
_CONCENTRATION = 2.0
_PRIOR_TRIES = 2.0


class Rollout(NamedTuple):
    """One way a job may go. `won`: it ends solved or confident within the budget."""

    charged_nano: int
    calls: int
    seconds: float
    won: bool


@dataclass(frozen=True, slots=True)
class Game:
    """What is played: who tries in turn (all models with a checker), with how much money, until how sure."""

    cards: tuple[ModelCard, ...]
    kind: str
    is_checkable: bool
    spendable_nano: int
    size_bytes: int
    markup_bp: int
    target: float
    call_s: float
    slots: int


class _Player:
    """One model as the game sees it; costs are nano-USD as floats, for they are estimates."""

    def __init__(self, card: ModelCard, game: Game) -> None:
        self.ability = card.ability_for(game.kind)
        self.typical = max(typical_nano(card, game.size_bytes, game.markup_bp), 1)
        self.least = least_budget_left_nano(card, game.size_bytes, game.markup_bp)
        self.costs = _costs(card, game)
        self.mean = sum(self.costs) / len(self.costs)
        p = min(max(self.ability / (1.0 - _BLIND_SHARE), 1e-4), 0.999)
        # Averaged over difficulty and luck, σ(…) is the ability again (probit approximation of the logistic).
        spread = math.hypot(_SLOPE, _SCATTER)
        self.handicap = math.log(p / (1.0 - p)) * math.sqrt(1.0 + math.pi * spread * spread / 8.0)

    def chance(self, difficulty: float, rng: random.Random) -> float:
        """Return P(a try is right) on a problem of this difficulty."""
        if rng.random() < _BLIND_SHARE:
            return _BLIND
        logit = self.handicap - _SLOPE * difficulty + _SCATTER * rng.gauss(0.0, 1.0)
        return 1.0 / (1.0 + math.exp(-logit))


def _costs(card: ModelCard, game: Game) -> list[float]:
    """Return what calls cost at evenly spaced quantiles of a lognormal length of output."""
    output = card.output
    sigma = max(math.log(max(output.q90, 1) / max(output.q50, 1)) / _Z90, 0.05)
    prompt = game.size_bytes if card.bundled else game.size_bytes // 4
    lengths = [
        min(output.q50 * math.exp(sigma * NormalDist().inv_cdf((i + 0.5) / _LENGTHS)), card.max_output_tokens)
        for i in range(_LENGTHS)
    ]
    return [
        float(
            billed_nano(
                bound_nano(card.rates, prompt_tokens=prompt, max_output_tokens=max(round(n), 1)),
                game.markup_bp,
            )
        )
        for n in lengths
    ]


def rollouts(game: Game, *, draws: int = DRAWS) -> list[Rollout]:
    """Return draws of how the job may go, all equally likely, in no order. Raises ValueError for an empty panel."""
    if not game.cards:
        raise ValueError("No model is available.")
    players = [_Player(card, game) for card in game.cards]
    rng = random.Random(20_261)  # noqa: S311  (repeatable draws)
    difficulties = [NormalDist().inv_cdf((i + 0.5) / draws) for i in range(draws)]
    play = _wait if game.is_checkable else _race
    return [play(game, players, difficulty, rng) for difficulty in difficulties]


# With a checker ---------------------------------------------------------------------------------------------------


def _wait(game: Game, players: Sequence[_Player], difficulty: float, rng: random.Random) -> Rollout:
    """Try until a try is right: each next one goes to the best chance per dollar, as it looks after the failures."""
    chances = [player.chance(difficulty, rng) for player in players]
    failures = [0] * len(players)
    spent, tries, resources = 0.0, 0, float(game.spendable_nano)
    while tries < _PLAYED:
        at = _best_per_dollar(players, failures, resources - spent)
        if at is None:
            return _path(game, spent, tries, won=False)
        spent += players[at].costs[int(rng.random() * _LENGTHS)]
        tries += 1
        if rng.random() < chances[at]:
            return _solved(game, players[at], spent, tries)
        failures[at] += 1
    mean = spent / tries
    chance = sum(c * f for c, f in zip(chances, failures, strict=True)) / tries
    more = math.ceil(math.log(1.0 - rng.random()) / math.log1p(-min(max(chance, 1e-9), 0.999)))
    left = min(int((resources - spent) / mean), _MOST_TRIES - tries)
    if more > left:
        return _path(game, spent + left * mean, tries + left, won=False)
    return _solved(game, players[0], spent + more * mean, tries + more)


def _best_per_dollar(players: Sequence[_Player], failures: Sequence[int], resources: float) -> int | None:
    best, most = None, 0.0
    for at, player in enumerate(players):
        if player.least <= resources:
            rate = player.ability * _PRIOR_TRIES / (_PRIOR_TRIES + failures[at]) / player.typical
            if rate > most:
                best, most = at, rate
    return best


def _solved(game: Game, player: _Player, spent: float, tries: int) -> Rollout:
    """Add the calls that are under way when the right answer lands: they are paid as well."""
    under_way = min(max(2, tries // 2), game.slots) - 1
    under_way = max(min(under_way, int((game.spendable_nano - spent) / player.mean)), 0)
    return _path(game, spent + under_way * player.mean, tries + under_way, won=True)


# Without a checker ------------------------------------------------------------------------------------------------


def _race(game: Game, players: Sequence[_Player], difficulty: float, rng: random.Random) -> Rollout:
    """Vote until the lead is clear."""
    unique: dict[int, float] = {}
    chances = [unique.setdefault(id(player), player.chance(difficulty, rng)) for player in players]
    votes: list[int] = [0]  # the right answer first, then wrong ones
    wrong, tries, spent, resources = 0, 0, 0.0, float(game.spendable_nano)
    first = second = 0
    while tries < _PLAYED:
        player = players[tries % len(players)]
        if player.least > resources - spent:
            return _path(game, spent, tries, won=False)
        spent += player.costs[int(rng.random() * _LENGTHS)]
        if rng.random() < chances[tries % len(players)]:
            at = 0
        else:
            at = _wrong_answer(votes, wrong, rng)
            wrong += 1
        tries += 1
        votes[at] += 1
        first, second = _top_two(votes)
        if _lead(first, second) >= game.target:
            return _path(game, spent, tries, won=True)
    mean = spent / tries
    left = min(int(resources / mean), _MOST_TRIES)
    needed = left + 1  # a certainty is never reached
    if game.target < 1:
        # The lead grows by its drift: it is clear once drift·n = z·√(votes of the first two).
        z, gap, share = (
            NormalDist().inv_cdf(game.target),
            max(first - second, 1) / tries,
            (first + second) / tries,
        )
        needed = max(math.ceil(z * z * share / (gap * gap)), tries + 1)
    calls = min(needed, left)
    return _path(game, min(calls * mean, resources), calls, won=needed <= left)


def _wrong_answer(votes: list[int], wrong: int, rng: random.Random) -> int:
    """Return the place of a wrong answer: one given before, or a new one."""
    mark = rng.random() * (wrong + _CONCENTRATION)
    if mark < wrong:
        for at in range(1, len(votes)):
            mark -= votes[at]
            if mark < 0:
                return at
    votes.append(0)
    return len(votes) - 1


def _top_two(votes: Sequence[int]) -> tuple[int, int]:
    first = second = 0
    for count in votes:
        if count > first:
            first, second = count, first
        elif count > second:
            second = count
    return first, second


@lru_cache(maxsize=10_000)
def _lead(first: int, second: int) -> float:
    return lead_probability(first, second)


def _path(game: Game, spent: float, calls: int, *, won: bool) -> Rollout:
    """Return a path; tries run side by side, more of them the more there are."""
    at_once = min(max(4, calls // 2), game.slots)
    rounds = math.ceil(calls / at_once) if calls else 0
    return Rollout(min(round(spent), game.spendable_nano), calls, rounds * game.call_s, won)
