"""Whether a budget holds, and everything is recorded, where 64 callers spend it and their processes are killed.

Each run is one budget, spent by `CALLERS` callers in several processes as fast as they can; in three of ten runs one of
the processes is killed (SIGKILL) at a random moment. An independent biller in a process of its own says what was
executed and what it cost. `overshoot_nano`: what was billed or charged beyond the budgets; `unrecorded_nano`: what was
billed and is in no book (a call in doubt is in the house's book with its whole hold); `budget_used`: the mean share of
the budget that was spent where nothing was killed. `check_then_add` and `shrink_and_admit` are the same load with two
ways to keep a budget in one counter (bench/ledger/caller.py); `budget_used_by_cents` and what follows it are jobs with
small budgets and the engine's own holds (bench/ledger/small_budgets.py).
"""

import contextlib
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from bench.ledger import small_budgets
from bench.ledger.books import drift_nano, open_job, rich_workspace
from bench.services import database

if TYPE_CHECKING:
    from accounts.models import Workspace

CALLERS, PROCESSES = 64, 4
BUDGET_NANO = 100_000_000
_KILLED_OF_TEN = 3
_KILL_WITHIN_S = 0.4
WAYS = ("ledger", "check_then_add", "shrink_and_admit")


class Run(NamedTuple):
    """What the books say of one run: by call what is recorded of it, and what was charged to the budget."""

    run: str
    way: str
    was_killed: bool
    charged_nano: int
    recorded: Mapping[str, int]


class Finding(NamedTuple):
    """What one way of keeping a budget came to."""

    runs: int
    overshoot_nano: int
    unrecorded_nano: int
    budget_used: float


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return what went wrong with each way to keep a budget, in nano-USD, and how much of a budget can be used."""
    runs = dict(zip(WAYS, (24, 6, 6) if quick else (1000, 100, 100), strict=True))
    with database(**small_budgets.SETTINGS) as ours:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_counter (run text PRIMARY KEY, spent bigint NOT NULL)")
        with _Load(ours.address, rich_workspace()) as load:
            done = [load.run(way) for way in WAYS for _ in range(runs[way])]
            bill = load.bill()
        small = small_budgets.used_by_cents(ours, jobs=3 if quick else 20)
        if drift := drift_nano():
            raise RuntimeError(f"The books contradict themselves by {drift} nano-USD.")
    found = {way: compare([run for run in done if run.way == way], bill) for way in WAYS}
    for way, finding in found.items():
        sys.stderr.write(f"{way:<17}" + "  ".join(f"{k} {v}" for k, v in finding._asdict().items()) + "\n")
    ledger = found.pop("ledger")._asdict()
    return {**ledger, **{way: finding._asdict() for way, finding in found.items()}, **small}


def compare(runs: list[Run], bill: Mapping[str, Mapping[str, int]]) -> Finding:
    """Hold the books against the bill (run → call → cost)."""
    overshoot = unrecorded = 0
    used: list[float] = []
    for run in runs:
        executed = bill.get(run.run, {})
        billed = sum(executed.values())
        overshoot += max(billed, run.charged_nano, BUDGET_NANO) - BUDGET_NANO
        if run.way == "ledger":
            unrecorded += sum(max(cost - run.recorded.get(call, 0), 0) for call, cost in executed.items())
        else:
            unrecorded += max(billed - run.charged_nano, 0)
        if not run.was_killed:
            used.append(min(billed, BUDGET_NANO) / BUDGET_NANO)
    return Finding(len(runs), overshoot, unrecorded, round(sum(used) / max(len(used), 1), 4))


class _Load:
    """The biller, the processes of callers, and a run at a time."""

    def __init__(self, address: str, workspace: "Workspace") -> None:
        self._address = address
        self._workspace = workspace
        self._draw = random.Random(11)
        self._made = 0

    def __enter__(self) -> Self:
        self._biller = _start("bench.ledger.biller", "11")
        assert self._biller.stdout is not None, "it is a pipe"
        self._port = int(self._biller.stdout.readline())
        self._callers = [self._caller() for _ in range(PROCESSES)]
        return self

    def __exit__(self, *error: object) -> None:
        for process in [*self._callers, self._biller]:
            process.kill()
            process.communicate()

    def _caller(self) -> "subprocess.Popen[str]":
        return _start("bench.ledger.caller", self._address, str(self._port), str(CALLERS // PROCESSES))

    def run(self, way: str) -> Run:
        """Spend one budget."""
        self._made += 1
        name = f"{way}/{self._made}"
        spec: dict[str, Any] = {"run": name, "way": way, "budget": BUDGET_NANO}
        with _budget(self._workspace, spec) as result:
            for process in self._callers:
                assert process.stdin is not None, "it is a pipe"
                process.stdin.write(json.dumps(spec, default=str) + "\n")
                process.stdin.flush()
            was_killed = self._draw.randrange(10) < _KILLED_OF_TEN
            waited_for = list(self._callers)
            if was_killed:
                time.sleep(self._draw.uniform(0, _KILL_WITHIN_S))
                victim = waited_for.pop(self._draw.randrange(PROCESSES))
                victim.kill()
                victim.communicate()
                self._callers[self._callers.index(victim)] = self._caller()
            for process in waited_for:
                assert process.stdout is not None, "it is a pipe"
                if process.stdout.readline() != "done\n":
                    raise RuntimeError(f"A process of callers ended in run {name}.")
        charged_nano, recorded = result
        return Run(name, way, was_killed, charged_nano, recorded)

    def bill(self) -> dict[str, dict[str, int]]:
        """Ask the biller for everything that was executed."""
        with (
            socket.create_connection(("127.0.0.1", self._port)) as connection,
            connection.makefile("rw") as line,
        ):
            line.write("bill\n")
            line.flush()
            bill: dict[str, dict[str, int]] = json.loads(line.readline())
        return bill


@contextlib.contextmanager
def _budget(workspace: "Workspace", spec: dict[str, Any]) -> Iterator[list[Any]]:
    """Make the budget of a run, and add its names to `spec`; afterwards the list holds what its books say."""
    from django.db import connection, transaction

    from billing.books.escrow import close_escrow
    from billing.models import Call, CallState

    result: list[Any] = []
    if spec["way"] == "ledger":
        money = open_job(workspace, BUDGET_NANO)
        spec |= money._asdict()
        yield result
        with transaction.atomic():
            charged_nano = close_escrow(job_id=money.job, version=1).charged_nano
        rows = Call.objects.filter(job_id=money.job).values_list("pk", "state", "cost_nano", "hold_nano")
        recorded = {
            str(call): cost if state == CallState.SETTLED else hold
            for call, state, cost, hold in rows
            if state in {CallState.SETTLED, CallState.IN_DOUBT}
        }
        result += [charged_nano, recorded]
        return
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_counter VALUES (%s, 0)", [spec["run"]])
        yield result
        cursor.execute("SELECT spent FROM bench_counter WHERE run = %s", [spec["run"]])
        result += [int(cursor.fetchone()[0]), {}]


def _start(module: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603  (ourselves)
        [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
