"""One step from hold to settlement, with retries: each retry is a new attempt with a new hold."""

import asyncio
import contextlib
import hashlib
import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

from solver.core.checker import Checker
from solver.core.errors import (
    NOT_SENT,
    BudgetReached,
    InDoubt,
    ModelSuspended,
    NotExecuted,
    ProviderDown,
    ProviderError,
)
from solver.core.models import ModelCard
from solver.core.pricing import BATCH
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.programs import Observed, ProgramsOff, RunOrder
from solver.core.purse import Purse
from solver.core.request import Reply, Request
from solver.core.steps import Step, StepKind, StepResult
from solver.core.verdict import Judgement
from solver.engine.calls.batches import Batches
from solver.engine.calls.bounds import Bound, bound_call, prompt_bytes
from solver.engine.calls.call_hold import CallHold
from solver.engine.calls.metering import charge_for
from solver.engine.calls.permits import LONGEST_WAIT_S, Permit, Permits
from solver.engine.calls.service_tier import CheaperTier, asked_at, card_now
from solver.engine.control import Control
from solver.engine.health import BadReplies, Benched, Health
from solver.engine.journal import Journal, OpenCall, Submitted
from solver.engine.program_output import last_line, printed_text, shortened
from solver.judging.known_keys import KnownKeys
from solver.providers.litellm_gateway import Gateway

_MAX_IN_DOUBT = 3
_CUT = frozenset({"length", "max_tokens", "content_filter", "error", "refusal"})
_FIRST_BACKOFF_S = 0.25
_DOUBT_BACKOFF_S = 1.0
_MAX_BACKOFF_S = 30.0
_SUSPENDED_S = 60.0


class AnswerJudge(Protocol):
    """Extracts, names and checks an answer; solver/judging/judge.py is the real one."""

    async def judge(
        self,
        *,
        text: str,
        checker: Checker | None,
        known_keys: Sequence[str] = (),
        result: ResultKind = ResultKind.ANSWER,
    ) -> Judgement:
        """Return the answer of a reply, its canonical key and an exact checker's verdict."""
        ...

    async def run_programs(self, order: RunOrder) -> Sequence[Observed]:
        """Return what programs do on given inputs. Raises ProgramsOff where nothing here can run them."""
        ...


