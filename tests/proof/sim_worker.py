"""A worker process of a simulation: the real engine, journal and writer between a simulated database and provider.

What jobs/worker/{host,ending,heartbeat}.py do with threads is done here with tasks, by the same rules. A process can
die at any moment (its tasks stand still for ever), freeze (SIGSTOP: it stands still for a while and goes on believing
what it believed), or be cut off from the database. `passing` is the gate that all of it goes through.
"""

import asyncio
import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg

from jobs.core.lease import Lease
from jobs.core.states import JobState, Wanted
from jobs.worker.journal import PostgresJournal
from jobs.worker.writer import Writer
from solver.core.errors import InDoubt, Interrupted, Interruption, LeaseLost, NotExecuted, ProviderDown
from solver.core.pricing import Usage
from solver.core.purse import Purse
from solver.core.request import Reply, Request
from solver.core.steps import StopReason
from solver.engine.calls.attempts import seed_of
from solver.engine.control import Control, Stop
from solver.engine.outcome import Limits, Outcome
from solver.engine.runner import Runner
from solver.simulation.simulate import PlainJudge, Scenario, _reply, _setting
from solver.simulation.world import World
from solver.strategies import Setting, make_strategy
from tests.proof.sim_store import Broken, CallRow, JobRow, Store, promise

MAX_IDLE_CLAIMS = 5
WAITS_S = (15, 30, 60, 120, 300, 600)
_STOPS = {Wanted.FINISH: Stop.FINISH, Wanted.CANCEL: Stop.CANCEL, Wanted.PAUSE: Stop.PAUSE}
_UNAVAILABLE = psycopg.OperationalError
_seed_of = functools.lru_cache(10_000)(seed_of)


@dataclass
class Weather:
    """What goes wrong by itself, as shares of requests and transactions; zero once the schedule is over."""

    fault: float = 0.0
    lost_confirmation: float = 0.0
    down_until_s: float = 0.0
    outage_until_s: float = 0.0
    latency_s: float = 0.02


class Universe:
    """What all processes of one schedule share."""

    def __init__(self, store: Store, weather: Weather, rng: random.Random) -> None:
        self.store = store
        self.weather = weather
        self.rng = rng
        self.violations: list[str] = []
        self.limbo: list[asyncio.Future[None]] = []
        self.calls = 0
        self.deaths = 0
        # When the database or a process was last in trouble: what hears late then is not deaf.
        self.trouble_s = float("-inf")

    def now(self) -> float:
        """Return the virtual time in seconds."""
        return asyncio.get_running_loop().time()

    def violated(self, error: Broken) -> None:
        """Note a broken promise; the schedule is over."""
        self.violations.append(str(error))


class SimWriter(Writer):
    """The real group-commit writer; only the connection to the database is simulated."""

    def __init__(self, process: "Process") -> None:
        super().__init__("")
        self._process = process

    async def _send(self, batch: Any) -> list[Any]:
        store = self._process.universe.store
        return await self._process.transaction(
            lambda: [store.act(act.name, act.job_id, act.token, act.data) for act in batch]
        )


