"""Slices: where every slot is taken and others wait, the longest-running jobs of the busiest users give way.

Fair means: as many running jobs for each user as for any other. A job that gave way queues behind the others of its
user and goes on from its journal later; nothing is lost and nothing is paid twice.
"""

import time
from collections import Counter

from django.conf import settings
from django.db import connection

from jobs.core.states import CLAIMABLE, JobState
from jobs.worker.running_jobs import RunningJobs

LOOKS_EVERY_S = 5.0
"""How often a host looks whether others wait."""
# Whoever was queued only just now may still find a free slot elsewhere.
_WAITED_S = 3

_RUNNING = """
SELECT created_by_id, count(*) FROM jobs_job
WHERE state = 'running' AND lease_until > now() GROUP BY created_by_id
"""
_WAITING = """
SELECT created_by_id, count(*) FROM jobs_job
WHERE state = ANY(%(waiting)s) AND (lease_until IS NULL OR lease_until <= now())
  AND (next_at IS NULL OR next_at <= now()) AND queued_at <= now() - make_interval(secs => %(waited_s)s)
GROUP BY created_by_id
"""


def make_room(host: RunningJobs) -> int:
    """Ask as many of the host's jobs to give way as others have a fairer claim to; return how many were asked."""
    running_jobs = host.running_jobs()
    # At the next look it would be too late: nobody waits longer than a slice for others to give way.
    slice_s = max(settings.PONDER_SLICE_S - LOOKS_EVERY_S, settings.PONDER_SLICE_S / 2)
    oldest = time.monotonic() - slice_s
    candidates = {
        job_id: job
        for job_id, job in running_jobs.items()
        if job.user_id and job.began_s <= oldest and not job.gives_way
    }
    if not candidates:
        return 0
    running, waiting = _counts()
    # What was asked to give way already makes room for the first of those who wait.
    for _ in range(sum(job.gives_way for job in running_jobs.values())):
        _seat(running, waiting)
    asked = 0
    while waiting and candidates:
        # Of the busiest user here, the job that has run longest.
        job_id = min(
            candidates, key=lambda each: (-running[candidates[each].user_id], candidates[each].began_s)
        )
        job = candidates.pop(job_id)
        running[job.user_id] -= 1
        newcomer = min(waiting, key=lambda user: running[user])
        if running[newcomer] > running[job.user_id]:
            break
        _seat(running, waiting)
        host.ask_to_give_way(job_id, job.token)
        asked += 1
    return asked


def _seat(running: Counter[int], waiting: Counter[int]) -> None:
    """Move the next waiting job, that of the user with the fewest running, into a slot."""
    if not waiting:
        return
    newcomer = min(waiting, key=lambda user: running[user])
    running[newcomer] += 1
    waiting[newcomer] -= 1
    if not waiting[newcomer]:
        del waiting[newcomer]


def _counts() -> tuple[Counter[int], Counter[int]]:
    """Return each user's running jobs and each user's jobs that wait for a slot."""
    waiting_states = sorted(CLAIMABLE - {JobState.RUNNING})
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING)
        running = Counter(dict(cursor.fetchall()))
        cursor.execute(_WAITING, {"waiting": waiting_states, "waited_s": _WAITED_S})
        return running, Counter(dict(cursor.fetchall()))
