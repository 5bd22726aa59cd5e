"""Do quotes keep what they say? Cost quantiles and the chance of a sure answer, against jobs replayed and simulated.

Half of the problems (every sixteenth of the pool, even seeds of the simulator) fits the committed table
`solver/quotes/quotes.json`; as many others, which the table never saw, are what is reported. Strategies whose every
call is a try replay the pool; the others are simulated. `p90_covers` should lie between .85 and .95.

`python -m bench.confidence.quotes` fits the table again; `python -m bench quotes` reports on it.
"""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import solver.quotes.quote
from bench.recordings.replay import SLOTS, panel, pool, trial
from solver.checkers.number import Number
from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import StopReason
from solver.inference.calibration import logit
from solver.quotes.quote import (
    LEVELS,
    Terms,
    base_costs,
    game_of,
    nodes,
    quantile,
    quote,
    read_table,
    tries_bought,
    win_share,
)
from solver.quotes.rollout import rollouts
from solver.simulation import world
from solver.simulation.simulate import KIND, Scenario, play
from solver.strategies import names_for

TABLE = Path(solver.quotes.quote.__file__).with_name("quotes.json")
CENTS = (1, 2, 5, 10, 20, 50)
CENTS_SIMULATED = (2, 5, 10, 20, 50, 200)
REPLAYED = ("vote", "auto")
FIT, REPORT = 0, 1
_STEP, _SEEDS = 16, 20
_STEP_QUICK, _SEEDS_QUICK = 160, 4


