"""How soon a stopped job makes no more calls: from the user's finish or cancel to the last request at the provider.

A real worker runs several jobs with calls of a third of a second, four at a time each; they are stopped one by one, at
random moments. The provider notes when requests arrive, and is on the same clock.
"""

import json
import random
import time
import urllib.request
from typing import TYPE_CHECKING, Any

from bench.load.workers import Fleet, fleet, make_user, percentile, submit, wait_for

if TYPE_CHECKING:
    from jobs.models import Job

CALL_MS = 300
AT_ONCE = 10
GOAL_S = 1.0


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return percentiles of the time to the last new call and of the time to the end of the job, in seconds."""
    jobs, rng = (50 if quick else 200), random.Random(5)
    last_s: dict[str, list[float]] = {"finish": [], "cancel": []}
    ended_s: list[float] = []
    with fleet(delay_ms=CALL_MS, PONDER_CALLS_PER_JOB="4") as ours:
        ours.start_worker()
        user = make_user("bench")
        for batch in range(jobs // AT_ONCE):
            open_jobs = [submit(user, f"Job {batch}/{n}: is this decidable?") for n in range(AT_ONCE)]
            wait_for(lambda made=open_jobs: _all_called(ours, made), what="Calls of every job")  # type: ignore[misc]
            for number, job in enumerate(open_jobs):
                time.sleep(rng.uniform(0, 0.2))
                verb = ("finish", "cancel")[number % 2]
                stopped_at_s = _stop(verb, job)
                ended_s.append(_ended(job) - stopped_at_s)
                time.sleep(0.3)
                last_s[verb].append(max(_arrivals(ours)[_prompt(ours, job)][1] - stopped_at_s, 0.0))
    both = last_s["finish"] + last_s["cancel"]
    return {
        "samples": len(both),
        "last_call_p50_s": percentile(both, 0.5),
        "last_call_p99_s": percentile(both, 0.99),
        "last_call_worst_s": percentile(both, 1),
        "last_call_goal_s": GOAL_S,
        "finish_p99_s": percentile(last_s["finish"], 0.99),
        "cancel_p99_s": percentile(last_s["cancel"], 0.99),
        "ended_p50_s": percentile(ended_s, 0.5),
        "ended_p99_s": percentile(ended_s, 0.99),
    }


def _stop(verb: str, job: "Job") -> float:
    """Do what the user's click does; return the moment before it."""
    from jobs.lifecycle import cancel_job, finish_early

    at_s = time.time()
    if not {"finish": finish_early, "cancel": cancel_job}[verb](job=job):
        raise RuntimeError(f"Job {job.pk} could not be stopped: it has ended by itself.")
    return at_s


def _ended(job: "Job") -> float:
    """Wait for the end of a job; return its moment (seconds of the wall clock)."""

    def has_ended() -> bool:
        job.refresh_from_db()
        return job.has_ended

    wait_for(has_ended, what="The end of a stopped job", timeout_s=60)
    assert job.finished_at is not None, "it has ended"
    return job.finished_at.timestamp()


def _arrivals(ours: Fleet) -> dict[str, tuple[int, float]]:
    with urllib.request.urlopen(f"{ours.provider}/arrivals", timeout=10) as reply:  # noqa: S310  (our own endpoint)
        arrivals: dict[str, tuple[int, float]] = json.load(reply)
        return arrivals


def _prompt(ours: Fleet, job: "Job") -> str:
    return next((prompt for prompt in _arrivals(ours) if job.problem in prompt), "")


def _all_called(ours: Fleet, jobs: "list[Job]") -> bool:
    arrivals = _arrivals(ours)
    return all(any(job.problem in prompt for prompt in arrivals) for job in jobs)
