"""Waves of calls that go to a provider as one batch, at half price: formed, started once, and collected as replies come.

A wave is eight calls or more to one model that a strategy asks for at once, none of which shows what another step
brought: a chain would pay the queue at each link. Two references are committed for each of its calls: one by which the
batch is found before it is started, and that of the batch before the wait. So whoever continues the job finds the batch,
or that there is none, and nothing is bought twice.
"""

import asyncio
import contextlib
import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from solver.core.errors import InDoubt, NotExecuted, ProviderError
from solver.core.models import ModelCard
from solver.core.request import Reply, Request
from solver.core.steps import Step
from solver.engine.calls.call_hold import CallHold
from solver.engine.calls.service_tier import BATCH_END_S, LEAST_BATCH_S, LEAST_CALLS, batch_s
from solver.providers.batch_server import BatchLook
from solver.providers.litellm_gateway import Gateway

_FIRST_LOOK_S = 0.5
_LONGEST_LOOK_S = 30.0
_LOOK_AT_END_S = 1.0


class _Member(NamedTuple):
    """A call that is held and waits for its batch to be started."""

    hold: CallHold
    request: Request
    started: "asyncio.Future[None]"


class Wave:
    """Calls that are to go as one batch: once all that are expected are held, or have left, it is sent."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._expected: set[str] = set()
        self._members: dict[str, _Member] = {}
        self._is_whole = self._may_be_begun = False
        self._sending: asyncio.Task[None] | None = None

    def expect(self, key: str) -> None:
        """Note that money is reserved for a step's call."""
        self._expected.add(key)

    def expects(self, key: str) -> bool:
        """Tell whether money is reserved for a step's call."""
        return key in self._expected

    def end_of_asking(self) -> None:
        """Note that no further call is expected."""
        self._is_whole = True
        self._send_if_ready()

    def leave(self, key: str) -> None:
        """Note that a call will not come; does nothing where it came."""
        self._expected.discard(key)
        self._send_if_ready()

    async def join(self, hold: CallHold, request: Request) -> None:
        """Wait until the batch is started and its reference committed for this call.

        Raises NotExecuted where it was not started, LeaseLost, or what went wrong here.
        """
        key = hold.call.step.key
        self._members[key] = _Member(hold, request, asyncio.get_running_loop().create_future())
        self._expected.discard(key)
        self._send_if_ready()
        try:
            await self._members[key].started
        except asyncio.CancelledError:
            if self._may_be_begun:
                raise
            if self._sending:
                self._sending.cancel()
            error = NotExecuted("Stopped before the batch was started.")
            self._end(error)
            raise error from None

    def _send_if_ready(self) -> None:
        if self._is_whole and not self._expected and self._members and self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            await self._start()
        except Exception as error:  # noqa: BLE001  (whatever it is, each call hears of it)
            self._end(error)
        else:
            self._end(None)

    async def _start(self) -> None:
        members = list(self._members.values())
        if len(members) < LEAST_CALLS:
            raise NotExecuted("Too few calls were left for a batch.")
        calls = {str(member.hold.call.id): member.request for member in members}
        prepared = await self._gateway.prepare_batch(calls)
        for member in members:
            await member.hold.attach_reference(prepared)
        self._may_be_begun = True
        started = await self._gateway.start_batch(calls, prepared)
        for member in members if started != prepared else ():
            await member.hold.attach_reference(started)

    def _end(self, error: Exception | None) -> None:
        for member in self._members.values():
            if member.started.done():
                continue
            if error is None:
                member.started.set_result(None)
            else:
                member.started.set_exception(copy.copy(error))