@dataclass(frozen=True, slots=True)
class Ended:
    """One job: where it belongs in the table, what was forecast, and what came of it."""

    strategy: str
    kind: str
    problem: Problem
    cents: int
    cost_nano: int
    won: bool
    cards: Sequence[Any]

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it belongs in the table."""
        return self.strategy, "checked" if self.problem.is_checkable else "open", self.kind


def _replayed(half: int, step: int = _STEP) -> Iterable[Ended]:
    """Replay some problems of a half: every strategy that only tries, with and without a checker, at every budget."""
    for strategy in (name for name in REPLAYED if name in names_for(ResultKind.ANSWER)):
        for item in pool()[half * _STEP // 2 :: step]:
            for is_checkable in (False, True):
                for cents in CENTS:
                    done = trial(item, strategy, cents * NANO_PER_CENT, is_checkable=is_checkable)
                    won = _won(done.driven.outcome.stop_reason)
                    problem = item.problem(is_checkable=is_checkable)
                    yield Ended(strategy, item.unseen.kind, problem, cents, done.cost_nano, won, panel())


def _simulated(half: int, seeds: int = _SEEDS) -> Iterable[Ended]:
    """Simulate every strategy on problems of no particular kind; halves are even and odd seeds."""
    for strategy in names_for(ResultKind.ANSWER):
        for seed in range(half, 2 * seeds, 2):
            for is_checkable in (False, True):
                for cents in CENTS_SIMULATED:
                    driven = play(
                        Scenario(
                            seed, cents * NANO_PER_CENT, strategy, is_checkable=is_checkable, slots=SLOTS
                        )
                    )
                    checker = Number("1") if is_checkable else None
                    problem = Problem(f"Problem {seed}", kind=KIND, checker=checker)
                    won = _won(driven.outcome.stop_reason)
                    cost = driven.purse.settled_nano
                    yield Ended(strategy, "", problem, cents, cost, won, world.cards())


def _won(reason: StopReason) -> bool:
    return reason in {StopReason.SOLVED, StopReason.CONFIDENT}


def terms_of(strategy: str) -> Terms:
    """Return the terms of the measurements."""
    return Terms(strategy, markup_bp=0, call_s=1.0, slots=SLOTS)


def fit(jobs: Iterable[Ended]) -> list[dict[str, Any]]:
    """Return the table of shifts that makes the forecasts of these jobs right on average."""
    found: defaultdict[tuple[tuple[str, str, str], int], list[Ended]] = defaultdict(list)
    for job in jobs:
        found[job.place, job.cents].append(job)
    return [
        {"strategy": strategy, "checker": checker, "kind": kind, **_node(ended)}
        for ((strategy, checker, kind), _), ended in sorted(found.items(), key=lambda item: item[0])
    ]


def _node(ended: Sequence[Ended]) -> dict[str, Any]:
    scores: list[list[float]] = [[], [], []]
    expected = tries = 0.0
    for job in ended:
        game = game_of(
            job.problem, job.cards, budget_nano=job.cents * NANO_PER_CENT, terms=terms_of(job.strategy)
        )
        drawn = _drawn(game)
        tries += tries_bought(game) / len(ended)
        expected += win_share(drawn) / len(ended)
        for level, base in enumerate(base_costs(drawn)):
            scores[level].append(math.log(max(job.cost_nano, 1) / base))
    won = (sum(job.won for job in ended) + 0.5) / (len(ended) + 1.0)
    return {
        "tries": round(tries, 1),
        "cost": [
            round(quantile(sorted(score), level), 3) for score, level in zip(scores, LEVELS, strict=True)
        ],
        "win": round(logit(won) - logit(expected), 3),
        "jobs": len(ended),
    }


_games: dict[Any, Any] = {}


def _drawn(game: Any) -> Any:
    """Return the draws of a game; games differ by the length of the prompt, a little."""
    names = tuple(card.name for card in game.cards)
    key = (names, game.kind, game.is_checkable, game.spendable_nano, game.size_bytes)
    if key not in _games:
        _games[key] = rollouts(game)
    return _games[key]


def _report(jobs: Iterable[Ended]) -> dict[str, Any]:
    """Return how often real costs lay within the quoted quantiles, and how far win probabilities were off."""
    below: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    chances: list[tuple[float, bool]] = []
    cells: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for job in jobs:
        budget = job.cents * NANO_PER_CENT
        said = _quoted(job.problem, job.cards, budget, job.strategy)
        where = "pool" if job.kind else "simulator"
        for name in (where, f"{where} {job.strategy}"):
            below[name][3] += 1
            for level, cost in enumerate((said.cost_p10_nano, said.cost_p50_nano, said.cost_p90_nano)):
                below[name][level] += job.cost_nano <= cost
        cell = cells[(*job.place, str(job.cents))]
        cell[0] += job.cost_nano <= said.cost_p90_nano
        cell[1] += 1
        chances.append((said.win_probability, job.won))
    shares = {
        name: [round(count / counts[3], 3) for count in counts[:3]] for name, counts in sorted(below.items())
    }
    cell_shares = [hits / count for hits, count in cells.values() if count >= 20]
    return {
        "p90_covers": shares["pool"][2],
        "p50_covers": shares["pool"][1],
        "p10_covers": shares["pool"][0],
        "p90_covers_simulator": shares["simulator"][2],
        "covers_by_strategy": {name: share for name, share in shares.items() if " " in name},
        "p90_worst_cells": [round(min(cell_shares), 3), round(max(cell_shares), 3)] if cell_shares else [],
        "win_ece": round(_ece(chances), 4),
        "jobs": sum(counts[3] for name, counts in below.items() if " " not in name),
    }


_quotes: dict[Any, Any] = {}


def _quoted(problem: Problem, cards: Any, budget_nano: int, strategy: str) -> Any:
    key = (len(problem.text.encode()), problem.kind, problem.is_checkable, budget_nano, strategy)
    if key not in _quotes:
        _quotes[key] = quote(problem, cards, budget_nano=budget_nano, terms=terms_of(strategy))
    return _quotes[key]


def _ece(chances: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error over ten bins of equal width."""
    bins: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for chance, won in chances:
        bins[min(int(chance * 10), 9)].append((chance, won))
    return sum(abs(sum(p for p, _ in each) - sum(won for _, won in each)) for each in bins.values()) / max(
        len(chances), 1
    )


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the signature of every measurement)
    """Report on the half that the committed table never saw."""
    step, seeds = (_STEP_QUICK, _SEEDS_QUICK) if quick else (_STEP, _SEEDS)
    return _report([*_replayed(REPORT, step), *_simulated(REPORT, seeds)])


def write_table() -> Mapping[str, Any]:
    """Fit the table to its half, write it and report on the other."""
    rows = ",\n".join(f"  {json.dumps(row)}" for row in fit([*_replayed(FIT), *_simulated(FIT)]))
    comment = json.dumps(read_table()["comment"])
    TABLE.write_text(f'{{\n "comment": {comment},\n "shifts": [\n{rows}\n ]\n}}\n')
    read_table.cache_clear()
    nodes.cache_clear()
    return _report([*_replayed(REPORT), *_simulated(REPORT)])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(write_table(), indent=1) + "\n")
