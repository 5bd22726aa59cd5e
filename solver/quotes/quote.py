"""The quote: what a budget is expected to buy, cost, time and the chance of a sure answer, without calling a model.

solver/quotes/rollout.py plays the job some hundred times from what is known of the models. The quantiles of those games
are then shifted twice, in logarithms: by the committed table (solver/quotes/quotes.json, fitted by `python -m bench
quotes` to replays and simulations of each real strategy, by how many tries the budget buys), and by what the jobs of
this installation have taught (`Shift`, kept by solver/quotes/quantile_tracking.py). Shifting a forecast's quantiles
until they cover as often as they say is conformal calibration (Romano, Patterson and Candès, 2019).
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from solver.core.models import ModelCard, solvers_of
from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.engine.calls.bounds import prompt_bytes
from solver.engine.calls.service_tier import LEAST_CALLS
from solver.engine.plan import least_budget_nano, reserve_nano, rotation
from solver.inference.calibration import logit, sigmoid
from solver.learning.tool_habits import GUESSED, ToolHabits
from solver.quotes.rollout import Game, Rollout, rollouts, side_by_side, try_nano
from solver.quotes.text_quote import DraftCosts, suggested_for_text_nano
from solver.quotes.tool_work import ToolWork, tool_work

LEVELS = (0.1, 0.5, 0.9)
_TARGET = 0.95
_WIDEST_SHIFT = 4.0
_SUGGESTED_CENTS = (1, 2, 5, 10, 25, 50, 100, 200, 500, 1_000)
_DRAWS_TO_SUGGEST = 40
_NEARLY_ALL = 0.95
_NEARLY_SURE = 0.995
_HOPELESS = 0.1
_QUICKEST_BATCH_S = 600.0
"""What a batch takes where a provider has little else to do: a guess, for none promises less than a day."""
_LONGEST_S = 315_360_000
"""Ten years: whatever was learned of a model, no job is quoted a longer time."""


@dataclass(frozen=True, slots=True)
class Shift:
    """What is added to a forecast: to the logarithms of the three costs, and to the log odds of a sure answer."""

    cost: tuple[float, float, float] = (0.0, 0.0, 0.0)
    time: tuple[float, float] = (0.0, 0.0)
    win: float = 0.0

    def __add__(self, other: "Shift") -> "Shift":
        c, t = zip(self.cost, other.cost, strict=True), zip(self.time, other.time, strict=True)
        (a, b, d), (low, high) = (sum(pair) for pair in c), (sum(pair) for pair in t)
        return Shift((a, b, d), (low, high), self.win + other.win)


NO_SHIFT = Shift()


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a job runs: prices with `markup_bp`, `slots` calls at a time of about `call_s` seconds each.

    `paid_use_nano` is what one use of the dearest tool here costs before the markup; None: models have no tools.
    `batch_s` is the longest that calls which go together may take, 0 where none do. `habits` are those of attempts
    with tools here.
    """

    strategy: str
    markup_bp: int
    call_s: float
    slots: int
    target: float = _TARGET
    paid_use_nano: int | None = None
    batch_s: float = 0.0
    habits: ToolHabits = GUESSED


@dataclass(frozen=True, slots=True)
class Quote:
    """What a budget is expected to buy. Costs in nano-USD, times in seconds, tries between one and most."""

    strategy: str
    budget_nano: int
    models: tuple[str, ...]
    tries_low: int
    tries_high: int
    cost_p10_nano: int
    cost_p50_nano: int
    cost_p90_nano: int
    time_low_s: int
    time_high_s: int
    win_probability: float
    """Of ending solved or confident: what jobs are held to."""
    right_probability: float | None
    """Of a right answer; None where nobody has measured the models on such problems."""
    sentence: str
    is_text: bool = False

    @property
    def is_hopeless(self) -> bool:
        """Whether the models were measured on such problems, and are all but never right."""
        return self.right_probability is not None and self.right_probability < _HOPELESS

    @property
    def chance(self) -> str:
        """The chance of a right answer as a sentence: `… about 97 %.`, `… over 99 %.`, or that nobody can tell."""
        if self.is_text:
            return "Nobody can say beforehand how good a text will be; the result says how the best draft was chosen."
        if self.right_probability is None:
            return "These models were not measured on such problems, so we can’t tell the chance of a right answer."
        return f"Chance of a right answer: {chance_in_words(self.right_probability)}."


