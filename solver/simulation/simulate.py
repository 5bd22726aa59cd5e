"""Simulated jobs: the real runner, purse and strategies in the simulated world, without I/O and without waiting.

Two ways that agree on the same seeds: `simulate` runs the production runner on a virtual clock (an event loop that
jumps to its next timer), with faults at the pinned rates: time-outs, refusals and storms of them, missing and lying
usage, empty replies, killed workers. `play` drives the strategy directly, for work on policies.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

from solver.checkers.number import Number
from solver.core.checker import Checker
from solver.core.errors import InDoubt, LeaseLost, NotExecuted
from solver.core.pricing import Usage
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.programs import Observed, ProgramsOff, RunOrder
from solver.core.purse import Purse
from solver.core.request import Reply, Request
from solver.core.steps import Step, StepResult
from solver.core.verdict import Judgement, Verdict
from solver.engine.calls.attempts import seed_of
from solver.engine.calls.bounds import Bound
from solver.engine.control import Control
from solver.engine.journal import Charge, MemoryJournal, OpenCall
from solver.engine.outcome import Limits, Outcome
from solver.engine.plan import reserve_nano
from solver.engine.program_output import last_line, printed_text
from solver.engine.runner import Runner
from solver.providers.litellm_gateway import Gateway
from solver.simulation.sync_runner import RunRecord, SimulatedReply, run_sync
from solver.simulation.world import RIGHT, Said, World, cards, parameters
from solver.simulation.world_tools import WorldTools
from solver.strategies import Setting, make_strategy, strategy_for
from solver.text.deliverables import deliverable_key
from solver.text.extract import extract_answer
from solver.text.keys import quick_key

KIND = "simulated"
_MAX_EXECUTIONS = 50
_PRINTS = re.compile(r"^print\((\w+)\)$")
_WRAPPED = {ResultKind.CODE: "print({})", ResultKind.DATA: '{{"value": {}}}'}


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

    def rewind(self) -> None:
        """Set the clock to zero between two jobs: the next one must not depend on those before it."""
        self._scheduled.clear()  # type: ignore[attr-defined]
        self._now_s = 0.0


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """How one simulated job went. Costs are nano-USD."""

    outcome: Outcome
    right: bool
    charged_nano: int
    in_doubt_nano: int
    budget_nano: int
    calls: int
    executions: int
    virtual_s: float


class Provider(Gateway):
    """The gateway to a simulated world: replies as the models give them, faults at the pinned rates."""

    def __init__(self, world: World, *, faults: bool) -> None:
        pinned: Mapping[str, float] = parameters()["faults"]
        self._world = world
        self._faults = pinned if faults else dict.fromkeys(pinned, 0.0)
        self._attempts: Counter[tuple[str, int]] = Counter()
        rng = random.Random(f"storm:{world.seed}")
        starts_s = rng.expovariate(1.0 / parameters()["seconds_per_call"])
        stormy = rng.random() < self._faults["storms_per_job"]
        self._storm_s = (starts_s, starts_s + self._faults["storm_s"]) if stormy else (0.0, 0.0)

    async def complete(self, request: Request) -> Reply:
        """Answer as the model would; the reply depends on model and request seed, faults also on the attempt."""
        name, faults = request.card.name, self._faults
        self._attempts[name, request.seed] += 1
        turn = self._attempts[name, request.seed]
        tools = [function["function"]["name"] for function in request.functions]
        said = self._world.reply(name, request.messages, request.seed, tools=tools)
        fate = (
            random.Random(f"{self._world.seed}:{name}:{request.seed}:{turn}")
            if any(faults.values())
            else None
        )
        await asyncio.sleep(said.seconds)
        if fate is None:
            return _reply(said, request.max_output_tokens)
        if fate.random() < faults["refused"]:
            raise NotExecuted("429")
        if self._storm_s[0] <= asyncio.get_running_loop().time() < self._storm_s[1]:
            raise NotExecuted("429", retry_after_s=fate.uniform(0.0, 20.0))
        if fate.random() < faults["timeout"]:
            raise InDoubt("timeout")
        reply = _reply(said, request.max_output_tokens)
        if fate.random() < faults["empty"]:
            reply = replace(reply, text="", tool_calls=())
        if fate.random() < faults["missing_usage"]:
            return replace(reply, usage=None)
        return replace(reply, usage=Usage(10**7, 10**7)) if fate.random() < faults["lying_usage"] else reply

    async def close(self) -> None:
        """Nothing to close."""


def _reply(said: Said, max_output_tokens: int) -> Reply:
    cut = said.tokens > max_output_tokens
    usage = Usage(parameters()["prompt_tokens"], min(said.tokens, max_output_tokens))
    calls = () if cut else said.calls
    return Reply("" if cut else said.text, "", "length" if cut else "stop", usage, None, "", tool_calls=calls)


@cache
def _plain(text: str) -> tuple[str | None, str | None]:
    """Return answer and key of a simulated reply; there are a few thousand different ones."""
    answer = extract_answer(text)
    return answer, None if answer is None else quick_key(answer)


class PlainJudge:
    """Judges short answers by their key alone; no process, no time."""

    async def judge(
        self,
        *,
        text: str,
        checker: Checker | None,
        known_keys: Sequence[str] = (),
        result: ResultKind = ResultKind.ANSWER,
    ) -> Judgement:
        """Return the answer with its key, and the verdict of a checker that knows the right answer."""
        del known_keys
        return judged(text, is_checkable=checker is not None, result=result)

    async def run_programs(self, order: RunOrder) -> list[Observed]:
        """Return what the programs of a simulated world print. Raises ProgramsOff for anything but that."""
        return observed(order)


def observed(order: RunOrder) -> list[Observed]:
    """Return what programs print that print a number and do nothing else. Raises ProgramsOff for others."""
    printed = [_PRINTS.search(program) for program in order.programs]
    if not order.prints or None in printed:
        raise ProgramsOff("A simulated world has no sandbox.")
    return [Observed((found[1],), ()) for found in printed if found]


def judged(text: str, *, is_checkable: bool, result: ResultKind = ResultKind.ANSWER) -> Judgement:
    """Return the judgement of a simulated reply; no text is equal to another, programs and data hold the answer."""
    answer, key = _plain(text)
    if result is ResultKind.TEXT and not is_checkable:
        return Judgement(answer, None, None)
    if answer is not None and result in _WRAPPED:
        body = _WRAPPED[result].format(answer)
        return Judgement(body, deliverable_key(body, result), None)
    verdict = Verdict(answer == RIGHT, "number", "") if is_checkable and answer is not None else None
    return Judgement(answer, key, verdict)


class MortalJournal(MemoryJournal):
    """A journal whose worker is killed before a given telling: nothing after it is written in this execution."""

    die_at: int = 0

    async def settle(self, call: OpenCall, result: StepResult, charge: Charge) -> StepResult:
        """Remember the result, or die."""
        if self.die_at and len(self.results) >= self.die_at:
            raise LeaseLost("killed")
        return await super().settle(call, result, charge)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One job to simulate. `is_checkable`: a checker knows the right answer; `faults`: the pinned rates apply.

    `result` is what should come back; None: texts of the strategy that writes them, short answers of the others. Nothing
    proves programs and data. `tools`: there are some, and all models call them.
    """

    seed: int
    budget_nano: int
    strategy: str = "vote"
    is_checkable: bool = False
    faults: bool = False
    slots: int = 8
    options: Mapping[str, Any] = field(default_factory=dict)
    result: ResultKind | None = None
    tools: bool = False


