"""Drives a strategy without an event loop, for work on policies: the runner's rules, purse and bounds, no faults.

What a step comes to and how long it takes says a `Source` (the simulated world, a replayed recording). Calls end in
the order of their virtual times, so that at equal seeds a drive without faults is the runner's run (tested).
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from solver.core.models import ModelCard
from solver.core.pricing import Usage, billed_nano
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.core.request import Message, Reply, ToolCall
from solver.core.steps import Resources, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Strategy
from solver.core.tools import ToolOrder, ToolOutcome, ToolSpec
from solver.core.verdict import Judgement
from solver.engine.calls.bounds import Bound, bound_call, prompt_bytes
from solver.engine.calls.metering import charge_for
from solver.engine.last_resort import LastResort
from solver.engine.outcome import Limits, Outcome
from solver.engine.resources import ResourceMeter
from solver.engine.run_state import Action, RunState, final_reason


@dataclass(frozen=True, slots=True)
class SimulatedReply:
    """One complete reply: its text, how it was judged, its tokens, how long it took (seconds)."""

    text: str
    judgement: Judgement
    usage: Usage
    seconds: float
    calls: tuple[ToolCall, ...] = ()


class PlainTools(Protocol):
    """Tools that take no time."""

    def specs(self) -> Sequence[ToolSpec]:
        """Return what there is."""
        ...

    def answer(self, order: ToolOrder) -> ToolOutcome:
        """Return what one use comes to."""
        ...


class Source(Protocol):
    """Where replies come from."""

    def play(self, step: Step, bound: Bound) -> SimulatedReply:
        """Return the reply to a step under a bound; called once a step, in the order of asking."""
        ...


@dataclass(slots=True)
class RunRecord:
    """How a drive ended; `results` are the tellings in order."""

    outcome: Outcome
    purse: Purse
    results: list[StepResult]
    virtual_s: float


@dataclass(slots=True)
class _State:
    """What is under way: (moment of landing, place in line, step, bound, reply), ordered by moment.

    Programs that are run have neither bound nor reply, and take no time.
    """

    now_s: float = 0.0
    pending: list[tuple[float, int, Step, Bound | None, SimulatedReply | None]] = field(default_factory=list)
    in_flight: dict[str, Step] = field(default_factory=dict)
    results: list[StepResult] = field(default_factory=list)
    asked: int = 0


def nothing_runs(step: Step) -> StepResult:
    """Return what a step that runs programs comes to where there is no sandbox."""
    return StepResult.not_run(step, "Nothing here can run code.")


def run_sync(
    *,
    problem: Problem,
    strategy: Strategy,
    panel: Sequence[ModelCard],
    purse: Purse,
    source: Source,
    markup_bp: int = 0,
    limits: Limits | None = None,
    run_programs: Callable[[Step], StepResult] = nothing_runs,
    tools: PlainTools | None = None,
) -> RunRecord:
    """Run a strategy to its end and return how it went."""
    cards = {card.name: card for card in panel}
    return SyncRunner(
        problem, strategy, cards, purse, source, markup_bp, limits or Limits(), run_programs, tools
    ).run()


@dataclass(slots=True)
class SyncRunner:
    """One run without an event loop: the runner's rules over virtual time."""

    problem: Problem
    strategy: Strategy
    cards: Mapping[str, ModelCard]
    purse: Purse
    source: Source
    markup_bp: int
    limits: Limits
    run_programs: Callable[[Step], StepResult]
    tools: PlainTools | None = None
    _sizes: dict[tuple[Message, ...], int] = field(default_factory=dict)
    _state: _State = field(default_factory=_State)
    _run: RunState = field(default_factory=RunState)
    last_resort: LastResort = field(init=False)
    _meter: ResourceMeter = field(init=False)

    def __post_init__(self) -> None:
        size_bytes, cards = prompt_bytes(self.problem.messages()), [*self.cards.values()]
        self.last_resort = LastResort(self.problem, cards, self.purse, markup_bp=self.markup_bp)
        self._meter = ResourceMeter(
            cards, self.purse, size_bytes=size_bytes, markup_bp=self.markup_bp, slots=self.limits.slots
        )

    def run(self) -> RunRecord:
        """Run to the end, and return how it went."""
        state, strategy = self._state, self.strategy
        reason = self._loop()
        while reason is StopReason.BUDGET_REACHED and self._tries_once_more():
            reason = self._loop()
        end_s = state.now_s + self.limits.grace_s
        while state.pending and state.pending[0][0] <= end_s:
            self._land()
        if state.pending:
            state.now_s = end_s
        for *_, step, bound, _ in state.pending:
            self.purse.doubt(bound.hold_nano if bound else self._use_nano(step))
        best = strategy.best()
        outcome = Outcome(final_reason(reason, strategy.done(), best), best, limit_nano=self.purse.limit_nano)
        return RunRecord(outcome, self.purse, state.results, state.now_s)

    def _loop(self) -> StopReason:
        state, run = self._state, self._run
        while True:
            if reason := self.strategy.done():
                return reason
            action = run.next_action(under_way=bool(state.pending))
            if action is Action.ASK:
                resources = self._resources()
                noted = self._dispatch(self.strategy.ask(resources))
                action = run.after_asking(
                    noted=noted, under_way=bool(state.pending), can_pay=bool(resources.affordable)
                )
            if isinstance(action, StopReason):
                return action
            if action is Action.WAIT:
                self._land()

    def _tries_once_more(self) -> bool:
        if self.strategy.best():
            return False
        step = self.last_resort.next_step(lambda: self._resources().affordable)
        if step is None:
            return False
        self._run.money_came()
        self._dispatch([step])
        return not self._run.is_refused

    def _resources(self) -> Resources:
        return self._meter.resources(self._state.in_flight)

    def _dispatch(self, steps: Sequence[Step]) -> bool:
        """Start the steps, up to one that does not fit; return whether the strategy was told a note."""
        state, noted = self._state, False
        for step in steps:
            if step.kind is StepKind.NOTE:
                noted = True
                self._tell(StepResult.noted(step))
                continue
            if step.kind is StepKind.TOOL and self._use_nano(step) > self.purse.spendable_nano():
                self._run.refuse()
                break
            if step.kind is StepKind.TOOL:
                self.purse.hold(self._use_nano(step))
            if not step.kind.calls_model:
                self._start(step, state.now_s, None, None)
                continue
            bound = bound_call(
                self.cards[step.model],
                self._size(step),
                budget_left_nano=self.purse.spendable_nano(),
                markup_bp=self.markup_bp,
                at_length=step.at_length,
            )
            if bound is None:
                self._run.refuse()
                break
            self.purse.hold(bound.hold_nano)
            played = self.source.play(step, bound)
            self._start(step, state.now_s + played.seconds, bound, played)
        return noted

    def _start(self, step: Step, lands_s: float, bound: Bound | None, played: SimulatedReply | None) -> None:
        state = self._state
        state.asked += 1
        state.in_flight[step.key] = step
        heapq.heappush(state.pending, (lands_s, state.asked, step, bound, played))

    def _size(self, step: Step) -> int:
        if step.tools:
            return prompt_bytes(step.messages, step.functions)
        known = self._sizes.get(step.messages)
        if known is None:
            known = self._sizes[step.messages] = prompt_bytes(step.messages)
        return known

    def _land(self) -> None:
        """Settle and tell the call that ends next: what it did not use may pay for the one that was refused."""
        self._run.money_came()
        state = self._state
        state.now_s, _, step, bound, played = heapq.heappop(state.pending)
        del state.in_flight[step.key]
        if step.kind is StepKind.TOOL:
            self._tell(self._used(step))
            return
        if bound is None or played is None:
            self._tell(self.run_programs(step))
            return
        reply = Reply(played.text, "", "", played.usage, None, "", tool_calls=played.calls)
        charge = charge_for(self.cards[step.model], bound, reply, self.markup_bp)
        self.purse.settle(bound.hold_nano, charge.charged_nano)
        tokens = played.usage.input_tokens + played.usage.output_tokens
        self._tell(
            StepResult.of(step, reply, played.judgement, charged_nano=charge.charged_nano, tokens=tokens)
        )

    def _use_nano(self, step: Step) -> int:
        """Return what a use of a tool may cost."""
        specs = self.tools.specs() if self.tools else ()
        most = next((spec.most_nano for spec in specs if step.order and spec.name == step.order.tool), 0)
        return billed_nano(most, self.markup_bp)

    def _used(self, step: Step) -> StepResult:
        """Settle a use of a tool and return what came of it."""
        assert self.tools is not None, "a strategy knows the tools that there are"
        assert step.order is not None, "a step that uses a tool says which"
        hold_nano, outcome = self._use_nano(step), self.tools.answer(step.order)
        charged_nano = min(hold_nano * outcome.charged_uses, hold_nano)
        self.purse.settle(hold_nano, charged_nano)
        return StepResult.used(step, outcome, charged_nano=charged_nano)

    def _tell(self, result: StepResult) -> None:
        self._state.results.append(result)
        self.strategy.tell(result)
        self.last_resort.told(result, self.strategy.best())
