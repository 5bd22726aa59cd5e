"""Seeded schedules of everything that can happen to jobs: `python -m tests.proof.schedules --seeds 5000 [--seed N]`.

Each schedule runs the real engine, journal and writer (sim_worker.py) against a simulated database (sim_store.py) on a
virtual clock: one to three jobs of any strategy, several workers with several slots, crashes before, between and after
commits, frozen and cut-off workers that come back as zombies, an unreachable database, lost confirmations, provider
outages and faults, deploys, and users who pause, resume, finish, cancel, raise and continue at any moment. The promises
are checked after every transaction and before every call, and once more at the end, when nothing is under way.

A seed that breaks a promise is printed with the command that repeats it. `--break RULE` leaves a rule out, to show that
the simulation would notice.
"""

import argparse
import asyncio
import functools
import json
import logging
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from jobs.core.states import ENDED, JobState, Wanted
from solver.core.money import NANO_PER_CENT
from solver.engine.plan import reserve_nano
from solver.simulation.simulate import Scenario, VirtualLoop
from solver.strategies import REGISTRY
from tests.proof.sim_store import MUTATIONS, Broken, JobRow, Store
from tests.proof.sim_worker import Process, Universe, Weather, setting_of

_LONGEST_S = 40_000.0
_MOST_WORKERS = 4
_TROUBLES = [
    *["kill"] * 4, *["die at a commit"] * 3, *["freeze"] * 3, *["cut off"] * 2, "deploy", "restart database",
    "provider outage", "slice",
]  # fmt: skip
_VERBS = [
    Wanted.PAUSE,
    Wanted.PAUSE,
    Wanted.RUN,
    Wanted.RUN,
    Wanted.RUN,
    Wanted.FINISH,
    Wanted.CANCEL,
    "raise",
    "raise",
]


@dataclass
class Report:
    """How one schedule went. `fingerprint` is the same for the same seed."""

    seed: int
    violation: str = ""
    events: list[str] = field(default_factory=list)
    transactions: int = 0
    calls: int = 0
    deaths: int = 0
    states: Counter[str] = field(default_factory=Counter)
    virtual_s: float = 0.0

    def fingerprint(self) -> tuple[Any, ...]:
        """Return what two runs of one seed must agree on."""
        states = tuple(sorted(self.states.items()))
        return (
            self.seed,
            self.violation,
            self.transactions,
            self.calls,
            self.deaths,
            states,
            round(self.virtual_s, 6),
        )


class NumberedTask(asyncio.Task[Any]):
    """A task whose place in a set does not depend on its address: schedules must repeat exactly."""

    numbers = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        NumberedTask.numbers += 1
        self._number = NumberedTask.numbers
        super().__init__(*arguments, **named)

    def __hash__(self) -> int:
        return self._number


class IdleLoop(VirtualLoop):
    """A virtual loop that asks no selector: nothing here comes from outside."""

    def __init__(self) -> None:
        super().__init__()
        self._selector.select = lambda timeout=None: []  # type: ignore[attr-defined]  # asyncio's own