def simulate(scenario: Scenario) -> SimulatedJob:
    """Run one job in a world of its own and return how it went; the same scenario gives the same job."""
    return next(simulate_all([scenario]))


def simulate_all(scenarios: Iterable[Scenario]) -> Iterator[SimulatedJob]:
    """Run jobs one after another on one virtual loop."""
    loop = VirtualLoop()
    try:
        for scenario in scenarios:
            yield loop.run_until_complete(_executions(scenario))
            loop.rewind()
    finally:
        loop.close()


def play(scenario: Scenario) -> RunRecord:
    """Run one job without faults and without an event loop: the same job as `simulate` makes of it, sooner."""
    setting = _setting(scenario)
    reserve = reserve_nano(setting.panel, setting.problem, budget_nano=setting.budget_nano, markup_bp=0)
    return run_sync(
        problem=setting.problem,
        strategy=make_strategy(scenario.strategy, setting),
        panel=setting.panel,
        purse=Purse(setting.budget_nano, reserve_nano=reserve),
        source=_Source(World(scenario.seed), scenario),
        limits=Limits(slots=scenario.slots),
        run_programs=partial(_ran, is_checkable=scenario.is_checkable),
        tools=_tools_of(scenario),
    )


def _ran(step: Step, *, is_checkable: bool) -> StepResult:
    """Return what the engine makes of a step that runs programs."""
    assert step.run is not None, "a step that runs programs says which"
    try:
        seen = observed(step.run)
    except ProgramsOff as error:
        return StepResult.not_run(step, str(error))
    judgement = judged(f"Answer: {last_line(seen[0])}", is_checkable=is_checkable)
    return StepResult.ran(step, (), judgement, text=printed_text(step.run.programs[0], seen[0]))


