"""The states of a job and the one table of legal transitions.

The web writes only `wanted`; the holder of the lease writes `state`. The database refuses any other transition
(trigger `jobs_job_transition`, made from this table).

    queued ──► running ──► done | failed | cancelled | exhausted
      ▲  │        │  ▲
      │  └────────┤  └── waiting (a provider is down; continues at next_at)
      └───────────┘      a lease given back goes to queued
    exhausted ──► queued (budget raised)
"""

from django.db import models


class JobState(models.TextChoices):
    """Where a job is in its life."""

    DRAFT = "draft", "Draft"
    AWAITING_PAYMENT = "awaiting_payment", "Awaiting payment"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    WAITING = "waiting", "Waiting for a provider"
    EXHAUSTED = "exhausted", "Budget reached"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Wanted(models.TextChoices):
    """What the user wants of a job."""

    RUN = "run"
    PAUSE = "pause"
    FINISH = "finish"
    CANCEL = "cancel"


ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.EXHAUSTED})
"""States with a receipt and a message; their escrow is closed."""

CLAIMABLE = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.WAITING})
"""States in which a worker may take the lease once it is free (running: its holder died)."""

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.DRAFT: frozenset(
        {JobState.AWAITING_PAYMENT, JobState.QUEUED, JobState.RUNNING, JobState.CANCELLED}
    ),
    JobState.AWAITING_PAYMENT: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED, JobState.FAILED}),
    JobState.RUNNING: frozenset({JobState.QUEUED, JobState.PAUSED, JobState.WAITING, *ENDED}),
    JobState.PAUSED: frozenset({JobState.QUEUED, *ENDED}),
    JobState.WAITING: frozenset({JobState.RUNNING, JobState.QUEUED, JobState.PAUSED, *ENDED}),
    JobState.EXHAUSTED: frozenset({JobState.QUEUED}),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}

STOP_REASON_WORDS = {
    "solved": "Solved: a checker confirmed the answer.",
    "confident": "The lead is clear: more tries would hardly change the answer.",
    "budget_reached": "The budget was reached.",
    "time_limit": "The time limit was reached.",
    "no_progress": "Further tries stopped helping.",
    "finished_by_user": "Finished by you.",
    "cancelled": "Cancelled by you.",
    "failed": "The job failed.",
}
"""Every stop reason in words a person can read."""
