"""The states of a job and the one table of legal transitions.

The web writes `wanted`, and moves jobs that nobody holds; the holder of the lease writes `state` of the others. Every
writer takes the states it may start from out of this table (`sources_of`), and the database refuses any other change
(trigger `jobs_job_transition`, which reads a copy of the table). docs/states.md draws it.
"""

from django.db import models

from solver.core.money import format_usd
from solver.core.problem.result_kind import ResultKind


class JobState(models.TextChoices):
    """Where a job is in its life."""

    DRAFT = "draft", "Draft"
    AWAITING_PAYMENT = "awaiting_payment", "Awaiting payment"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    WAITING = "waiting", "Waiting for a provider"
    ASKING = "asking", "Needs you"
    EXHAUSTED = "exhausted", "Budget reached"
    DONE = "done", "Done"
    UNANSWERED = "unanswered", "Ended without an answer"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Wanted(models.TextChoices):
    """What the user wants of a job."""

    RUN = "run"
    PAUSE = "pause"
    FINISH = "finish"
    CANCEL = "cancel"


TRANSITIONS: dict[JobState, dict[JobState, str]] = {
    JobState.DRAFT: {
        JobState.QUEUED: "started",
        JobState.AWAITING_PAYMENT: "starts once paid",
    },
    JobState.AWAITING_PAYMENT: {
        JobState.QUEUED: "money arrived",
        JobState.CANCELLED: "cancelled, or never paid",
    },
    JobState.QUEUED: {
        JobState.RUNNING: "a worker took it",
        JobState.PAUSED: "paused",
    },
    JobState.RUNNING: {
        JobState.QUEUED: "given back (slice, deploy, fault)",
        JobState.PAUSED: "paused",
        JobState.WAITING: "no provider answers, or all waits in batches",
        JobState.ASKING: "has a question",
        JobState.DONE: "answered, or stopped with an answer",
        JobState.UNANSWERED: "stopped before there was an answer",
        JobState.EXHAUSTED: "budget reached",
        JobState.FAILED: "no usable answer",
        JobState.CANCELLED: "cancelled",
    },
    JobState.PAUSED: {
        JobState.QUEUED: "resumed, finished, cancelled, or deadline",
    },
    JobState.WAITING: {
        JobState.RUNNING: "retried",
        JobState.PAUSED: "paused",
    },
    JobState.ASKING: {
        JobState.QUEUED: "answered, not answered in time, finished, or cancelled",
    },
    JobState.EXHAUSTED: {JobState.QUEUED: "budget raised (new version)"},
    JobState.DONE: {JobState.QUEUED: "continued (new version)"},
    JobState.UNANSWERED: {JobState.QUEUED: "continued (new version)"},
    JobState.FAILED: {},
    JobState.CANCELLED: {},
}
"""What may follow what, and why."""

ENDED = frozenset(
    {JobState.DONE, JobState.UNANSWERED, JobState.FAILED, JobState.CANCELLED, JobState.EXHAUSTED}
)
"""States with a receipt and a message; their escrow is closed. Leaving one opens a new version."""


def sources_of(target: JobState) -> frozenset[JobState]:
    """Return the states from which a job may go to `target`."""
    return frozenset(old for old, news in TRANSITIONS.items() if target in news)


CLAIMABLE = sources_of(JobState.RUNNING) | {JobState.RUNNING}
"""States in which a worker may take the lease once it is free (running: its holder died)."""

ACTIVE = frozenset(JobState) - ENDED - {JobState.DRAFT, JobState.AWAITING_PAYMENT}
"""States of a job that has money reserved: they count against a user's limits."""

RESTING = ACTIVE - {JobState.RUNNING}
"""Active states in which no worker holds the job: the web process moves these itself."""


class UserVerdict(models.TextChoices):
    """What a person says of the answer that a job ended with."""

    RIGHT = "right", "Right"
    WRONG = "wrong", "Wrong"
    UNSURE = "unsure", "Cannot tell"


_STOP_REASON_WORDS = {
    "solved": "Solved: a checker confirmed the answer.",
    "confident": "Confident: more attempts are unlikely to change the answer.",
    "budget_reached": "Stopped: the rest of the {budget} does not pay for another call.",
    "time_limit": "Stopped at the time limit.",
    "no_progress": "Stopped: more attempts were not improving the answer.",
    "finished_by_user": "Finished early on request.",
    "not_allowed": "Stopped before a step above the price that you set.",
    "cancelled": "Cancelled on request.",
    "fault": "Stopped: the job could not be continued.",
    "failed": "Ended without a usable answer.",
    "unpaid": "No payment arrived in time; nothing was charged.",
}
_OF_TEXTS = {
    "solved": "Solved: a checker confirmed the text.",
    "confident": "Stopped: one draft is clearly the best, and revising it again is unlikely to help.",
    "no_progress": "Stopped: another draft or revision would hardly be worth its cost.",
    "failed": "Ended without a usable text.",
}
_UNSURE = "Stopped: more attempts are unlikely to change the answer."
_LEAST_CONFIDENT = 0.8
"""Below this, a job whose lead is clear is not called confident."""


def stop_reason_words(
    stop_reason: str, *, budget_nano: int, confidence: float | None, result: ResultKind = ResultKind.ANSWER
) -> str:
    """Return a stop reason as a sentence for people; empty for a job that has not ended."""
    if result is ResultKind.TEXT and stop_reason in _OF_TEXTS:
        return _OF_TEXTS[stop_reason]
    if stop_reason == "confident" and (confidence or 0.0) < _LEAST_CONFIDENT:
        return _UNSURE
    if not stop_reason:
        return ""
    return _STOP_REASON_WORDS.get(stop_reason, "Ended.").format(budget=format_usd(budget_nano))


CONTINUABLE_REASONS = frozenset({"budget_reached", "time_limit", "finished_by_user", "not_allowed"})
"""Stop reasons of jobs that can continue with more money: their journal was still growing."""


def diagram() -> str:
    """Return the table as a Mermaid diagram, for docs/states.md."""
    lines = ["stateDiagram-v2", "    [*] --> draft", "    [*] --> queued", "    [*] --> awaiting_payment"]
    lines += [f"    {old} --> {new}: {why}" for old, news in TRANSITIONS.items() for new, why in news.items()]
    lines += [f"    {state} --> [*]" for state in JobState if state in ENDED]
    return "\n".join(lines)
