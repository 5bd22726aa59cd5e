"""The runner: drives a strategy with real money until it is done, out of money, out of time or told to stop."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from solver.core.errors import (
    BudgetReached,
    Interrupted,
    Interruption,
    LeaseLost,
    NeedsAnswer,
    ProviderDown,
)
from solver.core.models import ModelCard
from solver.core.problem.hints import Hint, heeding, with_hints
from solver.core.problem.statement import Problem
from solver.core.programs import NOBODY, Asker
from solver.core.purse import Purse
from solver.core.steps import Candidate, Resources, Status, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Strategy
from solver.core.tools import Tools
from solver.engine.asks import Asks, AskWishes
from solver.engine.calls.attempts import AnswerJudge, Attempts
from solver.engine.calls.bounds import prompt_bytes
from solver.engine.calls.permits import Permits
from solver.engine.calls.prefix_cache import PrefixCaches, as_sent
from solver.engine.calls.tool_use import ToolUses
from solver.engine.control import Control, Stop
from solver.engine.health import Benched
from solver.engine.in_flight import InFlight
from solver.engine.journal import Journal
from solver.engine.last_resort import LastResort
from solver.engine.outcome import Limits, Outcome
from solver.engine.pictures import with_pictures
from solver.engine.resources import ResourceMeter
from solver.engine.run_state import Action, RunState, final_reason
from solver.engine.write_up import accepted, write_up_step
from solver.inference.emptiness import EmptyReplies
from solver.providers.litellm_gateway import Gateway


class Runner:
    """Runs one execution of one job."""

    def __init__(
        self,
        *,
        problem: Problem,
        strategy: Strategy,
        panel: Sequence[ModelCard],
        purse: Purse,
        journal: Journal,
        gateway: Gateway,
        judge: AnswerJudge,
        control: Control,
        markup_bp: int = 0,
        seed: int = 0,
        limits: Limits | None = None,
        deadline_s: float | None = None,
        observer: Callable[[Strategy], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        may_wait_until_s: float | None = None,
        benched: dict[str, Benched] | None = None,
        tools: Tools | None = None,
        asker: Asker = NOBODY,
        permits: Permits | None = None,
        ask_wishes: AskWishes | None = None,
    ) -> None:
        """`deadline_s` ends the job; `may_wait_until_s` is until when its calls may wait for a cheaper service tier.

        `benched` is filled with the models that fail at every call or bring nothing. `tools` are those that its strategy
        may have used, for `asker`. Calls to models that others serve wait for `permits`. `ask_wishes`
        says what the person who asked wants to be asked before.
        """
        self._problem = problem
        self._strategy = strategy
        self._panel = {card.name: card for card in panel}
        self._purse = purse
        self._journal = journal
        self._control = control
        self._limits = limits or Limits()
        self._deadline_s = deadline_s
        self._observer = observer or (lambda _: None)
        self._clock = clock
        wishes = ask_wishes or AskWishes()
        self._asks = Asks(wishes, problem, panel, markup_bp=markup_bp)
        self._attempts = Attempts(
            problem=problem,
            panel=self._panel,
            purse=purse,
            journal=journal,
            gateway=gateway,
            judge=judge,
            control=control,
            markup_bp=markup_bp,
            seed=seed,
            patience_s=self._limits.patience_s,
            clock=clock,
            may_wait_until_s=may_wait_until_s,
            permits=permits,
            may_hold=self._asks.check,
            allowed_nano=wishes.allowed_nano,
        )
        if benched is not None:
            self._attempts.benched = benched
        self._tool_uses = ToolUses(
            tools,
            asker,
            purse=purse,
            journal=journal,
            control=control,
            markup_bp=markup_bp,
            next_attempt=self._attempts.next_attempt,
            is_closed=lambda: self._attempts.is_closed,
            suspend=self._attempts.suspend,
            may_hold=self._asks.check,
        )
        self._meter = ResourceMeter(
            panel,
            purse,
            size_bytes=prompt_bytes(problem.messages()),
            markup_bp=markup_bp,
            slots=self._limits.slots,
        )
        at_standard = [card.at_standard() for card in panel]
        self._last_resort = LastResort(problem, at_standard, purse, markup_bp=markup_bp)
        self._caches = PrefixCaches(
            self._panel, markup_bp=markup_bp, may_wait=may_wait_until_s is not None, clock=clock
        )
        self._state = RunState()
        self._in_flight = InFlight(control, self._state, self._caches)
        self._attempts.on_reference = self._attempts.batches.on_look = self._in_flight.wake.set
        self._asks.on_open = self._state.give_way
        self._empties = EmptyReplies(problem)
        self._hints: list[Hint] = []
        """What the user added, as told: every later prompt carries it."""
        self._write_ups: dict[str, StepResult] = {}
        """Told write-ups by the step whose answer they write up."""
        control.read_news(self._read_news)

    async def run(self) -> Outcome:
        """Run until the job ends.

        Raises Interrupted (pause, drain, a question), LeaseLost and ProviderDown: then another execution continues it.
        """
        await self._replay()
        reason = None
        try:
            reason = await self._drive()
            limit_nano = self._purse.limit_nano
        finally:
            await self._land(job_ends=reason is not None)
        if self._in_flight.fault:
            raise self._in_flight.fault
        outcome = replace(await self._conclude(reason), limit_nano=limit_nano)
        if outcome.stop_reason is StopReason.BUDGET_REACHED and self._purse.limit_nano > limit_nano:
            # Raised while the end was being prepared: another execution goes on from the journal.
            raise Interrupted(Interruption.RAISED)
        return outcome

    def _read_news(self) -> None:
        if self._control.limit_nano > self._purse.limit_nano:
            self._purse.limit_nano = self._control.limit_nano
            self._state.money_came()
        if self._control.give_way:
            self._state.give_way()
        self._in_flight.wake.set()

    # The loop -------------------------------------------------------------------------------------------------

    async def _replay(self) -> None:
        self._attempts.resume(await self._journal.attempts())
        for result in await self._journal.told():
            self._take(result)
        for submitted in await self._journal.submitted():
            self._in_flight.launch(submitted.call.step, partial(self._attempts.collect, submitted))

    def _take(self, result: StepResult) -> None:
        if result.kind is StepKind.WRITE_UP:
            self._write_ups[result.parents[0]] = result
            return
        if self._asks.consumes(result):
            return
        if hint := Hint.of(result):
            self._hints.append(hint)
            size_bytes = prompt_bytes(with_hints(self._problem, self._hints).messages())
            self._meter.heed(size_bytes)
            self._last_resort.heed(size_bytes)
        self._attempts.known_keys.add(result)
        if result.status is Status.OK and result.kind.answers and not result.subproblem:
            self._empties.tell(result)
        self._attempts.judge_model(result)
        self._strategy.tell(result)
        self._last_resort.told(result, self._strategy.best())
        self._observer(self._strategy)

    async def _drive(self) -> StopReason:
        """Drive the strategy to its end; where its money brought no answer, go on with what was kept back."""
        reason = await self._drive_strategy()
        while reason is StopReason.BUDGET_REACHED and self._tries_once_more():
            reason = await self._drive_strategy()
        return reason

    async def _drive_strategy(self) -> StopReason:
        """Ask, dispatch and tell until there is a reason to stop. Raises Interrupted where the job gives way."""
        while True:
            await self._heed()
            if reason := self._reason_to_stop():
                return reason
            action = self._state.next_action(
                under_way=self._in_flight.is_under_way, may_leave=self._may_leave()
            )
            if action is Action.ASK:
                action = await self._ask()
            if isinstance(action, StopReason):
                return action
            if action is Action.LEAVE:
                self._ask_person()
                raise Interrupted(Interruption.SLICE)
            if action is Action.WAIT:
                if self._limits.leaves_batches and self._attempts.batches.are_all(self._in_flight.steps):
                    raise Interrupted(Interruption.BATCH)
                await self._next_event()

    async def _heed(self) -> None:
        """Tell the hints that are new: a strategy that had come to its end may have a new beginning."""
        for hint in self._control.hints[len(self._hints) :]:
            if self._control.stop is None:
                self._take_note(await self._attempts.note(hint.step()))

    async def _ask(self) -> Action | StopReason:
        """Ask the strategy and start what it wants. Raises ProviderDown where only suspended models could go on."""
        resources = self._resources()
        steps, why_not_all = self._asks.first(resources) or self._wanted(resources)
        with self._attempts.batches.forming(steps) as in_batches:
            noted = await self._dispatch(steps, in_batches)
        action = self._state.after_asking(
            noted=noted, under_way=self._in_flight.is_under_way, can_pay=bool(resources.affordable)
        )
        if isinstance(action, StopReason) and why_not_all:
            raise ProviderDown(why_not_all)
        return action

    def _may_leave(self) -> bool:
        """Tell whether all that is in flight is collected by the next execution: a provider works on it by itself."""
        return (
            not self._in_flight.has_landed
            and self._in_flight.steps.keys() <= self._attempts.references.keys()
        )

    def _tries_once_more(self) -> bool:
        """Try the problem itself with the money kept back for it, where no answer has come of all the rest."""
        if self._strategy.best():
            return False
        step = self._last_resort.next_step(lambda: self._resources().affordable)
        if step is None:
            return False
        step = heeding(self._as_sent(step), self._hints)
        try:
            bound = self._attempts.hold_for(step, at_standard=True)
        except BudgetReached:
            self._ask_person()
            return False
        self._state.money_came()
        self._in_flight.launch(step, partial(self._attempts.execute, step, bound))
        return True

    def _ask_person(self) -> None:
        if self._asks.open:
            raise NeedsAnswer(self._asks.open)

    def _reason_to_stop(self) -> StopReason | None:
        if self._in_flight.fault:
            raise self._in_flight.fault
        match self._control.stop:
            case Stop.FENCED:
                raise LeaseLost("Another worker took the job over.")
            case Stop.PAUSE | Stop.DRAIN:
                raise Interrupted(Interruption(self._control.stop.value))
            case Stop.FINISH:
                return StopReason.FINISHED_BY_USER
            case Stop.CANCEL:
                return StopReason.CANCELLED
        if self._deadline_s is not None and self._clock() >= self._deadline_s:
            return StopReason.TIME_LIMIT
        return self._strategy.done()

    def _resources(self) -> Resources:
        suspended = self._attempts.suspended()
        usable = self._meter.affordable().difference(suspended, self._attempts.avoided)
        # A strategy that is left without anybody to try would take this for the end of its money.
        avoided = self._attempts.avoided if any(self._panel[name].solves for name in usable) else ()
        return self._meter.resources(self._in_flight.steps, suspended={*suspended, *avoided})

    def _wanted(self, resources: Resources) -> tuple[Sequence[Step], str]:
        """Return the steps that the strategy asks for and that may be made, and why others may not."""
        suspended = self._attempts.suspended()
        if not suspended:
            return self._strategy.ask(resources), ""
        why = " ".join(suspended.values())
        if not resources.affordable and self._meter.affordable():
            # Asked now, the strategy would take this for the end of its money.
            return (), why
        steps = self._strategy.ask(resources)
        allowed = [step for step in steps if step.model not in suspended]
        return allowed, why if len(allowed) < len(steps) else ""

    async def _dispatch(self, steps: Sequence[Step], in_batches: Collection[str]) -> bool:
        """Start the steps; return whether the strategy was told something meanwhile (a note)."""
        noted = False
        for step in self._caches.admitted([self._as_sent(step) for step in steps], in_batches):
            if step.kind is StepKind.NOTE:
                self._take_note(await self._attempts.note(step))
                noted = True
                continue
            step = heeding(step, self._hints)  # noqa: PLW2901  # the step as it is asked
            if step.kind.runs_programs:
                self._in_flight.launch(step, partial(self._attempts.run_programs, step))
                continue
            if step.kind is StepKind.TOOL:
                if not self._use_tool(step):
                    break
                continue
            shown = with_pictures(step, self._problem)
            try:
                bound = self._attempts.hold_for(shown)
            except BudgetReached:
                self._caches.ended(step, is_answered=False)
                self._state.refuse()
                break
            self._in_flight.launch(shown, partial(self._attempts.execute, shown, bound))
        return noted

    def _use_tool(self, step: Step) -> bool:
        """Start the use of a tool; False: what it may cost is not there."""
        try:
            hold_nano = self._tool_uses.hold_for(step)
        except BudgetReached:
            self._state.refuse()
            return False
        self._in_flight.launch(step, partial(self._tool_uses.use, step, hold_nano))
        return True

    def _as_sent(self, step: Step) -> Step:
        return as_sent(step, self._panel[step.model]) if step.kind.calls_model else step

    async def _next_event(self) -> None:
        """Wait for a step to land, a stop or the deadline; then tell all that landed, in order."""
        await self._in_flight.next_event(
            None if self._deadline_s is None else max(self._deadline_s - self._clock(), 0)
        )
        self._take_landed()

    def _take_note(self, noted: StepResult) -> None:
        """Tell a note, and what landed while it was written: neither in flight nor told, it would be bought again."""
        self._in_flight.add(noted)
        self._take_landed()

    def _take_landed(self) -> None:
        for result in self._in_flight.take_landed():
            # What this step did not use may pay for the one that was refused.
            self._state.money_came()
            self._take(result)

    # The end --------------------------------------------------------------------------------------------------

    async def _land(self, *, job_ends: bool) -> None:
        """Let running calls end (they are charged), abandon those that take too long, tell what came back.

        An execution that ends before its job waits for no call that the next one can collect, and for no programs or
        tools that cost nothing, which the next one runs again.
        """
        self._attempts.close(job_ends=job_ends)
        grace_s = self._limits.drain_s if self._control.stop is Stop.DRAIN else self._limits.grace_s
        await self._in_flight.land(
            grace_s=grace_s,
            left=lambda: [] if job_ends else [*self._attempts.references, *self._runs_under_way()],
        )
        self._take_landed()
        if self._control.stop is Stop.FENCED and not self._in_flight.fault:
            # Its calls are in no one's books yet: given back or ended by this execution, they would be held with nobody
            # to doubt them. The next claim does.
            raise LeaseLost("The lease may be someone else's by now.")

    def _runs_under_way(self) -> list[str]:
        return [
            key
            for key, step in self._in_flight.steps.items()
            if step.kind.runs_programs or (step.kind is StepKind.TOOL and self._tool_uses.is_free(step))
        ]

    async def _conclude(self, reason: StopReason) -> Outcome:
        best = self._strategy.best()
        reason, error = final_reason(reason, self._strategy.done(), best), ""
        if (best is None or not best.answer) and reason is not StopReason.CANCELLED:
            error = self._empties.sentence()
        if reason is StopReason.FAILED:
            error = error or self._attempts.health.last_error or "No model gave a reply."
        spent_nano = self._purse.settled_nano + self._purse.in_doubt_nano
        if best is None and reason is StopReason.BUDGET_REACHED and not spent_nano:
            error = (
                "The budget does not pay for a single call at the prices of its start. Raise it to continue."
            )
        if best and self._control.stop is None:
            best = await self._written_up(best)
            # A user may have cancelled meanwhile.
            cancelled = self._control.stop is Stop.CANCEL
            reason = StopReason.CANCELLED if cancelled else reason
        return Outcome(reason, best, error)

    async def _written_up(self, best: Candidate) -> Candidate:
        """Return the answer as prose where a model writes and the reserve pays; never a different answer.

        An answer is written up once: another one that comes after a raise gets a write-up of its own.
        """
        if best.step_key not in self._write_ups:
            await self._write_up(best)
        result = self._write_ups.get(best.step_key)
        return replace(best, text=result.text) if result and accepted(result, best) else best

    async def _write_up(self, best: Candidate) -> None:
        """Make the last call; a stop leaves it the grace period and no more. It may come to nothing.

        Raises Interrupted and LeaseLost as the loop does.
        """
        step = write_up_step(self._problem, best, list(self._panel.values()))
        if step is None or not self._purse.reserve_nano:
            return
        step = heeding(self._as_sent(step), self._hints)
        try:
            bound = self._attempts.hold_for(step, final=True)
        except BudgetReached:
            return
        self._state.write_up()
        self._attempts.reopen()
        self._in_flight.launch(step, partial(self._attempts.execute, step, bound, final=True))
        if not await self._in_flight.until_back(step):
            await self._land(job_ends=self._control.stop in {Stop.FINISH, Stop.CANCEL})
            if self._control.stop in {Stop.FENCED, Stop.PAUSE, Stop.DRAIN}:
                self._reason_to_stop()
        if self._in_flight.fault:
            raise self._in_flight.fault
        self._take_landed()