class Process:
    """One worker process."""

    def __init__(self, universe: Universe, name: str, slots: int) -> None:
        self.universe = universe
        self.name = name
        self.alive, self.draining = True, False
        self.frozen_until_s = self.cut_until_s = self.thawed_s = float("-inf")
        self.dies_at: tuple[str, int] | None = None
        self.executions: dict[UUID, tuple[int, Control]] = {}
        self._commits = 0
        self._renewed_at_s = universe.now()
        self._busy = asyncio.Event()
        self._writer = SimWriter(self)
        every_s = min(universe.store.lease_s / 6, 10.0)
        self.every_s = every_s
        self._tasks = [
            self._start(self._beat()),
            self._start(self._guard()),
            *(self._start(self._work()) for _ in range(slots)),
        ]

    # The gate ---------------------------------------------------------------------------------------------------

    def _start(self, work: Any) -> "asyncio.Task[None]":
        return asyncio.get_running_loop().create_task(self._watched(work))

    async def _watched(self, work: Any) -> None:
        try:
            await work
        except Broken as error:
            self.universe.violated(error)

    async def passing(self) -> None:
        """Return while the process runs; wait while it is frozen; never return once it is dead."""
        while True:
            if not self.alive:
                forever = asyncio.get_running_loop().create_future()
                # Whoever waits for it must not be collected as garbage: that would run its `finally` clauses.
                self.universe.limbo.append(forever)
                await forever
            left_s = self.frozen_until_s - self.universe.now()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)
            self.thawed_s = self.universe.now()

    def die(self) -> None:
        """Stop dead."""
        if self.alive:
            self.alive = False
            self.universe.deaths += 1

    def die_at_commit(self, moment: str, number: int) -> None:
        """Stop dead before or after one of the next commits."""
        self.dies_at = (moment, self._commits + number)

    def freeze(self, seconds: float) -> None:
        """Stand still for a while, and notice nothing of it."""
        self.frozen_until_s = self.universe.now() + seconds

    def is_cut_off(self) -> bool:
        """Tell whether the database is out of reach."""
        return self.universe.now() < self.cut_until_s

    def ask_all_to_give_way(self) -> None:
        """Ask every job here to end its execution at a quiet point."""
        for _, control in self.executions.values():
            control.ask_to_give_way()

    async def transaction[T](self, work: Callable[[], T]) -> T:
        """Do one transaction, some time from now; it may be lost before or after its commit. Raises OperationalError."""
        universe, weather = self.universe, self.universe.weather
        await self._pass_time()
        if universe.now() < max(weather.down_until_s, self.cut_until_s):
            raise _UNAVAILABLE("the server does not answer")
        self._commits += 1
        if self.dies_at == ("before", self._commits):
            self.die()
            await self.passing()
        value = work()
        if self.dies_at == ("after", self._commits):
            self.die()
        lost = universe.rng.random() < weather.lost_confirmation
        await self._pass_time()
        if lost or universe.now() < self.cut_until_s:
            universe.trouble_s = universe.now()
            raise _UNAVAILABLE("the confirmation did not arrive")
        return value

    async def _pass_time(self) -> None:
        await asyncio.sleep(self.universe.rng.expovariate(1 / self.universe.weather.latency_s))
        await self.passing()

    async def retry_while_database_is_down[T](self, work: Callable[[], T]) -> T:
        """Do a transaction again and again, at most for a lease (retry.py)."""
        give_up_s, pause_s = self.universe.now() + self.universe.store.lease_s, 0.2
        while True:
            try:
                return await self.transaction(work)
            except _UNAVAILABLE:
                if self.universe.now() > give_up_s:
                    raise
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 2.0)

    # The heartbeat ----------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Renew the leases again and again."""
        while not self._is_over():
            if not self.executions:
                # The real one goes on asking; with nothing to renew that changes nothing.
                self._busy.clear()
                await self._busy.wait()
                self._renewed_at_s = self.universe.now()
            await asyncio.sleep(self.every_s)
            await self.passing()
            try:
                await self._renew()
            except _UNAVAILABLE:
                continue

    def _is_over(self) -> bool:
        """Tell whether the process has drained and ended."""
        return self.draining and not self.executions

    async def _renew(self) -> None:
        store, running = (
            self.universe.store,
            {job_id: token for job_id, (token, _) in self.executions.items()},
        )
        asked_at_s = self.universe.now()
        renewed = await self.transaction(lambda: store.renew(self.name, list(running)))
        self._renewed_at_s = asked_at_s
        for job_id, token in running.items():
            current = self.executions.get(job_id)
            if job_id in renewed and renewed[job_id][0] == token:
                self.hear(job_id, renewed[job_id][1], renewed[job_id][2], token)
            elif (
                current
                and current[0] == token
                and not await self.transaction(lambda j=job_id, t=token: store.is_ours(j, t))  # type: ignore[misc]
            ):
                current[1].request(Stop.FENCED)

    async def _guard(self) -> None:
        """Send nothing more once the lease was not renewed for three quarters of its length."""
        give_up_s = 0.75 * self.universe.store.lease_s
        while not self._is_over():
            await self._busy.wait()
            left_s = self._renewed_at_s + give_up_s - self.universe.now()
            # As the real one it looks once a second, so it acts up to a second late.
            await asyncio.sleep(max(left_s, 0.0) + self.universe.rng.uniform(0.0, min(self.every_s, 1.0)))
            await self.passing()
            if self.universe.now() - self._renewed_at_s > give_up_s:
                self._stop_all(Stop.FENCED)

    def hear(self, job_id: UUID, wanted: Wanted, budget_nano: int, token: int | None = None) -> None:
        """Pass a wish or a higher budget on to a job that runs here."""
        if (
            not self.alive
            or self.universe.now() < self.frozen_until_s
            or self.universe.store.broken == "deaf"
        ):
            return
        execution = self.executions.get(job_id)
        if execution and token in {None, execution[0]}:
            if wanted in _STOPS:
                execution[1].request(_STOPS[wanted])
            execution[1].raise_limit(budget_nano)

    def _stop_all(self, stop: Stop) -> None:
        for _, control in list(self.executions.values()):
            control.request(stop)

    def drain(self) -> None:
        """Claim nothing more and give every job back."""
        self.draining = True
        self._stop_all(Stop.DRAIN)

    # Lives ------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        rng = self.universe.rng
        while not self.draining:
            claimed = None
            try:
                claimed = await self.transaction(lambda: self.universe.store.claim(self.name))
            except _UNAVAILABLE:
                await asyncio.sleep(1.0)
            if claimed is None:
                # The wake-up may be lost; the sweep looks again for what has become due.
                idle_s = min(self.universe.store.due_s() - self.universe.now(), 120.0)
                await asyncio.sleep(max(idle_s, 0.0) + rng.uniform(0.5, 5.0))
                continue
            try:
                await self._execute(*claimed)
            except _UNAVAILABLE:
                continue

    async def _execute(self, job: JobRow, token: int) -> None:
        control = Control()
        if not self._busy.is_set():
            self._renewed_at_s = self.universe.now()
            self._busy.set()
        self.executions[job.id] = (token, control)
        try:
            await self._run(job, token, control)
        finally:
            if self.executions.get(job.id, (None,))[0] == token:
                del self.executions[job.id]

    async def _run(self, job: JobRow, token: int, control: Control) -> None:
        store = self.universe.store
        if await self.retry_while_database_is_down(lambda: job.idle_claims) > MAX_IDLE_CLAIMS:
            await self.retry_while_database_is_down(
                lambda: store.finish(job.id, token, Outcome(StopReason.FAILED, None, "poison"))
            )
            return
        runner = await self.retry_while_database_is_down(lambda: self._runner(job, token, control))
        self.hear(job.id, job.wanted, job.budget_nano, token)
        if self.draining:
            control.request(Stop.DRAIN)
        try:
            outcome = await runner.run()
        except LeaseLost:
            return
        except Interrupted as stop:
            state = JobState.PAUSED if stop.reason is Interruption.PAUSE else JobState.QUEUED
            await self.retry_while_database_is_down(lambda: store.give_back(job.id, token, state))
        except ProviderDown:
            pause_s = WAITS_S[min(job.waits, len(WAITS_S) - 1)] * self.universe.rng.uniform(0.8, 1.2)
            await self.retry_while_database_is_down(
                lambda: store.give_back(job.id, token, JobState.WAITING, after_s=pause_s)
            )
        except (Broken, asyncio.CancelledError):
            raise
        except Exception as error:
            raise Broken(f"an execution ended by a fault: {type(error).__name__}: {error}") from error
        else:
            await self.retry_while_database_is_down(lambda: store.finish(job.id, token, outcome))

    def _runner(self, job: JobRow, token: int, control: Control) -> Runner:
        """Read the job's memory, as memory.py does, and make the execution from it."""
        scenario, universe, escrow = job.scenario, self.universe, job.escrow
        setting = setting_of(scenario, job.budget_nano)
        told = sorted(job.told.values(), key=lambda result: result.seq)
        if universe.store.broken == "telling":
            told = told[:-1]
        forgets = universe.store.broken == "budget"
        return Runner(
            problem=setting.problem, strategy=make_strategy(scenario.strategy, setting), panel=setting.panel,
            purse=Purse(
                limit_nano=job.budget_nano,
                reserve_nano=job.reserve_nano,
                settled_nano=job.budget_nano - escrow.balance_nano,
                in_doubt_nano=0 if forgets else escrow.held_nano,
            ),
            journal=PostgresJournal(
                self._writer, Lease(job.id, token, 1, 1), told=told, attempts=dict(job.attempts)
            ),
            gateway=Line(self, job, token, control),  # type: ignore[arg-type]  # no background mode here
            judge=PlainJudge(), control=control, seed=scenario.seed,
            limits=Limits(slots=scenario.slots, patience_s=30.0, grace_s=20.0, drain_s=10.0),
            deadline_s=job.deadline_s, clock=universe.now,
        )  # fmt: skip


