"""Simulated jobs with faults, through the production runner: `python -m tests.proof.simulated [--jobs 100000]`.

Every strategy, with and without a checker, and what runs inside `auto` for programs and data alone, at one to twenty
cents, meets time-outs, refusals and storms of them, lost
and lying usage, empty replies and kills, at the rates pinned in solver/simulation/simulation.json. A job breaks its
promise when what was charged and what is in doubt exceed the budget, when a reply came and yet no answer, or when it
ends without a reason. The last line is one JSON object; with `--report` it is also written to a file.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from solver.core.steps import StopReason
from solver.simulation.simulate import Scenario, SimulatedJob, simulate_all
from solver.simulation.world import parameters
from solver.strategies import REGISTRY

_CHUNK = 500
_PROVEN_BY_NOTHING = (ResultKind.CODE, ResultKind.DATA)
CONTESTANTS: tuple[tuple[str, ResultKind | None], ...] = (
    *((name, None) for name in sorted(REGISTRY)),
    *(("auto", result) for result in _PROVEN_BY_NOTHING),
)
"""Who plays, and what should come back where that is neither a short answer nor what the strategy is for."""


def scenario(number: int) -> Scenario:
    """Return the scenario of this number: all strategies in turn, then with a checker, then other budgets and slots."""
    strategy, result = CONTESTANTS[number % len(CONTESTANTS)]
    return Scenario(
        seed=number,
        budget_nano=(1 + number // (2 * len(CONTESTANTS)) % 20) * NANO_PER_CENT,
        strategy=strategy,
        is_checkable=number // len(CONTESTANTS) % 2 == 1 and result is None,
        faults=True,
        slots=1 + number % 16,
        result=result,
        tools=strategy == "agent",
    )


def broken(job: SimulatedJob) -> Iterator[str]:
    """Yield the promises that a job broke."""
    if job.charged_nano + job.in_doubt_nano > job.budget_nano:
        yield "overspent"
    if job.outcome.best is None and job.calls:
        yield "unanswered"
    if job.outcome.stop_reason not in StopReason:
        yield "without a reason"


def prove(first: int, count: int) -> Counter[str]:
    """Run the scenarios of these numbers and count what happened. Broken promises name their scenario."""
    seen: Counter[str] = Counter()
    scenarios = [scenario(number) for number in range(first, first + count)]
    for asked, job in zip(scenarios, simulate_all(scenarios), strict=True):
        faults = {
            "kills": job.executions - 1,
            "jobs_with_money_in_doubt": int(job.in_doubt_nano > 0),
            "jobs_whose_every_call_failed": int(not job.calls),
        }
        seen.update({"jobs": 1, "calls": job.calls, f"ended_{job.outcome.stop_reason}": 1, **faults})
        for promise in broken(job):
            seen[f"BROKEN {promise}: {asked}"] += 1
    return seen


def main() -> int:
    """Run so many jobs on all processors, print and keep the counts, return 0 if no promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.simulated", description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    began_s, seen = time.monotonic(), Counter[str]()
    with ProcessPoolExecutor(options.processes) as workers:
        firsts = range(0, options.jobs, _CHUNK)
        for part in workers.map(prove, firsts, [min(_CHUNK, options.jobs - first) for first in firsts]):
            seen.update(part)
            sys.stderr.write(f"{seen['jobs']} jobs\n")
    broken_promises = {name: count for name, count in seen.items() if name.startswith("BROKEN")}
    report = {
        "command": f"python -m tests.proof.simulated --jobs {options.jobs}",
        "strategies": [f"{name}, for {result}" if result else name for name, result in CONTESTANTS],
        "fault_rates": parameters()["faults"],
        "overspent": sum("overspent" in name for name in broken_promises),
        "unanswered": sum("unanswered" in name for name in broken_promises),
        **dict(sorted((seen - Counter(broken_promises)).items())),
        "broken": sorted(broken_promises),
        "wall_s": round(time.monotonic() - began_s),
    }
    if options.report:
        options.report.write_text(json.dumps(report, indent=2) + "\n")
    sys.stdout.write(json.dumps(report) + "\n")
    return int(bool(broken_promises))


if __name__ == "__main__":
    sys.exit(main())
