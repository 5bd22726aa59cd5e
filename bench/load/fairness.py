"""How long the one job of one user waits while another user's hundred jobs take every slot: at most one slice.

One real worker with a few slots runs endless jobs of a user who has a hundred queued. Again and again, at random
moments, another user submits one short job; its wait runs from the submission to its claim. Calls take half a second.
"""

import random
import time
from typing import TYPE_CHECKING, Any

from bench.load.workers import fleet, make_user, percentile, submit, wait_for
from jobs.core.options import JobOptions
from solver.core.money import NANO_PER_CENT

if TYPE_CHECKING:
    from jobs.models import Job

SLOTS = 3
HERS = 100
CALL_MS = 500


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the waits in seconds."""
    slice_s, times = (10, 4) if quick else (30, 20)
    rng, waits_s = random.Random(3), list[float]()
    settings = {
        "PONDER_JOBS_PER_WORKER": str(SLOTS),
        "PONDER_SLICE_S": str(slice_s),
        "PONDER_CALLS_PER_JOB": "2",
    }
    with fleet(delay_ms=CALL_MS, **settings) as ours:
        ours.start_beat()
        ours.start_worker()
        hers, his = make_user("her"), make_user("him")
        for number in range(HERS):
            submit(hers, f"Job {number} of a hundred: is this decidable?")
        from jobs.models import Job

        running = Job.objects.filter(created_by=hers, state="running")
        wait_for(lambda: running.count() == SLOTS, what="A worker whose slots are all taken")
        # The first one comes when every slice has just begun, which is the longest wait there is.
        for turn in range(times):
            time.sleep(rng.uniform(0, slice_s) if turn else 0)
            job = submit(
                his, f"The one job, time {turn}?", budget_nano=NANO_PER_CENT, options=JobOptions(max_tries=1)
            )
            waits_s.append(_wait_s(job))
    return {
        "slice_s": slice_s,
        "slots": SLOTS,
        "times": times,
        "wait_p50_s": percentile(waits_s, 0.5),
        "wait_worst_s": percentile(waits_s, 1),
        "wait_goal_s": slice_s,
    }


def _wait_s(job: "Job") -> float:
    """Wait for the start of a job and then for its end; return how long it waited."""

    def has_ended() -> bool:
        job.refresh_from_db()
        return job.has_ended

    wait_for(has_ended, what="The end of the one job")
    assert job.started_at is not None, "it has ended"
    return (job.started_at - job.queued_at).total_seconds()