def chance_in_words(chance: float) -> str:
    """Return a chance as people read it: `about 97 %`, `over 99 %` or `under 1 %`."""
    percent = round(chance * 100)
    if chance >= _NEARLY_SURE:
        return "over 99 %"
    return f"about {percent} %" if percent else "under 1 %"


def _whole_s(seconds: float, *, least: int) -> int:
    return round(min(max(seconds, least), _LONGEST_S))


def quote(
    problem: Problem, panel: Sequence[ModelCard], *, budget_nano: int, terms: Terms, learned: Shift = NO_SHIFT
) -> Quote:
    """Return what the budget buys, from priors and what jobs taught. Raises ValueError for an empty panel."""
    if problem.result is ResultKind.TEXT and panel:
        return _quote_of_text(problem, panel, budget_nano=budget_nano, terms=terms, learned=learned)
    game = game_of(problem, panel, budget_nano=budget_nano, terms=terms)
    drawn = rollouts(game)
    shift = committed(terms.strategy, problem, tries_bought(game)) + learned
    low, middle, high = shifted_costs(drawn, shift, budget_nano=budget_nano)
    calls = sorted(path.calls for path in drawn)
    seconds = sorted(path.seconds for path in drawn)
    names = tuple(dict.fromkeys(card.name for card in game.cards))
    tries = (max(quantile(calls, LEVELS[0]), 1), max(quantile(calls, LEVELS[2]), 1))
    waits = [_batch_wait_s(terms, side_by_side(game, each) // len(names)) for each in tries]
    win = sigmoid(logit(win_share(drawn)) + shift.win)
    return Quote(
        strategy=terms.strategy,
        budget_nano=budget_nano,
        models=names,
        tries_low=round(tries[0]),
        tries_high=round(tries[1]),
        cost_p10_nano=low,
        cost_p50_nano=middle,
        cost_p90_nano=high,
        time_low_s=_whole_s(quantile(seconds, LEVELS[0]) * math.exp(shift.time[0]) + waits[0][0], least=1),
        time_high_s=_whole_s(quantile(seconds, LEVELS[2]) * math.exp(shift.time[1]) + waits[1][1], least=2),
        win_probability=win,
        right_probability=_right_probability(game, drawn, win),
        sentence=_sentence(problem, terms.strategy, names, (round(tries[0]), round(tries[1])), game.tools),
    )


def _batch_wait_s(terms: Terms, at_once: int) -> tuple[float, float]:
    """Return the least and the most that a wave of so many calls to one model waits for its batch, if it goes in one."""
    if not terms.batch_s or at_once < LEAST_CALLS:
        return 0.0, 0.0
    return min(_QUICKEST_BATCH_S, terms.batch_s), terms.batch_s


def _quote_of_text(
    problem: Problem, panel: Sequence[ModelCard], *, budget_nano: int, terms: Terms, learned: Shift
) -> Quote:
    """Return what the budget buys where a text should come back: drafts, by what they cost."""
    costs = DraftCosts(problem, panel, budget_nano=budget_nano, markup_bp=terms.markup_bp)
    low, middle, high = shifted(costs.costs_nano(budget_nano), learned, budget_nano=budget_nano)
    from_s, to_s = costs.seconds(terms.call_s)
    quickest_s, longest_s = _batch_wait_s(terms, costs.drafts // len(costs.writers))
    return Quote(
        strategy=terms.strategy,
        budget_nano=budget_nano,
        models=costs.writers,
        tries_low=costs.drafts,
        tries_high=costs.calls,
        cost_p10_nano=low,
        cost_p50_nano=middle,
        cost_p90_nano=high,
        time_low_s=_whole_s(from_s * math.exp(learned.time[0]) + quickest_s, least=1),
        time_high_s=_whole_s(to_s * math.exp(learned.time[1]) + longest_s, least=2),
        win_probability=sigmoid(learned.win),
        right_probability=None,
        sentence=costs.sentence(),
        is_text=True,
    )


def suggested_budget_nano(
    problem: Problem,
    panel: Sequence[ModelCard],
    *,
    terms: Terms,
    most_nano: int,
    value_nano: int | None = None,
) -> int:
    """Return a budget in whole cents for a problem of this kind: what buys nearly all that money can buy.

    Where the value of a right answer is told: the budget with the largest expected value less expected cost.
    """
    least = least_budget_nano(panel, problem, markup_bp=terms.markup_bp)
    if problem.result is ResultKind.TEXT:
        cents = [each for each in _SUGGESTED_CENTS if each * NANO_PER_CENT <= (value_nano or most_nano)]
        dearest_nano = max(_SUGGESTED_CENTS[-1] * NANO_PER_CENT, -(-least // NANO_PER_CENT) * NANO_PER_CENT)
        wanted = suggested_for_text_nano(
            problem, panel, cents=cents, least_nano=least, markup_bp=terms.markup_bp
        )
        return min(wanted or dearest_nano, most_nano)
    budgets = [
        cents * NANO_PER_CENT
        for cents in _SUGGESTED_CENTS
        if least <= cents * NANO_PER_CENT <= most_nano and cents * NANO_PER_CENT <= (value_nano or most_nano)
    ]
    if not budgets:
        return min(-(-least // NANO_PER_CENT) * NANO_PER_CENT, most_nano)
    found = []
    for budget in budgets:
        game = game_of(problem, panel, budget_nano=budget, terms=terms)
        drawn = rollouts(game, draws=_DRAWS_TO_SUGGEST)
        shift = committed(terms.strategy, problem, tries_bought(game))
        win = sigmoid(logit(win_share(drawn)) + shift.win)
        found.append((budget, win, sum(path.charged_nano for path in drawn) / len(drawn)))
    if value_nano:
        return max(found, key=lambda each: each[1] * value_nano - each[2])[0]
    most = max(win for _, win, _ in found)
    return next(budget for budget, win, _ in found if win >= _NEARLY_ALL * most)


def game_of(problem: Problem, panel: Sequence[ModelCard], *, budget_nano: int, terms: Terms) -> Game:
    """Return the game that stands for a job."""
    size_bytes = prompt_bytes(problem.messages())
    markup_bp = terms.markup_bp
    names = rotation(
        panel, kind=problem.kind, budget_nano=budget_nano, size_bytes=size_bytes, markup_bp=markup_bp
    )
    cards = {card.name: card for card in panel}
    reserve = reserve_nano(panel, problem, budget_nano=budget_nano, markup_bp=markup_bp) if panel else 0
    tools = tool_work(
        problem,
        panel,
        strategy=terms.strategy,
        paid_use_nano=terms.paid_use_nano,
        habits=terms.habits,
    )
    tried = tuple(solvers_of(panel)) if problem.is_checkable else tuple(cards[name] for name in names)
    if tools.turns > 1:
        callers = [card for card in solvers_of(panel) if card.calls_tools]
        tried = tuple(card for card in tried if card.calls_tools) or tuple(callers)
    return Game(
        cards=tried,
        kind=problem.kind,
        is_checkable=problem.is_checkable,
        spendable_nano=budget_nano - reserve,
        size_bytes=size_bytes,
        markup_bp=markup_bp,
        target=terms.target,
        call_s=terms.call_s * tools.turns,
        slots=terms.slots,
        tools=tools,
    )


def tries_bought(game: Game) -> float:
    """Return how many tries of its first model the money of a game buys, about."""
    return game.spendable_nano / try_nano(game.cards[0], game)


def shifted_costs(drawn: Sequence[Rollout], shift: Shift, *, budget_nano: int) -> tuple[int, int, int]:
    """Return the three costs of a forecast after a shift, in order and within the budget."""
    return shifted(base_costs(drawn), shift, budget_nano=budget_nano)


def shifted(costs: Sequence[float], shift: Shift, *, budget_nano: int) -> tuple[int, int, int]:
    """Return three costs after a shift, in order and within the budget."""
    found, least = [], 0
    for base, by in zip(costs, shift.cost, strict=True):
        factor = math.exp(min(max(by, -_WIDEST_SHIFT), _WIDEST_SHIFT))
        least = max(least, min(round(base * factor), budget_nano))
        found.append(least)
    return found[0], found[1], found[2]


def base_costs(drawn: Sequence[Rollout]) -> list[float]:
    """Return the three costs of a forecast before any shift, at least one nano-USD."""
    costs = sorted(path.charged_nano for path in drawn)
    return [max(quantile(costs, level), 1.0) for level in LEVELS]


def win_share(drawn: Sequence[Rollout]) -> float:
    """Return the share of draws that end solved or confident, kept away from 0 and 1."""
    return (sum(path.won for path in drawn) + 0.5) / (len(drawn) + 1.0)


def _right_probability(game: Game, drawn: Sequence[Rollout], win: float) -> float | None:
    """Return the chance of a right answer: what passes an exact check is right, what merely agrees need not be."""
    if not all(card.is_measured for card in game.cards):
        return None
    return win if game.is_checkable else sum(path.right for path in drawn) / len(drawn)


def quantile(ordered: Sequence[float], level: float) -> float:
    """Return the quantile of an ordered sample, between its values in proportion."""
    at = level * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


@cache
def read_table() -> Mapping[str, Any]:
    """Return the committed table as it stands in its file."""
    read: dict[str, Any] = json.loads(Path(__file__).with_name("quotes.json").read_text())
    return read


@cache
def nodes(strategy: str, checker: str, kind: str) -> list[tuple[float, Shift]]:
    """Return the committed shifts by ln(tries bought), for “checked” or “open” problems of a kind."""
    rows = [row for row in read_table()["shifts"] if (row["strategy"], row["checker"]) == (strategy, checker)]
    mine = [row for row in rows if row["kind"] == kind] or [row for row in rows if not row["kind"]]
    found = [(math.log(row["tries"]), Shift(tuple(row["cost"]), win=row["win"])) for row in mine]
    return sorted(found, key=lambda node: node[0])


def committed(strategy: str, problem: Problem, tries: float) -> Shift:
    """Return the committed shift for so many tries, between its nodes in proportion to ln tries."""
    known = nodes(strategy, "checked" if problem.is_checkable else "open", problem.kind)
    at = math.log(max(tries, 0.1))
    if not known or at <= known[0][0]:
        return known[0][1] if known else NO_SHIFT
    for (left, lower), (right, upper) in pairwise(known):
        if at <= right:
            return _between(lower, upper, (at - left) / (right - left))
    return known[-1][1]


def _between(lower: Shift, upper: Shift, share: float) -> Shift:
    a, b, c = (x + (y - x) * share for x, y in zip(lower.cost, upper.cost, strict=True))
    return replace(lower, cost=(a, b, c), win=lower.win + (upper.win - lower.win) * share)


def _sentence(
    problem: Problem, strategy: str, names: Sequence[str], tries: tuple[int, int], tools: ToolWork
) -> str:
    low, high = tries
    # Strategies other than `vote` may also spend it on cheaper attempts, on grades and on revisions.
    about = "" if strategy == "vote" or problem.is_checkable else "about "
    of_tools = f" with tools, of some {tools.turns} calls each," if tools.turns > 1 else ""
    attempts = f"{about}{low:,}–{high:,} attempts" if high > low else f"about {high:,} attempts"
    attempts += of_tools
    ends = (
        "at the first answer that passes the check"
        if problem.is_checkable
        else "once the attempts agree"
        if strategy == "vote"
        else "once the answer is clear"
    )
    # What a budget pays for is reckoned with these models; other strategies than `vote` may use more of the panel.
    models = f"{'models such as ' if about else ''}{' and '.join(names)}"
    if high <= 1:
        return f"Pays for one attempt{of_tools} with {models}."
    return f"Pays for {attempts} with {models}. It stops {'' if problem.is_checkable else 'early '}{ends}."