class _Source:
    def __init__(self, world: World, scenario: Scenario) -> None:
        self._world, self._scenario = world, scenario

    def play(self, step: Step, bound: Bound) -> SimulatedReply:
        seed, tools = seed_of(self._scenario.seed, step.key), [tool.name for tool in step.tools]
        said = self._world.reply(step.model, step.messages, seed, tools=tools)
        reply = _reply(said, bound.max_output_tokens)
        assert reply.usage, "a world without faults tells its usage"
        unjudged = Judgement(None, None, None)
        is_checkable = self._scenario.is_checkable and not step.subproblem
        result = ResultKind.ANSWER if step.subproblem else _result_of(self._scenario)
        judged_now = judged(reply.text, is_checkable=is_checkable, result=result)
        judgement = judged_now if step.kind.answers and not reply.tool_calls else unjudged
        return SimulatedReply(reply.text, judgement, reply.usage, said.seconds, reply.tool_calls)


def _tools_of(scenario: Scenario) -> WorldTools | None:
    return WorldTools(World(scenario.seed)) if scenario.tools else None


def _result_of(scenario: Scenario) -> ResultKind:
    if scenario.result:
        return scenario.result
    is_text = strategy_for(scenario.strategy, ResultKind.TEXT) == scenario.strategy
    return ResultKind.TEXT if is_text else ResultKind.ANSWER


def _setting(scenario: Scenario) -> Setting:
    checker = Number(RIGHT) if scenario.is_checkable else None
    problem = Problem(f"Problem {scenario.seed}", KIND, checker, _result_of(scenario))
    panel = [replace(card, calls_tools=True) for card in cards()] if scenario.tools else cards()
    tools = _tools_of(scenario)
    return Setting(
        problem, panel, scenario.budget_nano, 0, dict(scenario.options), scenario.seed,
        tools=tools.specs() if tools else (),
    )  # fmt: skip


async def _executions(scenario: Scenario) -> SimulatedJob:
    """Run executions until one ends the job: a killed one's open calls become in doubt, as the next claim makes them."""
    seed, budget_nano = scenario.seed, scenario.budget_nano
    journal = MortalJournal()
    provider = Provider(World(seed), faults=scenario.faults)
    rng = random.Random(f"lives:{seed}")
    setting = _setting(scenario)
    reserve = reserve_nano(setting.panel, setting.problem, budget_nano=budget_nano, markup_bp=0)
    for execution in range(1, _MAX_EXECUTIONS):
        killed = scenario.faults and rng.random() < parameters()["faults"]["kills_per_job"]
        journal.die_at = len(journal.results) + rng.randint(1, 12) if killed else 0
        runner = Runner(
            problem=setting.problem, strategy=make_strategy(scenario.strategy, setting), panel=setting.panel,
            seed=seed, purse=_purse_of(journal, budget_nano, reserve), journal=journal, gateway=provider,
            judge=PlainJudge(), control=Control(), limits=Limits(slots=scenario.slots, patience_s=3600.0),
            clock=asyncio.get_running_loop().time, tools=_tools_of(scenario),
        )  # fmt: skip
        try:
            outcome = await runner.run()
        except LeaseLost:
            continue
        return _report(outcome, journal, budget_nano, execution)
    raise RuntimeError(f"seed {seed}: {_MAX_EXECUTIONS} executions were not enough")


def _purse_of(journal: MortalJournal, budget_nano: int, reserve: int) -> Purse:
    """Return the purse as the database would give it to a new execution."""
    for key, (call, state) in journal.calls.items():
        if state == "held":
            journal.calls[key] = (call, "in_doubt")
    return Purse(
        budget_nano,
        reserve_nano=reserve,
        settled_nano=sum(result.charged_nano for result in journal.results),
        in_doubt_nano=sum(call.hold_nano for call, state in journal.calls.values() if state == "in_doubt"),
    )


def _report(outcome: Outcome, journal: MortalJournal, budget_nano: int, executions: int) -> SimulatedJob:
    states = [state for _, state in journal.calls.values()]
    doubtful = sum(call.hold_nano for call, state in journal.calls.values() if state in {"in_doubt", "held"})
    return SimulatedJob(
        outcome=outcome,
        right=outcome.best is not None and outcome.best.answer == RIGHT,
        charged_nano=sum(result.charged_nano for result in journal.results),
        in_doubt_nano=doubtful,
        budget_nano=budget_nano,
        calls=states.count("settled"),
        executions=executions,
        virtual_s=asyncio.get_running_loop().time(),
    )
