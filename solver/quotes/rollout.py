"""How a job may go: draws of cost, calls, time and success under a budget, from what the cards of its panel say.

A reduced game stands for the real strategies: difficulty is normal and shared by the panel (item response theory,
Rasch, 1960), each model has its own luck with a problem and is blind to a few, wrong tries repeat each other as a
Dirichlet process does (Blackwell and MacQueen, 1973), lengths of replies are lognormal. With a checker the game is the
wait for the first right try; without one it is a race of votes to the stopping rule of Adaptive-Consistency. Long games
are simulated for some tries, and extrapolated from what these showed. Draws are stratified and seeded, so that the same
question gets the same forecast. solver/quotes/quote.py corrects what other strategies do otherwise.
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
from solver.engine.calls.bounds import least_budget_left_nano, typical_nano, typical_prompt_tokens
from solver.inference.calibration import sigmoid
from solver.inference.decisions.adaptive_stopping import chance_after_failures, lead_probability
from solver.inference.item_response import handicap_of
from solver.quotes.tool_work import NO_TOOLS, ToolWork

DRAWS = 200
_SIMULATED = 80
"""Tries that are simulated one by one; the rest is extrapolated."""
_MOST_TRIES = 20_000
_LENGTHS = 64
_Z90 = 1.2816
_SLOPE, _SCATTER = 1.5, 0.8
"""Logits per standard deviation of difficulty, and of a model's own luck with a problem."""
_BLIND_SHARE, _BLIND = 0.03, 0.002
_CONCENTRATION = 2.0


class Rollout(NamedTuple):
    """One way a job may go. `won`: it ends solved or confident within the budget; `right`: with the right answer."""

    charged_nano: int
    calls: int
    seconds: float
    won: bool
    right: bool


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
    tools: ToolWork = NO_TOOLS


def try_nano(card: ModelCard, game: Game) -> int:
    """Return what a try of a model typically costs the user."""
    calls = sum(
        typical_nano(card, size_bytes, game.markup_bp) for size_bytes in game.tools.sizes(game.size_bytes)
    )
    return max(calls + billed_nano(game.tools.fee_nano, game.markup_bp), 1)


class _Player:
    """One model as the game sees it; costs are nano-USD as floats, for they are estimates."""

    def __init__(self, card: ModelCard, game: Game) -> None:
        self.ability = card.ability_for(game.kind)
        self.typical_nano = try_nano(card, game)
        self.least_nano = least_budget_left_nano(card, game.tools.sizes(game.size_bytes)[-1], game.markup_bp)
        self.costs_nano = _costs_nano(card, game)
        self.mean_nano = sum(self.costs_nano) / len(self.costs_nano)
        p = min(max(self.ability / (1.0 - _BLIND_SHARE), 1e-4), 0.999)
        self.handicap = handicap_of(p, spread=math.hypot(_SLOPE, _SCATTER))

    def chance(self, difficulty: float, rng: random.Random) -> float:
        """Return P(a try is right) on a problem of this difficulty."""
        if rng.random() < _BLIND_SHARE:
            return _BLIND
        return sigmoid(self.handicap - _SLOPE * difficulty + _SCATTER * rng.gauss(0.0, 1.0))


def _costs_nano(card: ModelCard, game: Game) -> list[float]:
    """Return what tries cost at evenly spaced quantiles of a lognormal length of output."""
    output = card.output
    sigma = max(math.log(max(output.q90, 1) / max(output.q50, 1)) / _Z90, 0.05)
    prompts = [typical_prompt_tokens(card, size_bytes) for size_bytes in game.tools.sizes(game.size_bytes)]
    fees = billed_nano(game.tools.fee_nano, game.markup_bp)
    lengths = [
        min(output.q50 * math.exp(sigma * NormalDist().inv_cdf((i + 0.5) / _LENGTHS)), card.max_output_tokens)
        for i in range(_LENGTHS)
    ]
    return [
        float(fees + sum(_billed(card, prompt, n, game.markup_bp) for prompt in prompts)) for n in lengths
    ]


def _billed(card: ModelCard, prompt_tokens: int, output_tokens: float, markup_bp: int) -> int:
    most = bound_nano(
        card.asked_rates, prompt_tokens=prompt_tokens, max_output_tokens=max(round(output_tokens), 1)
    )
    return billed_nano(most, markup_bp)


def rollouts(game: Game, *, draws: int = DRAWS) -> list[Rollout]:
    """Return draws of how the job may go, all equally likely, in no order. Raises ValueError for an empty panel."""
    if not game.cards:
        raise ValueError("No model is available.")
    players = [_Player(card, game) for card in game.cards]
    rng = random.Random(20_261)  # noqa: S311  (repeatable draws)
    difficulties = [NormalDist().inv_cdf((i + 0.5) / draws) for i in range(draws)]
    contest = _Wait if game.is_checkable else _Race
    return [_play(contest(game, players, difficulty, rng)) for difficulty in difficulties]


def _play(contest: "_Wait | _Race") -> Rollout:
    return contest.simulate_until(_SIMULATED) or contest.extrapolate()


def _may_try(game: Game, tries: int) -> bool:
    """Tell whether the strategy makes one more attempt after so many."""
    return game.tools.most_tries is None or tries < game.tools.most_tries


# With a checker ---------------------------------------------------------------------------------------------------


