"""What many jobs cost one worker process: peak memory with 200 at once, file descriptors over 1,000 in a row.

Two hundred jobs whose calls take two seconds run at the same time in one real worker until each has been answered
several times; memory is the process's peak resident set. Then short jobs pass through the same worker, and its file
descriptors are counted whenever it rests after a hundred of them.
"""

import time
from typing import Any

from bench.load.workers import Process, fleet, make_user, submit, wait_for
from jobs.core.options import JobOptions
from solver.core.money import NANO_PER_CENT

AT_ONCE = 200
CALLS_EACH = 8
BATCH = 100
MEMORY_GOAL_MB = 400


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return memory and descriptors."""
    batches = 2 if quick else 10
    with fleet(delay_ms=2_000, PONDER_CALLS_PER_JOB="2") as ours:
        worker = ours.start_worker()
        idle_mb = worker.peak_mb()
        user = make_user("bench")
        most, calls = _all_at_once(user)
        peak_mb = worker.peak_mb()
        _rest(worker)
        files = [worker.open_files()]
        for batch in range(batches):
            for number in range(BATCH):
                # One try and no more: a job ends after its first call.
                submit(
                    user,
                    f"Short job {batch}/{number}?",
                    budget_nano=NANO_PER_CENT,
                    options=JobOptions(max_tries=1),
                )
            _rest(worker)
            files.append(worker.open_files())
        end_mb = worker.peak_mb()
    return {
        "jobs_at_once": most,
        "calls": calls,
        "idle_mb": round(idle_mb, 1),
        "peak_mb": round(peak_mb, 1),
        "peak_goal_mb": MEMORY_GOAL_MB,
        "jobs_in_a_row": batches * BATCH,
        "open_files_after_each_hundred": files,
        # The first hundred fill pools that the process then keeps.
        "open_files_growth": files[-1] - files[1],
        "peak_mb_at_the_end": round(end_mb, 1),
    }


def _all_at_once(user: Any) -> tuple[int, int]:
    """Run two hundred jobs at once, then finish them; return how many ran at the same time and their calls."""
    from billing.models import Call, CallState
    from jobs.lifecycle import finish_early
    from jobs.models import Job

    for number in range(AT_ONCE):
        submit(user, f"Job {number}: is this decidable?")
    settled = Call.objects.filter(state=CallState.SETTLED)
    most = 0

    def busy_enough() -> bool:
        nonlocal most
        most = max(most, Job.objects.filter(state="running").count())
        return most == AT_ONCE and settled.count() >= AT_ONCE * CALLS_EACH

    wait_for(busy_enough, what="Two hundred jobs at once", timeout_s=600)
    for job in Job.objects.all():
        finish_early(job=job)
    return most, settled.count()


def _rest(worker: Process) -> None:
    """Wait until every job has ended and the worker's descriptors do not change any more."""
    from jobs.core.states import ENDED
    from jobs.models import Job

    wait_for(
        lambda: not Job.objects.exclude(state__in=ENDED).exists(), what="The end of all jobs", timeout_s=600
    )
    count, since_s = -1, time.monotonic()
    while time.monotonic() - since_s < 3:
        if worker.open_files() != count:
            count, since_s = worker.open_files(), time.monotonic()
        time.sleep(0.1)
