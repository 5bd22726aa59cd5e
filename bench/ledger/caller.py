"""One process of callers that spend one budget together with other processes, in one of three ways.

`ledger` is Ponder's: hold, execute, settle; a hold that does not fit is halved. The others keep one counter, as many
programs do: `check_then_add` executes while the counter is below the budget, `shrink_and_admit` also makes no call
larger than what the counter says is left. A line on stdin names a run; `done` answers that its budget is spent.
"""

import json
import random
import socket
import sys
import threading
import time
import uuid
from typing import Any

import psycopg

from bench.ledger.books import HOLD, SETTLE

LEAST_NANO, MOST_NANO = 100_000, 2_000_000
_FIRST_LEAST_NANO = 500_000
_PATIENCE_S = 1.0
"""How long it is waited for calls in flight: those of a killed process never end."""


class Caller:
    """One caller with connections of its own."""

    def __init__(self, address: str, biller_port: int) -> None:
        self._draw = random.Random()
        self._books = psycopg.connect(address, autocommit=True)
        self._biller = socket.create_connection(("127.0.0.1", biller_port)).makefile("rw")

    def spend(self, run: dict[str, Any]) -> None:
        """Make calls until the budget of a run is spent."""
        getattr(self, run["way"])(run)

    def _execute(self, run: dict[str, Any], call: uuid.UUID, hold_nano: int) -> int:
        self._biller.write(f"{run['run']} {call} {hold_nano}\n")
        self._biller.flush()
        return int(self._biller.readline())

    def _wanted_nano(self) -> int:
        return self._draw.randint(_FIRST_LEAST_NANO, MOST_NANO)

    def ledger(self, run: dict[str, Any]) -> None:
        """Hold, execute, settle."""
        hold_nano, waits_since_s = self._wanted_nano(), 0.0
        while True:
            call = uuid.uuid4()
            names = {name: run[name] for name in ("escrow", "workspace", "job")}
            held = self._one(HOLD, names | {"call": call, "step": call.hex, "hold": hold_nano})
            if held == "held":
                cost = self._execute(run, call, hold_nano)
                self._one(SETTLE, {"call": call, "cost": cost})
                hold_nano, waits_since_s = self._wanted_nano(), 0.0
            elif hold_nano > LEAST_NANO:
                hold_nano = max(hold_nano // 2, LEAST_NANO)
            else:
                waits_since_s = waits_since_s or time.monotonic()
                in_flight = self._one("SELECT held_nano FROM billing_account WHERE id = %(escrow)s", names)
                if not in_flight or time.monotonic() - waits_since_s > _PATIENCE_S:
                    return
                time.sleep(self._draw.uniform(0.02, 0.06))

    def check_then_add(self, run: dict[str, Any]) -> None:
        """Execute while less than the budget is spent."""
        while self._spent(run) < run["budget"]:
            self._add(run, self._execute(run, uuid.uuid4(), self._wanted_nano()))

    def shrink_and_admit(self, run: dict[str, Any]) -> None:
        """Execute what fits into what is left."""
        while (left_nano := run["budget"] - self._spent(run)) >= LEAST_NANO:
            self._add(run, self._execute(run, uuid.uuid4(), min(self._wanted_nano(), left_nano)))

    def _spent(self, run: dict[str, Any]) -> int:
        return int(self._one("SELECT spent FROM bench_counter WHERE run = %(run)s", run))

    def _add(self, run: dict[str, Any], cost_nano: int) -> None:
        self._books.execute(
            "UPDATE bench_counter SET spent = spent + %(cost)s WHERE run = %(run)s",
            {"run": run["run"], "cost": cost_nano},
        )

    def _one(self, query: str, names: dict[str, Any]) -> Any:
        row = self._books.execute(query, names, prepare=True).fetchone()
        assert row is not None, "every query here returns a row"
        return row[0]


def main(address: str, biller_port: int, callers: int) -> None:
    """Work on one run after another until stdin ends."""
    made = [Caller(address, biller_port) for _ in range(callers)]
    for line in sys.stdin:
        run = json.loads(line)
        threads = [threading.Thread(target=each.spend, args=(run,)) for each in made]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