class _Wait:
    """The wait for the first right try: each next one goes to the best chance per dollar, as it looks after failures."""

    def __init__(self, game: Game, players: Sequence[_Player], difficulty: float, rng: random.Random) -> None:
        self._game, self._players, self._rng = game, players, rng
        self._chances = [player.chance(difficulty, rng) for player in players]
        self._failures = [0] * len(players)
        self._spent_nano, self._tries = 0.0, 0

    def simulate_until(self, tries: int) -> Rollout | None:
        """Try one by one; None: after so many tries it has not ended."""
        while self._tries < tries:
            at = _best_per_dollar(self._players, self._failures, self._game.spendable_nano - self._spent_nano)
            if at is None or not _may_try(self._game, self._tries):
                return _rollout(self._game, self._spent_nano, self._tries, won=False, right=False)
            player = self._players[at]
            self._spent_nano += player.costs_nano[int(self._rng.random() * _LENGTHS)]
            self._tries += 1
            if self._rng.random() < self._chances[at]:
                return _solved(self._game, player, self._spent_nano, self._tries)
            self._failures[at] += 1
        return None

    def extrapolate(self) -> Rollout:
        """Draw the end: the number of further tries is geometric, with the mean chance and cost of those so far."""
        mean_nano = self._spent_nano / self._tries
        hoped = sum(c * f for c, f in zip(self._chances, self._failures, strict=True))
        chance = min(max(hoped / self._tries, 1e-9), 0.999)
        more = math.ceil(math.log(1.0 - self._rng.random()) / math.log1p(-chance))
        left = min(int((self._game.spendable_nano - self._spent_nano) / mean_nano), _MOST_TRIES - self._tries)
        spent_nano, tries = self._spent_nano + min(more, left) * mean_nano, self._tries + min(more, left)
        if more > left:
            return _rollout(self._game, spent_nano, tries, won=False, right=False)
        return _solved(self._game, self._players[0], spent_nano, tries)


def _best_per_dollar(players: Sequence[_Player], failures: Sequence[int], free_nano: float) -> int | None:
    best, most = None, 0.0
    for at, player in enumerate(players):
        if player.least_nano <= free_nano:
            rate = chance_after_failures(player.ability, failures[at]) / player.typical_nano
            if rate > most:
                best, most = at, rate
    return best


def _solved(game: Game, player: _Player, spent_nano: float, tries: int) -> Rollout:
    """Add the calls that are under way when the right answer lands: they are paid as well."""
    under_way = min(max(2, tries // 2), game.slots) - 1
    under_way = max(min(under_way, int((game.spendable_nano - spent_nano) / player.mean_nano)), 0)
    return _rollout(game, spent_nano + under_way * player.mean_nano, tries + under_way, won=True, right=True)


# Without a checker ------------------------------------------------------------------------------------------------


class _Race:
    """The race of votes until the lead is clear; models try in turn."""

    def __init__(self, game: Game, players: Sequence[_Player], difficulty: float, rng: random.Random) -> None:
        self._game, self._players, self._rng = game, players, rng
        unique: dict[int, float] = {}
        self._chances = [unique.setdefault(id(player), player.chance(difficulty, rng)) for player in players]
        self._votes: list[int] = [0]  # the right answer first, then wrong ones
        self._wrong, self._tries, self._spent_nano = 0, 0, 0.0
        self._first = self._second = 0

    def simulate_until(self, tries: int) -> Rollout | None:
        """Try one by one; None: after so many tries it has not ended."""
        while self._tries < tries:
            turn = self._tries % len(self._players)
            player = self._players[turn]
            is_paid = player.least_nano <= self._game.spendable_nano - self._spent_nano
            if not (is_paid and _may_try(self._game, self._tries)):
                return _rollout(self._game, self._spent_nano, self._tries, won=False, right=self._leads)
            self._spent_nano += player.costs_nano[int(self._rng.random() * _LENGTHS)]
            self._vote(right=self._rng.random() < self._chances[turn])
            if _lead(self._first, self._second) >= self._game.target:
                return _rollout(self._game, self._spent_nano, self._tries, won=True, right=self._leads)
        return None

    @property
    def _leads(self) -> bool:
        """Whether the right answer has more votes than any other."""
        return self._votes[0] == self._first > self._second

    def _vote(self, *, right: bool) -> None:
        at = 0 if right else _wrong_answer(self._votes, self._wrong, self._rng)
        self._wrong += not right
        self._tries += 1
        self._votes[at] += 1
        self._first, self._second = _top_two(self._votes)

    def extrapolate(self) -> Rollout:
        """Go on as it went so far: at the mean cost of a try, the lead growing by its mean."""
        mean_nano = self._spent_nano / self._tries
        left = min(int(self._game.spendable_nano / mean_nano), _MOST_TRIES)
        needed = self._needed()
        won = needed is not None and needed <= left
        calls = needed if needed is not None and won else left
        charged_nano = min(calls * mean_nano, self._game.spendable_nano)
        return _rollout(self._game, charged_nano, calls, won=won, right=self._leads)

    def _needed(self) -> int | None:
        """Return after how many tries the lead is clear: where drift·n = z·√(votes of the first two), n in all.

        None: a certainty is never reached.
        """
        if self._game.target >= 1:
            return None
        z = NormalDist().inv_cdf(self._game.target)
        gap = max(self._first - self._second, 1) / self._tries
        share = (self._first + self._second) / self._tries
        return max(math.ceil(z * z * share / (gap * gap)), self._tries + 1)


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


def side_by_side(game: Game, calls: float) -> int:
    """Return how many of so many tries run at once, more of them the more there are."""
    return min(max(4, int(calls) // 2), game.slots)


def _rollout(game: Game, spent_nano: float, calls: int, *, won: bool, right: bool) -> Rollout:
    """Return a rollout; tries run side by side."""
    at_once = side_by_side(game, calls)
    rounds = math.ceil(calls / at_once) if calls else 0
    return Rollout(min(round(spent_nano), game.spendable_nano), calls, rounds * game.call_s, won, right)
