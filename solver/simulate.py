"""A simulated world for the real engine: the same runner, purse and strategies, without I/O and without waiting.

Problems have a difficulty and models an ability on one logit scale (item response theory, Rasch 1960, with a common
discrimination); wrong answers cluster on a few attractive ones that models partly share; lengths of output are
lognormal. Faults (time-outs, refusals, missing and lying usage, empty replies, killed workers) come at given rates.
Time is virtual: an event loop jumps to the next event. Everything derives from one seed; the parameters are pinned in
solver/simulation.json.
"""

import asyncio
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from solver.answer import extract_answer, quick_key
from solver.budget import Purse
from solver.checkers import Verdict
from solver.control import Control
from solver.errors import InDoubt, LeaseLost, NotExecuted
from solver.gateway import Reply, Request
from solver.journal import Charge, MemoryJournal, OpenCall
from solver.judge import Judgement
from solver.models import ModelCard, OutputQuantiles
from solver.plan import reserve_nano
from solver.pricing import Rates, Usage
from solver.problem import Problem
from solver.runner import Limits, Outcome, Runner
from solver.steps import StepResult
from solver.strategies import Setting, make_strategy

_PICO_PER_USD_PER_M = 1_000_000
_Z90, _Z995 = 1.2816, 2.5758
_MAX_LIVES = 50
RIGHT = "1"