class _Watch:
    """Looks at one batch for all calls of it that wait, less and less often. Times in seconds on the runner's clock."""

    def __init__(
        self,
        gateway: Gateway,
        request: Request,
        reference: str,
        *,
        until_s: float,
        clock: Callable[[], float],
        on_look: Callable[[], None],
    ) -> None:
        """`until_s` is when the batch is cancelled if it has not ended."""
        self._gateway, self._request, self.reference = gateway, request, reference
        self._until_s, self._clock, self._on_look = until_s, clock, on_look
        self._waiting: dict[str, asyncio.Future[Reply]] = {}
        self._known = BatchLook(reference)
        self._task: asyncio.Task[None] | None = None
        self._stir = asyncio.Event()
        self._job_ends = self._is_cancelled = False
        self._was_looked_at = False

    async def reply(self, call_id: str) -> Reply:
        """Wait for the reply of a call. Raises NotExecuted and InDoubt."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[call_id] = future
        self._tell()
        if self._task is None:
            self._task = asyncio.create_task(self._watch())
        try:
            return await future
        finally:
            del self._waiting[call_id]
            if not self._waiting and self._task:
                self._task.cancel()
                self._task = None

    @property
    def may_be_left(self) -> bool:
        """Whether the batch was looked at and goes on: whoever waits may as well come again later."""
        return self._was_looked_at and not self._known.is_over

    def end(self) -> None:
        """Cancel the batch: its job ends."""
        self._job_ends = True
        self._stir.set()

    async def _watch(self) -> None:
        pause_s = _FIRST_LOOK_S
        try:
            while not self._known.is_over:
                await self._look()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stir.wait(), _LOOK_AT_END_S if self._job_ends else pause_s)
                self._stir.clear()
                pause_s = min(pause_s * 1.5, _LONGEST_LOOK_S)
        except Exception as error:  # noqa: BLE001  (whatever it is, each call hears of it)
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(copy.copy(error))

    async def _look(self) -> None:
        is_late = self._clock() >= self._until_s
        if (is_late or self._job_ends) and not self._is_cancelled:
            self._is_cancelled = True
            await self._gateway.cancel_batch(self._request, self.reference)
        look = await self._gateway.look_at_batch(self._request, self.reference)
        if look is None and self._clock() >= self._until_s + BATCH_END_S:
            look = BatchLook(self.reference)
        if look and not look.is_over and self._clock() >= self._until_s + BATCH_END_S:
            message = f"{self._request.card.name} did not end the batch {self.reference} in time."
            look = BatchLook(look.reference, is_over=True, fates=look.fates, rest=InDoubt(message))
        if look:
            self._known, self.reference = look, look.reference
            self._tell()
        self._was_looked_at = True
        self._on_look()

    def _tell(self) -> None:
        for call_id, future in self._waiting.items():
            fate = self._known.fates.get(call_id, self._known.rest)
            if fate is None or future.done():
                continue
            if isinstance(fate, ProviderError):
                future.set_exception(copy.copy(fate))
            else:
                future.set_result(fate)


class Batches:
    """The batches that one execution of a job forms and collects."""

    def __init__(
        self,
        gateway: Gateway,
        panel: Mapping[str, ModelCard],
        *,
        made: Collection[str],
        clock: Callable[[], float],
        may_wait_until_s: float | None,
    ) -> None:
        """`made` are the keys of steps that were tried before: those go by themselves."""
        self._gateway, self._panel, self._made, self._clock = gateway, panel, made, clock
        self._may_wait_until_s = may_wait_until_s
        self._waves: dict[str, Wave] = {}
        self._watches: dict[str, _Watch] = {}
        self._watched: dict[str, _Watch] = {}
        self._job_ends = False
        self.on_look: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def forming(self, steps: Sequence[Step]) -> Iterator[Collection[str]]:
        """Let the block reserve money for a wave's steps, and yield the keys of those that go in batches."""
        alone = [step for step in steps if _is_independent(step) and step.key not in self._made]
        counts = Counter(step.model for step in alone)
        models = {name for name, count in counts.items() if count >= LEAST_CALLS and self._has_time(name)}
        waves = {name: Wave(self._gateway) for name in models}
        self._waves |= {step.key: waves[step.model] for step in alone if step.model in waves}
        try:
            yield [key for key, wave in self._waves.items() if wave in waves.values()]
        finally:
            self._waves = {
                key: wave
                for key, wave in self._waves.items()
                if wave not in waves.values() or wave.expects(key)
            }
            for wave in waves.values():
                wave.end_of_asking()

    def takes(self, key: str) -> bool:
        """Tell whether the call of a step goes in a batch."""
        return key in self._waves

    def expect(self, key: str) -> None:
        """Note that money is reserved for a step's call."""
        if wave := self._waves.get(key):
            wave.expect(key)

    @contextlib.contextmanager
    def place(self, key: str) -> Iterator[None]:
        """Let the block make one attempt at a step, the only one that goes in a batch."""
        try:
            yield
        finally:
            if wave := self._waves.pop(key, None):
                wave.leave(key)

    async def reply(self, hold: CallHold, request: Request, *, on_reference: Callable[[], None]) -> Reply:
        """Send a call with its wave, or find its batch, and wait for the reply. Raises as a call does, and LeaseLost.

        `on_reference` is called once another execution can collect it.
        """
        key = hold.call.step.key
        if not hold.reference:
            await self._waves[key].join(hold, request)
        on_reference()
        watch = self._watched[key] = self._watch(request, hold.reference)
        try:
            return await watch.reply(str(hold.call.id))
        finally:
            del self._watched[key]

    def are_all(self, keys: Collection[str]) -> bool:
        """Tell whether these steps, of which there are some, wait in batches that were looked at and have not ended."""
        watches = [self._watched.get(key) for key in keys]
        return bool(watches) and all(watch is not None and watch.may_be_left for watch in watches)

    def end(self) -> None:
        """Cancel all batches: the job ends, and pays for what was executed."""
        self._job_ends = True
        for watch in self._watches.values():
            watch.end()

    def _watch(self, request: Request, reference: str) -> _Watch:
        watch = self._watches.get(reference)
        if watch is None:
            watch = self._watches[reference] = _Watch(
                self._gateway,
                request,
                reference,
                until_s=self._clock() + self._time_s(request.card),
                clock=self._clock,
                on_look=self.on_look,
            )
            if self._job_ends:
                watch.end()
        return watch

    def _has_time(self, model: str) -> bool:
        return not self._job_ends and self._time_s(self._panel[model]) >= LEAST_BATCH_S

    def _time_s(self, card: ModelCard) -> float:
        until_s = self._may_wait_until_s
        return batch_s(self._panel[card.name], left_s=None if until_s is None else until_s - self._clock())


def _is_independent(step: Step) -> bool:
    return step.kind.calls_model and not step.parents and not step.tools
