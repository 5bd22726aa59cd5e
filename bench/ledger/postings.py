"""How many holds and settlements a second PostgreSQL commits, over 50 jobs and on one, against its own benchmark.

A pair is two commits with synchronous_commit on: a hold, then its settlement with all entries. pgbench sends them as
it sends its own simple update (two tables and an insert, one commit), with the same clients, in turn, so that both see
the same machine: `vs_pgbench` is the pairs over 50 jobs per half of its transactions. `hold_p99_ms` is seen by eight
Python processes that hold and settle as fast as they can; `drift_nano` is what the books are wrong by after all of it.
"""

import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.ledger.books import drift_nano, open_job, rich_workspace
from bench.services import Database, database
from reasoning_app.backups.postgres_programs import client_program
from solver.core.money import NANO_PER_USD

JOBS, CLIENTS, PROCESSES = 50, 8, 8
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_JOBS_TABLE = "CREATE TABLE bench_job (n int PRIMARY KEY, job uuid, escrow bigint, workspace bigint)"
_PAIR = """
\\set n random({first}, {last})
\\set r random(1, 9000000000000000000)
\\set h random(200000, 2000000)
SELECT billing_hold(md5('c' || :r)::uuid, escrow, workspace, job, 1, 'model', 's/' || :r, 1, 'demo/expert', NULL, :h,
    100, 50) FROM bench_job WHERE n = :n;
SELECT billing_settle(md5('c' || :r)::uuid, :h * 7 / 10, :h * 7 / 10, 90, 10, 0, 80, 5, '{{}}', false, '');
"""


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return pairs per second, their ratio to pgbench, the slowest of a hundred holds, and the drift of the books."""
    seconds, rounds, scale = (4, 3, 5) if quick else (20, 3, 20)
    with database(PONDER_MODELS="demo/expert") as ours, tempfile.TemporaryDirectory() as scripts:
        from django.db import connection

        workspace = rich_workspace()
        jobs = [open_job(workspace, 10_000 * NANO_PER_USD) for _ in range(JOBS)]
        with connection.cursor() as cursor:
            cursor.execute(_JOBS_TABLE)
            cursor.executemany(
                "INSERT INTO bench_job VALUES (%s, %s, %s, %s)",
                [(number, *job) for number, job in enumerate(jobs, start=1)],
            )
        over_50, on_1 = Path(scripts, "over_50.sql"), Path(scripts, "on_1.sql")
        over_50.write_text(_PAIR.format(first=1, last=JOBS))
        on_1.write_text(_PAIR.format(first=1, last=1))
        _pgbench(ours, "-i", "-q", "-s", str(scale))
        load = ["-c", str(CLIENTS), "-j", "2", "-M", "prepared", "-n", "-T", str(seconds)]
        rates: dict[str, list[float]] = {"pgbench": [], "50": [], "1": []}
        for _ in range(rounds):
            rates["pgbench"].append(_tps(_pgbench(ours, *load, "-N")))
            rates["50"].append(_tps(_pgbench(ours, *load, "-f", str(over_50))))
            rates["1"].append(_tps(_pgbench(ours, *load, "-f", str(on_1))))
        waits_ms = _holds_of_processes(ours, seconds)
        pairs = {name: statistics.median(each) for name, each in rates.items()}
        return {
            "pairs_per_s_50": round(pairs["50"]),
            "pairs_per_s_1": round(pairs["1"]),
            "vs_pgbench": round(pairs["50"] / (pairs["pgbench"] / 2), 2),
            "hold_p99_ms": round(statistics.quantiles(waits_ms, n=100)[98], 1),
            "drift_nano": drift_nano(),
        }


def _pgbench(ours: Database, *arguments: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        program = client_program("pgbench", server_major=int(cursor.fetchone()[0]) // 10_000)
    command = [str(program), *arguments, ours.address]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  (PostgreSQL's own)


def _tps(said: str) -> float:
    found = _TPS.search(said)
    if found is None:
        raise RuntimeError(f"pgbench did not say how many transactions it made: {said[-500:]}")
    return float(found[1])


def _holds_of_processes(ours: Database, seconds: int) -> list[float]:
    """Return how long each hold took, in milliseconds, of processes that hold and settle at once."""
    command = [sys.executable, "-m", "bench.ledger.holder", ours.address, str(seconds)]
    made = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  (ourselves)
        for _ in range(PROCESSES)
    ]
    return [float(line) for process in made for line in process.communicate()[0].split()]