class Schedule:
    """One seed's story."""

    def __init__(self, seed: int, broken: str = "") -> None:
        self._rng = random.Random(f"schedule:{seed}")
        self._seed = seed
        self._broken = broken
        self._events: list[str] = []
        self._births = 0

    async def play(self) -> Report:
        """Play the story to its end."""
        rng, loop = self._rng, asyncio.get_running_loop()
        self._weather = Weather(
            fault=rng.choice([0.0, 0.05, 0.3]), lost_confirmation=rng.choice([0.0, 0.0, 0.03]),
            latency_s=rng.choice([0.002, 0.02, 0.2]),
        )  # fmt: skip
        self._store = Store(loop.time, lease_s=rng.choice([6.0, 20.0, 60.0]), broken=self._broken)
        self._universe = Universe(self._store, self._weather, rng)
        for _ in range(rng.randint(1, 3)):
            self._submit()
        self._slots = rng.randint(1, 3)
        self._processes = [self._born() for _ in range(rng.randint(1, 3))]
        report = Report(self._seed)
        try:
            await self._trouble(horizon_s=rng.choice([20.0, 60.0, 200.0]))
            await self._calm()
        except Broken as error:
            self._universe.violated(error)
        report.violation = next(iter(self._universe.violations), "")
        report.events, report.virtual_s = self._events, loop.time()
        report.transactions, report.calls = self._store.transactions, self._universe.calls
        report.deaths = self._universe.deaths
        report.states = Counter(job.state.value for job in self._store.jobs.values())
        return report

    # The cast ---------------------------------------------------------------------------------------------------

    def _submit(self) -> None:
        rng = self._rng
        scenario = Scenario(
            seed=rng.getrandbits(32), budget_nano=round(rng.uniform(2, 25) * NANO_PER_CENT),
            strategy=rng.choice(sorted(REGISTRY)), is_checkable=rng.random() < 0.3, slots=rng.randint(1, 8),
            options={"writes": rng.random() < 0.5},
        )  # fmt: skip
        setting = setting_of(scenario, scenario.budget_nano)
        reserve = reserve_nano(setting.panel, setting.problem, budget_nano=scenario.budget_nano, markup_bp=0)
        deadline_s = rng.uniform(10, 300) if rng.random() < 0.15 else None
        job_id = UUID(int=rng.getrandbits(128))
        self._store.submit(JobRow(job_id, scenario.budget_nano, reserve, deadline_s, scenario))

    def _born(self) -> Process:
        self._births += 1
        return Process(self._universe, f"worker-{self._births}", self._slots)

    def _replaced(self, index: int) -> None:
        self._processes[index] = self._born()

    def _reinforced(self) -> None:
        """Add another worker, as there is on another machine while one is in trouble."""
        if sum(process.alive for process in self._processes) < _MOST_WORKERS:
            self._processes.append(self._born())

    # What happens -----------------------------------------------------------------------------------------------

    async def _trouble(self, *, horizon_s: float) -> None:
        rng, loop = self._rng, asyncio.get_running_loop()
        pace_s = rng.choice([1.0, 4.0, 15.0])
        while loop.time() < horizon_s and not self._universe.violations:
            await asyncio.sleep(rng.expovariate(1 / pace_s))
            if rng.random() < 0.35:
                self._meddle(rng.choice(_VERBS))
            else:
                self._let(rng.choice(_TROUBLES))
            self._replace_the_dead()

    def _let(self, trouble: str) -> None:
        rng, now = self._rng, asyncio.get_running_loop().time()
        index = rng.randrange(len(self._processes))
        process, lease_s = self._processes[index], self._store.lease_s
        self._note(f"{trouble} ({process.name})")
        match trouble:
            case "kill":
                process.die()
            case "die at a commit":
                process.die_at_commit(rng.choice(["before", "after"]), rng.randint(1, 12))
            case "freeze":
                process.freeze(rng.uniform(0.1, 2.5) * lease_s)
                self._reinforced()
            case "cut off":
                process.cut_until_s = now + rng.uniform(0.1, 2.5) * lease_s
                self._reinforced()
            case "deploy":
                process.drain()
                self._replaced(index)
            case "restart database":
                self._weather.down_until_s = now + rng.uniform(0.1, 8.0)
            case "provider outage":
                self._weather.outage_until_s = now + rng.uniform(1.0, 90.0)
            case "slice":
                process.ask_all_to_give_way()

    def _meddle(self, verb: Wanted | str) -> None:
        job = self._rng.choice(list(self._store.jobs.values()))
        if verb == "raise":
            to_nano = job.budget_nano + round(self._rng.uniform(0.5, 6) * NANO_PER_CENT)
            done = job.version < 4 and self._store.raise_budget(job, to_nano)
        else:
            done = self._store.want(job, Wanted(verb))
        if done:
            self._note(f"{verb} ({job.scenario.strategy}, {job.state})")
            for process in self._processes:
                # A worker hears of it at once unless the notice is lost; then its heartbeat does.
                if self._rng.random() < 0.8 and not process.is_cut_off():
                    process.hear(job.id, job.wanted, job.budget_nano)

    def _replace_the_dead(self) -> None:
        for index, process in enumerate(self._processes):
            if not process.alive and self._rng.random() < 0.7:
                self._replaced(index)

    def _note(self, event: str) -> None:
        self._events.append(f"{asyncio.get_running_loop().time():8.2f} s  {event}")

    # The end ----------------------------------------------------------------------------------------------------

    async def _calm(self) -> None:
        """Let everything come to rest with one more worker; then judge."""
        self._weather.fault = self._weather.lost_confirmation = 0.0
        self._processes.append(self._born())
        if self._rng.random() < 0.5:
            for job in self._store.jobs.values():
                self._store.want(job, Wanted.RUN)
        await self._rest()
        # Zombies may still believe that they have a job: whatever they do now must change nothing.
        await asyncio.sleep(4 * self._store.lease_s)
        # A deadline may have taken a job out of its pause meanwhile.
        await self._rest()
        for job in self._store.jobs.values():
            self._store.judge(job)

    async def _rest(self) -> None:
        """Wait until every job has ended or is paused, for as long as that may take."""
        until_s = asyncio.get_running_loop().time() + _LONGEST_S
        while not self._universe.violations and asyncio.get_running_loop().time() < until_s:
            if all(job.state in {*ENDED, JobState.PAUSED} for job in self._store.jobs.values()):
                break
            await asyncio.sleep(5.0)