class Line:
    """The gateway of one execution: a provider that answers, refuses, hangs, loses replies, lies about usage."""

    def __init__(self, process: Process, job: JobRow, token: int, control: Control) -> None:
        self._process, self._job, self._token, self._control = process, job, token, control
        self._world = World(job.scenario.seed)

    async def complete(self, request: Request) -> Reply:
        """Make one call; every promise about sending is checked first."""
        universe = self._process.universe
        await self._process.passing()
        call = self._call_of(request.seed)
        self._check(call)
        call.sent += 1
        universe.calls += 1
        rng, weather = universe.rng, universe.weather
        said = self._world.reply(request.card.name, request.messages, request.seed)
        fate = rng.choice(_FATES) if rng.random() < weather.fault else "good"
        if universe.now() < weather.outage_until_s:
            fate = "429"
        if fate == "429":
            await asyncio.sleep(rng.uniform(0.01, 0.5))
            await self._process.passing()
            raise NotExecuted("429", retry_after_s=rng.choice([None, None, 5.0]))
        call.executed = True
        await asyncio.sleep(said.seconds + (rng.uniform(5, 60) if fate in {"late", "timeout"} else 0.0))
        await self._process.passing()
        if fate in {"timeout", "lost"}:
            raise InDoubt(fate)
        reply = _reply(said, request.max_output_tokens)
        match fate:
            case "empty":
                reply = replace(reply, text="")
            case "no usage":
                reply = replace(reply, usage=None)
            case "lie":
                reply = replace(reply, usage=Usage(10**7, 10**7))
        return reply

    def _call_of(self, seed: int) -> CallRow:
        mine = [
            call
            for call in self._job.calls.values()
            if call.token == self._token and _seed_of(self._job.scenario.seed, call.key) == seed
        ]
        promise(mine, "a call was sent that nobody opened")
        return max(mine, key=lambda call: call.attempt)

    def _check(self, call: CallRow) -> None:
        universe, job, process = self._process.universe, self._job, self._process
        now = universe.now()
        promise(self._control.stop is None, f"a call was sent after “{self._control.stop}” was heard")
        slept = process.thawed_s >= call.opened_s
        ended = call.version < job.version or job.escrow.closed
        promise(
            call.state == "held" or (slept and (ended or call.state == "in_doubt")),
            f"a call was sent whose money is {call.state}",
        )
        promise(slept or now <= job.lease_ends_s[self._token], "a call was sent after the lease had run out")
        promise(
            slept or job.token == self._token, "a call was sent by an execution after another one had begun"
        )
        told = job.told.get(call.key)
        promise(slept or told is None, f"step {call.key} was told and is bought again")
        heard_late = max(
            universe.trouble_s, process.thawed_s, process.cut_until_s, universe.weather.down_until_s
        )
        since_s = now - max(job.wanted_at_s, heard_late)
        promise(
            job.wanted == Wanted.RUN or since_s <= process.every_s + 3.0,
            f"a call was sent {since_s:.1f} s after the user wanted “{job.wanted}”",
        )

    async def close(self) -> None:
        """Do nothing: there is no connection."""


def setting_of(scenario: Scenario, budget_nano: int) -> Setting:
    """Return what a scenario's strategy is made from; its cheapest model writes prose where `writes` is an option."""
    setting = replace(_setting(scenario), budget_nano=budget_nano)
    if not scenario.options.get("writes"):
        return setting
    cheapest, *others = setting.panel
    return replace(setting, panel=(replace(cheapest, bundled=False), *others))


_FATES: Sequence[str] = ("429", "429", "timeout", "lost", "late", "empty", "no usage", "lie")