@cache
def parameters() -> dict[str, Any]:
    """Return the pinned parameters."""
    pinned: dict[str, Any] = json.loads(Path(__file__).with_name("simulation.json").read_text())
    return pinned


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def _run_once(self) -> None:
        # The two lists are asyncio's own: what can run now, and timers ordered by their moment.
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now_s = max(self._now_s, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def cards() -> list[ModelCard]:
    """Return the panel of the simulated world, weak to strong, with its true average abilities as priors."""
    return [_card(model) for model in parameters()["models"]]


def _card(model: Mapping[str, Any]) -> ModelCard:
    median, sigma = model["median_tokens"], model["sigma"]
    rates = Rates(
        round(model["input_usd_per_m"] * _PICO_PER_USD_PER_M),
        round(model["output_usd_per_m"] * _PICO_PER_USD_PER_M),
    )
    quantiles = OutputQuantiles(
        median, round(median * math.exp(sigma * _Z90)), round(median * math.exp(sigma * _Z995))
    )
    spread = math.hypot(1.0, parameters()["difficulty"]["sd"] * parameters()["discrimination"] * 0.6)
    ability = _sigmoid(parameters()["discrimination"] * model["ability"] / spread)
    return ModelCard(
        name=model["name"],
        litellm_model=model["name"],
        family=model["family"],
        rates=rates,
        price_id=0,
        context_window=128_000,
        max_output_tokens=32_000,
        output=quantiles,
        ability={"": ability},
        # Simulated models write no prose, as the bundled ones.
        bundled=True,
    )


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """How one simulated job went. Costs are nano-USD."""

    outcome: Outcome
    right: bool
    charged_nano: int
    in_doubt_nano: int
    budget_nano: int
    calls: int
    lives: int
    virtual_s: float


class World:
    """One problem and the provider's behaviour on it."""

    def __init__(self, seed: int, *, faults: bool) -> None:
        world = parameters()
        self._rng = random.Random(f"world:{seed}")
        self._seed = seed
        self.difficulty = self._rng.gauss(world["difficulty"]["mean"], world["difficulty"]["sd"])
        self._faults: Mapping[str, float] = world["faults"] if faults else dict.fromkeys(world["faults"], 0.0)
        self._models = {model["name"]: model for model in world["models"]}
        self._attempts: dict[tuple[str, int], int] = {}

    async def complete(self, request: Request) -> Reply:
        """Answer as the model would; the reply depends on model and request seed, faults also on the attempt."""
        model = self._models[request.card.name]
        turn = self._attempts[request.card.name, request.seed] = (
            self._attempts.get((request.card.name, request.seed), 0) + 1
        )
        fate = random.Random(f"{self._seed}:{request.card.name}:{request.seed}:{turn}")
        rng = random.Random(f"{self._seed}:{request.card.name}:{request.seed}")
        await asyncio.sleep(fate.expovariate(1.0 / parameters()["seconds_per_call"]))
        if fate.random() < self._faults["refused"]:
            raise NotExecuted("429")
        if fate.random() < self._faults["timeout"]:
            raise InDoubt("timeout")
        tokens = max(round(model["median_tokens"] * math.exp(rng.gauss(0.0, model["sigma"]))), 1)
        cut = tokens > request.max_output_tokens
        text = "" if cut or fate.random() < self._faults["empty"] else f"Answer: {self._answer(model, rng)}"
        usage: Usage | None = Usage(parameters()["prompt_tokens"], min(tokens, request.max_output_tokens))
        if fate.random() < self._faults["missing_usage"]:
            usage = None
        elif fate.random() < self._faults["lying_usage"]:
            usage = Usage(10**7, 10**7)
        return Reply(text, "", "length" if cut else "stop", usage, None, "")

    def _answer(self, model: Mapping[str, Any], rng: random.Random) -> str:
        world = parameters()
        if rng.random() < _sigmoid(world["discrimination"] * (model["ability"] - self.difficulty)):
            return RIGHT
        wrong = world["wrong_answers"]
        if rng.random() < wrong["attraction"]:
            # The most attractive wrong answer takes most; each family shares some of its temptations with the others.
            rank = min(int(rng.expovariate(1.2)), wrong["attractive"] - 1)
            whose = "all" if rng.random() < wrong["shared"] else model["family"]
            return str(100 + random.Random(f"{self._seed}:{whose}:{rank}").randrange(900))
        return str(2 + rng.randrange(wrong["scattered"]))

    async def close(self) -> None:
        """Nothing to close."""


class PlainJudge:
    """Judges short answers by their key alone; no process, no time."""

    def __init__(self, *, proves: bool) -> None:
        self._proves = proves

    async def judge(
        self, *, text: str, checker: Mapping[str, Any] | None, known_keys: Sequence[str] = ()
    ) -> Judgement:
        """Return the answer with its key, and the verdict of a checker that knows the right answer."""
        del checker, known_keys
        answer = extract_answer(text)
        verdict = Verdict(answer == RIGHT, "number", "") if self._proves and answer is not None else None
        return Judgement(answer, quick_key(answer) if answer is not None else None, verdict)


class MortalJournal(MemoryJournal):
    """A journal whose worker is killed before a given telling: nothing after it is written in this life."""

    die_at: int = 0

    async def settle(self, call: OpenCall, result: StepResult, charge: Charge) -> StepResult:
        """Remember the result, or die."""
        if self.die_at and len(self.results) >= self.die_at:
            raise LeaseLost("killed")
        return await super().settle(call, result, charge)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One job to simulate. `proves`: a checker knows the right answer; `faults`: the pinned rates apply."""

    seed: int
    budget_nano: int
    strategy: str = "vote"
    proves: bool = False
    faults: bool = False
    slots: int = 8


def simulate(scenario: Scenario) -> SimulatedJob:
    """Run one job in a world of its own and return how it went; the same scenario gives the same job."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_lives(scenario))
    finally:
        loop.close()


async def _lives(scenario: Scenario) -> SimulatedJob:
    """Run lives until one ends the job: a killed life's open calls become in doubt, as the next claim makes them."""
    seed, budget_nano = scenario.seed, scenario.budget_nano
    world, journal = World(seed, faults=scenario.faults), MortalJournal()
    rng = random.Random(f"lives:{seed}")
    checker = {"kind": "number", "expected": RIGHT, "tolerance": "0"} if scenario.proves else None
    problem, panel = Problem(f"Problem {seed}", checker=checker), cards()
    reserve = reserve_nano(panel, problem, budget_nano=budget_nano, markup_bp=0)
    setting = Setting(problem, panel, budget_nano, 0, {}, seed)
    for life in range(1, _MAX_LIVES):
        killed = scenario.faults and rng.random() < parameters()["faults"]["kills_per_job"]
        journal.die_at = len(journal.results) + rng.randint(1, 12) if killed else 0
        runner = Runner(
            problem=problem, strategy=make_strategy(scenario.strategy, setting), panel=panel, seed=seed,
            purse=_purse_of(journal, budget_nano, reserve), journal=journal, gateway=world,
            judge=PlainJudge(proves=scenario.proves), control=Control(),
            limits=Limits(slots=scenario.slots, patience_s=3600.0), clock=asyncio.get_running_loop().time,
        )  # fmt: skip
        try:
            outcome = await runner.run()
        except LeaseLost:
            continue
        return _report(outcome, journal, budget_nano, life)
    raise RuntimeError(f"seed {seed}: {_MAX_LIVES} lives were not enough")


def _purse_of(journal: MortalJournal, budget_nano: int, reserve: int) -> Purse:
    """Return the purse as the database would give it to a new life."""
    for key, (call, state) in journal.calls.items():
        if state == "held":
            journal.calls[key] = (call, "in_doubt")
    return Purse(
        budget_nano,
        reserve_nano=reserve,
        settled_nano=sum(result.cost_nano for result in journal.results),
        in_doubt_nano=sum(call.hold_nano for call, state in journal.calls.values() if state == "in_doubt"),
    )


def _report(outcome: Outcome, journal: MortalJournal, budget_nano: int, lives: int) -> SimulatedJob:
    states = [state for _, state in journal.calls.values()]
    doubtful = sum(call.hold_nano for call, state in journal.calls.values() if state in {"in_doubt", "held"})
    return SimulatedJob(
        outcome=outcome,
        right=outcome.best is not None and outcome.best.answer == RIGHT,
        charged_nano=sum(result.cost_nano for result in journal.results),
        in_doubt_nano=doubtful,
        budget_nano=budget_nano,
        calls=states.count("settled"),
        lives=lives,
        virtual_s=asyncio.get_running_loop().time(),
    )


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))
