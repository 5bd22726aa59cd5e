"""What the chaos left behind: the invariants, the messages, the answers."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from billing.models import Call, CallState
from jobs.core.states import ENDED, JobState
from jobs.models import Job, OutboxKind, OutboxMessage, OutboxState, StepRecord, StepState
from jobs.upkeep.audit import violations
from solver.core.steps import StepKind, StopReason
from tests.chaos.crowd import persistently


@dataclass(frozen=True)
class Verdict:
    """`missing` and `doubled` are messages, compared with what the mail server got; `answered` is a share.

    `jobs_of` and `answered_of` are jobs by the kind of result they asked for; who cancels wants no answer.
    """

    violations: list[str]
    settled_calls: int
    in_doubt_calls: int
    jobs: int
    stuck_jobs: int
    answered: float
    jobs_of: dict[str, int]
    answered_of: dict[str, float]
    strategies: int
    runs: int
    """How often programs were run in the sandbox for a strategy."""
    not_run: dict[str, int]
    """Why others were not run, with how many."""
    unanswered: dict[str, int]
    """Why jobs without an answer ended, with how many."""
    missing_messages: int
    doubled_messages: int
    mails_sent_again: int


def settle(*, within_s: float, tend: Callable[[], object]) -> None:
    """Wait until every job has ended and every message has left."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        tend()
        if persistently(_all_done):
            return
        time.sleep(0.5)


def _all_done() -> bool:
    # A message that failed while the mail server was away waits for minutes; the run does not.
    waiting = OutboxMessage.objects.filter(state=OutboxState.PENDING)
    waiting.filter(next_at__gt=timezone.now()).update(next_at=timezone.now())
    return not Job.objects.exclude(state__in=ENDED).exists() and not waiting.exists()


def judge(received: dict[str, int]) -> Verdict:
    """Look at everything once. `received` counts the mails by Message-ID, as the mail server got them."""
    connection.close()
    jobs = list(Job.objects.all())
    ended = [job for job in jobs if job.state in ENDED]
    outcomes = OutboxMessage.objects.filter(kind=OutboxKind.ENDED)
    expected, rows = set(outcomes.values_list("message_id", flat=True)), outcomes.count()
    # Mails about jobs that were stuck for long come and go with the trouble; outcomes are what nobody may miss.
    received = {key: count for key, count in received.items() if f".{OutboxKind.ENDED}@" in key}
    # Who cancels wants no answer; who finishes a job before its first reply can have none.
    asked = [
        job
        for job in ended
        if job.state != JobState.CANCELLED and (job.calls or job.stop_reason != StopReason.FINISHED_BY_USER)
    ]
    of = Counter(job.result_kind.value for job in asked)
    answered = Counter(job.result_kind.value for job in asked if job.answer)
    runs = StepRecord.objects.filter(
        kind__in=[kind for kind in StepKind if kind.runs_programs], state=StepState.TOLD
    ).values_list("note", flat=True)
    off = Counter(str(note["off"]) for note in runs if note and "off" in note)
    return Verdict(
        violations=[f"{each.invariant}: {each.detail}" for each in violations()],
        settled_calls=Call.objects.filter(state=CallState.SETTLED).count(),
        in_doubt_calls=Call.objects.filter(state=CallState.IN_DOUBT).count(),
        jobs=len(jobs),
        stuck_jobs=len(jobs) - len(ended),
        answered=answered.total() / max(len(asked), 1),
        jobs_of=dict(sorted(Counter(job.result_kind.value for job in jobs).items())),
        answered_of={kind: round(answered[kind] / count, 4) for kind, count in sorted(of.items())},
        strategies=len({job.strategy for job in jobs}),
        runs=len(runs) - off.total(),
        not_run=dict(off),
        unanswered=dict(Counter(f"{job.stop_reason}: {job.error[:80]}" for job in asked if not job.answer)),
        missing_messages=len(ended) - rows + len(expected - set(received)),
        doubled_messages=max(rows - len(ended), 0) + len(set(received) - expected),
        # A worker killed between the mail server's “taken” and its own commit sends a mail again under its
        # Message-ID, by which mail programs know it as one.
        mails_sent_again=sum(received.values()) - len(received),
    )