class Attempts:
    """Executes steps against purse, journal, gateway and judge."""

    def __init__(
        self,
        *,
        problem: Problem,
        panel: Mapping[str, ModelCard],
        purse: Purse,
        journal: Journal,
        gateway: Gateway,
        judge: AnswerJudge,
        control: Control,
        markup_bp: int,
        seed: int,
        patience_s: float,
        clock: Callable[[], float],
        may_wait_until_s: float | None = None,
        permits: Permits | None = None,
        may_hold: Callable[[Step, int], None] = lambda *_: None,
        allowed_nano: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`may_wait_until_s` is when, on the clock, the job should be done that may wait for cheaper calls.

        Calls to models that others serve wait for `permits`, if there are any. `may_hold` raises BudgetReached for a step
        (with its hold in nano-USD) that may not be made now; `allowed_nano` is what a person allowed for one, by key.
        """
        self._problem = problem
        self._panel = panel
        self._purse = purse
        self._journal = journal
        self._gateway = gateway
        self._judge = judge
        self._control = control
        self._markup_bp = markup_bp
        self._seed = seed
        self._patience_s = patience_s
        self._clock = clock
        self._may_wait_until_s = may_wait_until_s
        self._permits = permits
        self._may_hold, self._allowed_nano = may_hold, allowed_nano
        self._asker = uuid.uuid4().hex
        self._made: dict[str, int] = {}
        self._suspended: dict[str, tuple[float, str]] = {}
        self.benched: dict[str, Benched] = {}
        """Models that this execution calls no more, or only where it must, and why."""
        self.avoided: set[str] = set()
        """Those of them that it calls where no other can be: all that they said lately was of no use."""
        self._bad_replies = BadReplies()
        self._answered_s: dict[str, float] = {}
        self.health = Health(clock())
        self.known_keys = KnownKeys()
        self.references: dict[str, str] = {}
        """The provider's reference by step key, of calls under way that another execution can collect."""
        self.on_reference: Callable[[], None] = lambda: None
        self.batches = Batches(
            gateway, panel, made=self._made, clock=clock, may_wait_until_s=may_wait_until_s
        )
        self._job_ends = False
        self._closed = asyncio.Event()
        self._call_ended = asyncio.Event()
        control.listen(self._close)

    def resume(self, attempts: Mapping[str, int]) -> None:
        """Go on counting attempts where earlier executions stopped."""
        self._made.update(attempts)

    def close(self, *, job_ends: bool) -> None:
        """Make no further call and no further attempt; calls under way may end.

        Where only this execution of the job ends, calls with a reference are left to the next one.
        """
        self._job_ends = job_ends
        if job_ends:
            self.batches.end()
        self._close()

    def _close(self) -> None:
        self._closed.set()
        self._call_ended.set()
        if self._permits:
            self._permits.give_up(self._asker)

    def reopen(self) -> None:
        """Allow the one call that comes after the strategy: the write-up."""
        self._closed.clear()

    def suspended(self) -> Mapping[str, str]:
        """Return what must not be asked for now, models and tools, with the reason."""
        now_s = self._clock()
        return {name: why for name, (until_s, why) in self._suspended.items() if now_s < until_s}

    def suspend(self, name: str, why: str) -> None:
        """Leave a model or a tool alone for a minute."""
        self._suspended[name] = (self._clock() + _SUSPENDED_S, why)

    def hold_for(self, step: Step, *, final: bool = False, at_standard: bool = False) -> Bound:
        """Hold the worst case of a step in the purse, at the service tier that it asks for. Raises BudgetReached."""
        bound = bound_call(
            self._card_now(step, at_standard=final or at_standard),
            prompt_bytes(step.messages, step.functions),
            budget_left_nano=self._purse.spendable_nano(final=final),
            markup_bp=self._markup_bp,
            may_cut_short=final,
            at_length=step.at_length,
            allowed_nano=self._allowed_nano.get(step.key),
        )
        if bound is None:
            raise BudgetReached(f"One more call to {step.model} does not fit into what is left.")
        self._may_hold(step, bound.hold_nano)
        self._purse.hold(bound.hold_nano, final=final)
        self.batches.expect(step.key)
        return bound

    def _card_now(self, step: Step, *, at_standard: bool) -> ModelCard:
        """Return the card by which a step is made now; what everybody waits for goes at the standard tier."""
        if self.batches.takes(step.key):
            return asked_at(self._panel[step.model], BATCH)
        until_s = None if at_standard else self._may_wait_until_s
        return card_now(self._panel[step.model], left_s=None if until_s is None else until_s - self._clock())

    async def execute(self, step: Step, bound: Bound, *, final: bool = False) -> StepResult:
        """Bring one step to a told result. The caller made the first hold.

        What is refused at a cheaper service tier is tried there for a while, then made at the standard one. How long it
        waits for its permits says nothing of the provider, so that time does not count.

        Raises BudgetReached and ModelSuspended (nothing told), LeaseLost, ProviderDown.
        """
        in_doubt, backoff_s = 0, _FIRST_BACKOFF_S
        permitted_s, fails_since_s, asked_s = math.inf, math.inf, self._clock()
        cheaper = CheaperTier(is_given_up=not bound.service)
        while True:
            try:
                # Nothing is opened that may have to wait: whoever dies meanwhile leaves nothing in doubt.
                with self.batches.place(step.key), await self._permit(step, bound) as permit:
                    now_s = self._clock()
                    permitted_s = min(permitted_s, now_s)
                    fails_since_s = min(fails_since_s + now_s - asked_s, now_s)
                    async with self._hold(self._next_call(step, bound)) as hold:
                        return await self._make(hold, permit)
            except ModelSuspended as error:
                self.suspend(step.model, str(error))
                raise
            except NotExecuted as error:
                longest_s = float("inf")
                if bound.service:
                    longest_s = cheaper.refused(self._clock(), is_busy=error.retryable, service=bound.service)
                    # From here on the standard tier counts alone.
                    fails_since_s = self._clock()
                elif self._is_to_be_left_alone(step.model, error):
                    raise ModelSuspended(str(error)) from error
                elif not error.retryable or self._only_this_fails(fails_since_s):
                    return await self._fail(step, str(error))
                else:
                    self._check_patience(error, since_s=fails_since_s)
                await self._pause(step, min(max(backoff_s, error.retry_after_s or 0.0), longest_s))
                backoff_s = min(backoff_s * 2, _MAX_BACKOFF_S)
            except InDoubt as error:
                in_doubt += 1
                if in_doubt >= _MAX_IN_DOUBT:
                    return await self._fail_alone(step, error, permitted_s)
                await self._pause(step, _DOUBT_BACKOFF_S * in_doubt)
            if self._closed.is_set():
                raise BudgetReached("Stopped before the next attempt.")
            bound = self.hold_for(step, final=final, at_standard=cheaper.is_given_up)
            asked_s = self._clock()

    async def collect(self, submitted: Submitted) -> StepResult | None:
        """Bring home a call that an earlier execution submitted. None: it came to nothing; its step may be asked anew.

        Raises LeaseLost.
        """
        try:
            async with self._hold(submitted.call, submitted.reference) as hold:
                return await self._take_home(hold, Permit())
        except (InDoubt, NotExecuted):
            return None

    async def _permit(self, step: Step, bound: Bound) -> Permit:
        """Wait until a step may be sent. Raises BudgetReached and ModelSuspended: nothing is held then."""
        card = self._panel[step.model]
        if self._permits is None or bound.service == BATCH or (card.bundled and not card.at_once):
            return Permit()
        permit = None
        try:
            if not self._closed.is_set():
                lane = f"{step.model} {bound.service}".strip()
                permit = await self._permits.take(lane, self._asker, card.at_once)
        finally:
            if permit is None:
                self._purse.void(bound.hold_nano)
        if permit is None:
            raise BudgetReached("Stopped before the call was sent.")
        return permit

    def next_attempt(self, key: str) -> int:
        """Return the number of the next attempt at a step."""
        self._made[key] = self._made.get(key, 0) + 1
        return self._made[key]

    @property
    def is_closed(self) -> bool:
        """Whether nothing may be begun any more."""
        return self._closed.is_set()

    def _next_call(self, step: Step, bound: Bound) -> OpenCall:
        return OpenCall(
            id=uuid.uuid4(),
            step=step,
            attempt=self.next_attempt(step.key),
            price_id=self._panel[step.model].price_id,
            hold_nano=bound.hold_nano,
            prompt_bytes=bound.prompt_bytes,
            max_output_tokens=bound.max_output_tokens,
            service=bound.service,
        )

    def _hold(self, call: OpenCall, reference: str = "") -> CallHold:
        return CallHold(
            call,
            purse=self._purse,
            journal=self._journal,
            control=self._control,
            left_to_next=lambda: not self._job_ends,
            cancel=lambda reference: self._cancel(call, reference),
            reference=reference,
        )

    async def _cancel(self, call: OpenCall, reference: str) -> None:
        cancel = self._gateway.cancel_batch if call.service == BATCH else self._gateway.cancel
        await cancel(self._request(call), reference)

    async def _make(self, hold: CallHold, permit: Permit) -> StepResult:
        """Send an opened call and bring home what comes of it."""
        if self._closed.is_set():
            await hold.void(NOT_SENT)
            raise BudgetReached("Stopped before the call was sent.")
        return await self._take_home(hold, permit)

    async def _take_home(self, hold: CallHold, permit: Permit) -> StepResult:
        """Await the reply of a call, judge it and settle the call."""
        call = hold.call
        with self._with_provider(call, permit):
            reply = await self._reply(hold, permit)
        self._answered_s[call.step.model] = self._clock()
        card, bound = self._card_of(call), _bound_of(call)
        charge = charge_for(card, bound, reply, self._markup_bp, at=datetime.now(UTC))
        judgement = await self._judged(call.step, reply)
        tokens = charge.usage.input_tokens + charge.usage.output_tokens
        result = StepResult.of(
            call.step,
            reply,
            judgement,
            charged_nano=charge.charged_nano,
            tokens=tokens,
            attempt=call.attempt,
        )
        return await hold.settle(result, charge)

    async def _reply(self, hold: CallHold, permit: Permit) -> Reply:
        """Return the provider's reply; in background mode by a reference that is committed before the wait."""
        request = self._request(hold.call)
        if hold.call.service == BATCH:
            return await self.batches.reply(hold, request, on_reference=lambda: self._refer(hold))
        if not request.card.background and not hold.reference:
            return await self._gateway.complete(request)
        if not hold.reference:
            await hold.attach_reference(await self._gateway.submit(request))
        # What a provider works on by itself, others need not wait for.
        permit.answered()
        self._refer(hold)
        return await self._gateway.collect(request, hold.reference)

    def _refer(self, hold: CallHold) -> None:
        self.references[hold.call.step.key] = hold.reference
        self.on_reference()

    def _request(self, call: OpenCall) -> Request:
        step = call.step
        return Request(
            self._card_of(call),
            step.messages,
            call.max_output_tokens,
            seed_of(self._seed, step.key),
            at_length=step.at_length,
            functions=step.functions,
        )

    def _card_of(self, call: OpenCall) -> ModelCard:
        return asked_at(self._panel[call.step.model], call.service)

    @contextlib.contextmanager
    def _with_provider(self, call: OpenCall, permit: Permit) -> Iterator[None]:
        """Count a call as one that a provider works on, and note how it ended."""
        # Nobody else's trouble is waited out for what a batch takes.
        counted = call.service != BATCH
        self.health.with_provider += counted
        try:
            yield
            self.health.last_answer_s = self._clock()
            permit.answered()
        except ProviderError as error:
            permit.failed(error, closes=not call.service)
            self.health.last_error = str(error)
            raise
        finally:
            self.health.with_provider -= counted
            permit.end()
            self.references.pop(call.step.key, None)
            self._call_ended.set()

    async def _judged(self, step: Step, reply: Reply) -> Judgement:
        """Judge a reply; one that must be settled at once (its job is ending) is settled without a judgement."""
        # What was cut or filtered does not vote by half its text.
        if not step.kind.answers or reply.finish_reason in _CUT or (step.tools and reply.tool_calls):
            return Judgement()
        checker = None if step.subproblem else self._problem.checker
        result = ResultKind.ANSWER if step.subproblem else self._problem.result
        try:
            return await self._judge.judge(
                text=reply.text, checker=checker, known_keys=self.known_keys.of(step), result=result
            )
        except asyncio.CancelledError:
            return Judgement()

    async def _fail_alone(self, step: Step, error: InDoubt, began_s: float) -> StepResult:
        """Tell a step that stays in doubt as failed; raises ProviderDown where no other call is answered either."""
        if not await self._another_answered(began_s):
            # It is not this step that fails.
            raise ProviderDown(str(error)) from error
        if self._answered_s.get(step.model, -math.inf) < began_s:
            # Others answer, and this model does not.
            self._bench(step.model, error)
        return await self._fail(step, str(error))

    def _is_to_be_left_alone(self, model: str, error: NotExecuted) -> bool:
        """Suspend a model that only the operator can mend, or that its provider wants left alone for long."""
        if error.category.needs_operator:
            self._bench(model, error)
            return True
        wish_s = error.retry_after_s or 0.0
        if error.retryable and wish_s > LONGEST_WAIT_S:
            self._suspended[model] = (self._clock() + wish_s, str(error))
            return True
        return False

    def _bench(self, model: str, error: ProviderError) -> None:
        """Call a model no more in this execution: every call to it would fail as this one did."""
        self._suspended[model] = (math.inf, str(error))
        self.benched[model] = Benched(str(error), error.detail)

    def judge_model(self, result: StepResult) -> None:
        """Avoid the model of a told result where it has brought nothing for too long."""
        if found := self._bad_replies.tell(result):
            self.avoided.add(result.model)
            self.benched.setdefault(result.model, found)

    async def _fail(self, step: Step, error: str) -> StepResult:
        failed = StepResult.failed(step, error, attempt=self.next_attempt(step.key))
        return await self._journal.tell(failed)

    async def run_programs(self, step: Step) -> StepResult:
        """Run the programs of a step and record what they did, or why nothing here can run them."""
        assert step.run is not None, "a step that runs programs says which"
        try:
            seen = await self._judge.run_programs(step.run)
        except ProgramsOff as error:
            return await self._journal.tell(StepResult.not_run(step, str(error)))
        if step.kind is StepKind.RUN:
            return await self._journal.tell(StepResult.ran(step, [shortened(one) for one in seen]))
        printed = last_line(seen[0])
        judgement = Judgement()
        if printed:
            checker = None if step.subproblem else self._problem.checker
            judgement = await self._judge.judge(
                text=f"Answer: {printed}", checker=checker, known_keys=self.known_keys.of(step)
            )
        text = printed_text(step.run.programs[0], seen[0])
        return await self._journal.tell(StepResult.ran(step, (), judgement, text=text))

    async def note(self, step: Step) -> StepResult:
        """Record a decision that makes no call."""
        assert step.kind is StepKind.NOTE, "only notes are free"
        return await self._journal.tell(StepResult.noted(step))

    def _check_patience(self, error: NotExecuted, *, since_s: float) -> None:
        """Raise ProviderDown once nothing has answered for too long, and nothing is being worked on.

        `since_s` is from when on that counts.
        """
        waited_s = self._clock() - max(self.health.last_answer_s, since_s)
        if not self.health.with_provider and waited_s > self._patience_s:
            raise ProviderDown(str(error)) from error

    async def _another_answered(self, began_s: float) -> bool:
        """Tell whether any call was answered since; where none was, but some are with a provider, await those.

        Raises BudgetReached where the attempts are closed meanwhile.
        """
        while self.health.last_answer_s <= began_s:
            if not self.health.with_provider:
                return False
            if self._closed.is_set():
                raise BudgetReached("Stopped before it was known whether the provider answers.")
            self._call_ended.clear()
            await self._call_ended.wait()
        return True

    def _only_this_fails(self, began_s: float) -> bool:
        """Tell whether a step has been refused for too long while other calls were answered."""
        return self._clock() - began_s > self._patience_s and self.health.last_answer_s > began_s

    async def _pause(self, step: Step, seconds: float) -> None:
        """Wait so long and a little, so that retries of different steps spread, unless the job is told to stop."""
        jitter = 1.0 + 0.4 * seed_of(self._seed, f"{step.key}#{self._made[step.key]}") / 2**31
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds * jitter)


def _bound_of(call: OpenCall) -> Bound:
    return Bound(call.hold_nano, call.max_output_tokens, call.prompt_bytes, call.service)


def seed_of(job_seed: int, key: str) -> int:
    """Return a seed that depends on the job and the key alone, so that a repeated call repeats its reply."""
    digest = hashlib.sha256(f"{job_seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