async def _tidied(schedule: Schedule) -> Report:
    """Play a schedule, then end every task that is left."""
    try:
        return await schedule.play()
    finally:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=1.0)


def play(seed: int, broken: str = "") -> Report:
    """Play the schedule of a seed on a loop of its own."""
    NumberedTask.numbers = 0
    loop = IdleLoop()
    loop.set_task_factory(lambda loop, coroutine, **named: NumberedTask(coroutine, loop=loop, **named))
    loop.set_exception_handler(lambda *_: None)
    try:
        return loop.run_until_complete(_tidied(Schedule(seed, broken)))
    finally:
        loop.close()


def play_all(seeds: Sequence[int], broken: str, *, seconds: float, processes: int) -> Iterator[Report]:
    """Play many seeds in several processes and yield their reports in order; begin none after so many seconds."""
    ends_s = time.monotonic() + seconds
    work = functools.partial(_unless_late, broken=broken, ends_s=ends_s)
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for report in pool.imap(work, seeds, chunksize=5):
            if report is not None:
                yield report


def _unless_late(seed: int, *, broken: str, ends_s: float) -> Report | None:
    return play(seed, broken) if time.monotonic() < ends_s else None


def command(seed: int, broken: str) -> str:
    """Return the command that repeats a seed."""
    return f"python -m tests.proof.schedules --seed {seed}" + (f" --break {broken}" if broken else "")


def main() -> int:
    """Play; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.schedules", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="how many schedules, beginning with --first")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="this one alone, with what happened in it")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="begin no schedule after that long"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--break", dest="broken", choices=sorted(MUTATIONS), default="", help="leave a rule out"
    )
    options = parser.parse_args()
    logging.disable()
    if options.seed is not None:
        report = play(options.seed, options.broken)
        sys.stdout.write("\n".join([*report.events, f"fingerprint {report.fingerprint()}"]) + "\n")
        return _told(report, options.broken) if report.violation else 0
    seeds = range(options.first, options.first + options.seeds)
    began, totals, states = time.monotonic(), Counter[str](), Counter[str]()
    for report in play_all(seeds, options.broken, seconds=options.seconds, processes=options.processes):
        totals.update(
            played=1,
            transactions=report.transactions,
            calls=report.calls,
            deaths=report.deaths,
            events=len(report.events),
        )
        states += report.states
        if report.violation:
            return _told(report, options.broken)
    figures = dict(totals) | {
        "schedules_a_minute": round(60 * totals["played"] / (time.monotonic() - began)),
        "jobs": dict(sorted(states.items())),
        "violations": 0,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _told(report: Report, broken: str) -> int:
    """Say which promise was broken, and how to see it again."""
    sys.stdout.write(f"Seed {report.seed}: {report.violation}.\n{command(report.seed, broken)}\n")
    return 1


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets of strings is part of a schedule.
        os.execve(
            sys.executable, [sys.executable, "-m", "tests.proof.schedules", *sys.argv[1:]],
            os.environ | {"PYTHONHASHSEED": "0"},
        )  # fmt: skip
    sys.exit(main())
