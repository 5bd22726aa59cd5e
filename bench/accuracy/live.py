"""Strategies live on the three demo models, no checker: recorded pools hold tries only, so they cannot tell.

The real engine, gateway and servers, on problems that training never saw, the same ones for every strategy: modular
arithmetic, where votes count, and Countdown with four numbers, where judging is easier than finding. Every strategy has
five cents; `auto` has less, too, so that its cost can be read off at the accuracy of each other. What a run that was
stopped has come to lies in var/live, and the next one goes on from there (delete it after a change); one that ends
leaves nothing there, but one of some strategies leaves theirs for one of all.
"""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import VAR
from bench.accuracy.arena import Run, paired, summary
from bench.plot import Panel
from bench.recordings.demo import Unseen, countdown_problems, modular_problems, panel
from solver.checkers import checker_from_json
from solver.core.models import ModelCard
from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.engine.control import Control
from solver.engine.journal import MemoryJournal
from solver.engine.runner import Runner
from solver.judging.judge import Judge
from solver.providers.litellm_gateway import LiteLLMGateway
from solver.strategies import Setting, make_strategy, names_for

CENTS = 5
CENTS_OF_AUTO = (1, 2, 3, CENTS)
SEED = 20_261_129
AT_A_TIME = 4
TOLERANCE = 0.005
"""As right as another is who is right as often but for half a point."""
NOT_RUN = frozenset({"evolve", "program", "agent"})
"""Without scores `evolve` is `tree`; the demo models write no programs, and have no tools."""
KEPT = VAR / "live"
_COUNTS = {False: 300, True: 4}


@dataclass(frozen=True, slots=True)
class Solved:
    """How one problem went: was the answer right, what was paid (nano-USD), how sure it was, calls by kind."""

    right: bool
    cost_nano: int
    confidence: float
    kinds: Mapping[str, int]

    def row(self) -> dict[str, Any]:
        """Return it as it is kept."""
        figures = {"right": self.right, "cost_nano": self.cost_nano, "confidence": self.confidence}
        return {**figures, "kinds": dict(self.kinds)}

    def run(self) -> Run:
        """Return what is compared."""
        return Run(self.right, self.cost_nano, self.confidence)

    @property
    def calls(self) -> int:
        """Return how many calls were made."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Place:
    """Where problems are solved live: the served models, and what talks to them and judges."""

    cards: Sequence[ModelCard]
    gateway: LiteLLMGateway
    judge: Judge

    async def solve(self, unseen: Unseen, strategy: str, budget_nano: int, *, seed: int) -> Solved:
        """Run one strategy on one problem, without a checker."""
        problem = Problem(unseen.text, kind=unseen.kind)
        purse, journal = Purse(budget_nano), MemoryJournal()
        setting = Setting(problem, self.cards, budget_nano, 0, {}, seed=seed)
        outcome = await Runner(
            problem=problem, strategy=make_strategy(strategy, setting), panel=self.cards, purse=purse, journal=journal,
            gateway=self.gateway, judge=self.judge, control=Control(), seed=seed,
        ).run()  # fmt: skip
        best = outcome.best
        return Solved(
            right=best is not None and is_right(unseen, best.answer),
            cost_nano=purse.settled_nano,
            confidence=(best.confidence if best else None) or 0.0,
            kinds=Counter(str(call.step.kind) for call, _ in journal.calls.values()),
        )


@asynccontextmanager
async def place() -> AsyncIterator[Place]:
    """Serve the demo models for the block."""
    gateway, judge = LiteLLMGateway(), Judge()
    try:
        async with panel() as cards:
            yield Place(cards, gateway, judge)
    finally:
        await gateway.close()
        await judge.close()


def is_right(unseen: Unseen, answer: str | None) -> bool:
    """Tell whether an answer solves a problem."""
    checker = checker_from_json(unseen.checker)
    if answer is None or checker is None:
        return answer is not None and answer == unseen.right
    return bool(checker.check(answer).passed)


def measure(quick: bool, only: Sequence[str] = ()) -> dict[str, Any]:  # noqa: FBT001  (measurements' common signature)
    """Return accuracy, mean cost and calls by kind of every arm in both families, and `auto` against each other one.

    `only` are the strategies that are measured; without any, all are.
    """
    count = _COUNTS[quick]
    families = {"modular": modular_problems(count, SEED), "countdown": countdown_problems(count, SEED)}
    found = asyncio.run(_all(families, arms(only), None if quick else KEPT))
    if not quick and not only:
        shutil.rmtree(KEPT)
    figures: dict[str, Any] = {"problems": count, "budget_cents": CENTS}
    for family, found_arms in found.items():
        figures |= {f"{family} {arm}": _summary(solved) for arm, solved in found_arms.items()}
        figures[f"{family}, auto against"] = against(
            {arm: [each.run() for each in solved] for arm, solved in found_arms.items()}
        )
    return figures


def arms(only: Sequence[str] = ()) -> list[tuple[str, int]]:
    """Return what is compared: a strategy and its budget in cents."""
    names = [
        name for name in names_for(ResultKind.ANSWER) if name not in NOT_RUN and name in (only or [name])
    ]
    return [(name, cents) for name in names for cents in (CENTS_OF_AUTO if name == "auto" else (CENTS,))]


def arm_name(strategy: str, cents: int) -> str:
    """Return what an arm is called in figures."""
    return strategy if cents == CENTS else f"{strategy}, {cents} cents"


def against(runs: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """Return for each other arm the cheapest `auto` that is as right as it, else the most right one, and both's cost."""
    autos = {arm: of_arm for arm, of_arm in runs.items() if arm.partition(",")[0] == "auto"}
    return {arm: _duel(autos, of_arm) for arm, of_arm in runs.items() if arm not in autos}


