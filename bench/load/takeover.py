"""How soon another worker continues a job: after kill -9 of its worker (the default lease), and after SIGTERM.

Real workers and a Beat; the clock runs from the signal to the moment at which another execution of the job holds money
for its next call. Workers die in turn, each with the jobs that it runs at that moment; the others take these over while
a successor starts. Calls take half a second, so that none is long when SIGTERM comes.
"""

import itertools
import signal
import time
from typing import TYPE_CHECKING, Any

from bench.load.workers import Fleet, Process, fleet, make_user, percentile, submit, wait_for
from solver.core.money import NANO_PER_USD

if TYPE_CHECKING:
    from uuid import UUID

WORKERS = 3
CALL_MS = 500
BUDGET_NANO = 400 * NANO_PER_USD
"""More than a job can spend while it is measured."""


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return percentiles of both, in seconds."""
    lease_s, kills, stops, jobs = (10, 2, 1, 12) if quick else (60, 10, 8, 24)
    with fleet(delay_ms=CALL_MS, PONDER_CALLS_PER_JOB="2", PONDER_LEASE_S=str(lease_s)) as ours:
        ours.start_beat()
        workers = [ours.start_worker() for _ in range(WORKERS)]
        user = make_user("bench")
        for number in range(jobs):
            text = f"Job {number}: what is the last digit of 7 to the power of 222?"
            submit(user, text, budget_nano=BUDGET_NANO)
        killed = _takeovers(ours, workers, kills, signal.SIGKILL, within_s=lease_s + 60)
        stopped = _takeovers(ours, workers, stops, signal.SIGTERM, within_s=60)
        from jobs.lifecycle import cancel_job
        from jobs.models import Job

        for job in Job.objects.all():
            cancel_job(job=job)
        wait_for(lambda: not Job.objects.exclude(state="cancelled").exists(), what="The end of all jobs")
    return {
        "lease_s": lease_s,
        "kills": kills,
        "kill_samples": len(killed),
        "kill_p50_s": percentile(killed, 0.5),
        "kill_p99_s": percentile(killed, 0.99),
        "kill_worst_s": percentile(killed, 1),
        "kill_goal_s": lease_s + 15,
        "sigterms": stops,
        "sigterm_samples": len(stopped),
        "sigterm_p50_s": percentile(stopped, 0.5),
        "sigterm_p99_s": percentile(stopped, 0.99),
        "sigterm_worst_s": percentile(stopped, 1),
        "sigterm_goal_s": 10,
    }


def _takeovers(
    ours: Fleet, workers: list[Process], times: int, number: signal.Signals, *, within_s: float
) -> list[float]:
    """End workers one after another; return the seconds until each of their jobs made its next call elsewhere."""
    took_s: list[float] = []
    for turn in range(times):
        # The one with the most jobs: whoever died last has a successor that may have none yet.
        victim = max(workers, key=lambda worker: len(_jobs_of(worker)))
        wait_for(lambda victim=victim: _jobs_of(victim), what="A worker with jobs")  # type: ignore[misc]
        lost, began_s = _jobs_of(victim), time.time()
        victim.child.signal(number)
        workers[workers.index(victim)] = ours.start_worker()
        wait_for(
            lambda lost=lost: len(_next_calls(lost)) == len(lost),  # type: ignore[misc]
            what=f"Takeover {turn + 1}", timeout_s=within_s,
        )  # fmt: skip
        took_s += [at_s - began_s for at_s in _next_calls(lost)]
        victim.child.wait(60)
    return took_s


def _jobs_of(worker: Process) -> dict["UUID", int]:
    """Return the jobs that a worker runs, with their fencing tokens."""
    from jobs.models import Job

    mine = Job.objects.filter(state="running", owner__contains=f":{worker.pid}:")
    return dict(mine.values_list("pk", "token"))


def _next_calls(lost: dict["UUID", int]) -> list[float]:
    """Return when the executions after the lost ones first held money for a call (seconds of the wall clock)."""
    from billing.models import Call

    calls = Call.objects.filter(job_id__in=lost).order_by("created_at")
    later = [
        (job_id, at) for job_id, token, at in calls.values_list("job_id", "lease_token", "created_at")
        if token > lost[job_id]
    ]  # fmt: skip
    return [next(group)[1].timestamp() for _, group in itertools.groupby(sorted(later), lambda each: each[0])]