def _duel(autos: Mapping[str, Sequence[Run]], theirs: Sequence[Run]) -> dict[str, Any]:
    reference = summary(theirs)
    enough = [arm for arm, runs in autos.items() if summary(runs).accuracy >= reference.accuracy - TOLERANCE]
    best = (
        min(enough, key=lambda arm: summary(autos[arm]).cost_nano)
        if enough
        else max(autos, key=lambda arm: summary(autos[arm]).accuracy)
    )
    gain, bound = paired(autos[best], theirs)
    return {
        "arm": best,
        "is_as_right": bool(enough),
        "gain_pt": round(100 * gain, 2),
        "bound_pt": round(100 * bound, 2),
        "cost_ratio": round(summary(autos[best]).cost_nano / reference.cost_nano, 3),
    }


async def _all(
    families: Mapping[str, Sequence[Unseen]], compared: Sequence[tuple[str, int]], folder: Path | None
) -> dict[str, dict[str, list[Solved]]]:
    found: dict[str, dict[str, list[Solved]]] = {family: {} for family in families}
    async with place() as here:
        for strategy, cents in compared:
            for family, problems in families.items():
                name = arm_name(strategy, cents)
                kept = folder / f"{family} {name}.jsonl" if folder else None
                found[family][name] = await _arm(here, problems, strategy, cents, kept)
    return found


async def _arm(
    here: Place, problems: Sequence[Unseen], strategy: str, cents: int, kept: Path | None
) -> list[Solved]:
    """Run one strategy on the problems that are not among those kept; keep what comes of each as it comes."""
    known = kept_in(kept) if kept else {}
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(seed: int, unseen: Unseen) -> None:
        async with gate:
            known[seed] = await here.solve(unseen, strategy, cents * NANO_PER_CENT, seed=seed)
        if kept:
            with kept.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"seed": seed, **known[seed].row()}) + "\n")

    async with asyncio.TaskGroup() as group:
        for seed, unseen in enumerate(problems):
            if seed not in known:
                group.create_task(one(seed, unseen))
    return [known[seed] for seed in range(len(problems))]


def kept_in(kept: Path) -> dict[int, Solved]:
    """Return what a stopped run has come to, by seed; a line that was cut short counts for nothing."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    whole = kept.read_text(encoding="utf-8").rpartition("\n")[0] if kept.exists() else ""
    kept.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
    rows = [json.loads(line) for line in whole.splitlines()]
    return {row.pop("seed"): Solved(**row) for row in rows}


def _summary(solved: Sequence[Solved]) -> dict[str, Any]:
    count = len(solved)
    kinds = sum((Counter(each.kinds) for each in solved), Counter[str]())
    return {
        "accuracy": round(sum(each.right for each in solved) / count, 4),
        "cents": round(sum(each.cost_nano for each in solved) / count / NANO_PER_CENT, 4),
        "confidence": round(sum(each.confidence for each in solved) / count, 4),
        "calls": {kind: round(made / count, 2) for kind, made in kinds.most_common()},
    }


def panels(figures: Mapping[str, Any]) -> list[Panel]:
    """Return a diagram of each family: accuracy against the mean cost in cents, a line for `auto`, a point for others."""
    found = []
    for family in ("modular", "countdown"):
        lines: dict[str, list[tuple[float, float]]] = {}
        for strategy, cents in arms():
            if point := figures.get(f"{family} {arm_name(strategy, cents)}"):
                lines.setdefault(strategy, []).append((point["cents"], point["accuracy"]))
        found.append(Panel(f"{family}, no checker, live", lines, "mean cost in cents", "accuracy"))
    return found
