"""The database of a simulation: the transactions of jobs/sql, billing/sql, lease.py and finish.py, in memory.

Every method is one transaction: it happens at one moment of the virtual clock, whole or not at all. After each one the
promises about the job that it touched are checked, by counting calls and not by believing the counters. `broken` names
a rule that is left out: the simulation must notice (`MUTATIONS`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from jobs.core.states import (
    CLAIMABLE,
    CONTINUABLE_REASONS,
    ENDED,
    RESTING,
    TRANSITIONS,
    JobState,
    Wanted,
    sources_of,
)
from solver.core.steps import Status, StepKind, StepResult, StopReason
from solver.core.verdict import Verdict
from solver.engine.outcome import Outcome
from solver.simulation.simulate import Scenario

MUTATIONS = {
    "fencing": "statements of the journal do not look at the lease",
    "finish": "the end of a job does not look at the lease",
    "doubts": "what a dead worker had in flight counts as never sent",
    "idempotence": "a result that is sent twice is booked twice",
    "budget": "a hold is granted whatever is left, and a new execution forgets what is in doubt",
    "deaf": "workers do not hear of users' wishes",
    "returns": "money in doubt is kept when a job ends",
    "telling": "an execution is not told the last result of the one before",
}
"""What can be left out, and what that means."""


class Broken(Exception):
    """A promise was broken; the message says which."""


@dataclass
class CallRow:
    key: str
    attempt: int
    token: int
    version: int
    hold_nano: int
    opened_s: float
    step: dict[str, Any]
    state: str = "held"
    charged_nano: int = 0
    sent: int = 0
    executed: bool = False


@dataclass
class Escrow:
    put_in_nano: int
    balance_nano: int
    held_nano: int = 0
    returned_nano: int = 0
    closed: bool = False


@dataclass
class JobRow:
    id: UUID
    budget_nano: int
    reserve_nano: int
    deadline_s: float | None
    scenario: Scenario
    state: JobState = JobState.QUEUED
    wanted: Wanted = Wanted.RUN
    wanted_at_s: float = 0.0
    stop_reason: str = ""
    token: int = 0
    owner: str = ""
    lease_until_s: float = -1.0
    lease_ends_s: dict[int, float] = field(default_factory=dict)
    next_at_s: float = 0.0
    queued_at_s: float = 0.0
    idle_claims: int = 0
    waits: int = 0
    version: int = 1
    escrows: list[Escrow] = field(default_factory=list)
    calls: dict[UUID, CallRow] = field(default_factory=dict)
    told: dict[str, StepResult] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    messages: Counter[int] = field(default_factory=Counter)
    charged_nano: int = 0
    answer: str = ""

    @property
    def escrow(self) -> Escrow:
        return self.escrows[-1]

    def totals(self, version: int) -> Counter[str]:
        """Sum up the calls of a version by state: what was charged, or is held."""
        sums: Counter[str] = Counter()
        for call in self.calls.values():
            if call.version == version:
                sums[call.state] += call.charged_nano if call.state == "settled" else call.hold_nano
        return sums


def promise(kept: object, words: str) -> None:
    """Raise Broken unless a promise is kept."""
    if not kept:
        raise Broken(words)


class Store:
    """All jobs of one schedule. `now` is the database's clock."""

    def __init__(self, now: Callable[[], float], lease_s: float, broken: str = "") -> None:
        self.now = now
        self.lease_s = lease_s
        self.broken = broken
        self.jobs: dict[UUID, JobRow] = {}
        self.transactions = 0
        self._seq = 0

    def submit(self, job: JobRow) -> None:
        """Make a job with its whole budget in escrow."""
        job.escrows.append(Escrow(job.budget_nano, job.budget_nano))
        job.queued_at_s = self.now()
        self.jobs[job.id] = job

    # The journal's statements -----------------------------------------------------------------------------------

    def act(self, name: str, job_id: UUID, token: int, data: Mapping[str, Any]) -> Any:
        """Carry out one act of the journal."""
        job = self.jobs[job_id]
        if not self._leased(job, token):
            return {"open": "fenced", "drop": "fenced", "show": False}.get(name)
        value = getattr(self, f"_{name}")(job, token, data)
        self._check(job)
        return value

    def _leased(self, job: JobRow, token: int) -> bool:
        return self.broken == "fencing" or (job.token == token and job.lease_until_s > self.now())

    def _open(self, job: JobRow, token: int, data: dict[str, Any]) -> str:
        call_id, hold, escrow = UUID(data["id"]), data["hold_nano"], job.escrow
        if call_id in job.calls:
            return "held"
        if escrow.closed or (escrow.balance_nano - escrow.held_nano < hold and self.broken != "budget"):
            return "refused"
        if any((call.key, call.attempt) == (data["key"], data["attempt"]) for call in job.calls.values()):
            return "conflict"
        escrow.held_nano += hold
        job.calls[call_id] = CallRow(data["key"], data["attempt"], token, job.version, hold, self.now(), data)
        job.attempts[data["key"]] = max(job.attempts.get(data["key"], 0), data["attempt"])
        return "held"

    def _settle(self, job: JobRow, token: int, data: dict[str, Any]) -> int:
        del token
        call = job.calls[UUID(data["id"])]
        known = job.told.get(call.key)
        again = self.broken == "idempotence"
        if call.state == "settled" and not again and known and known.attempt == call.attempt:
            return known.seq
        if call.state == "held" or (call.state == "settled" and again):
            escrow = job.escrows[call.version - 1]
            charged = min(data["billed_nano"], call.hold_nano)
            escrow.held_nano -= call.hold_nano if call.state == "held" else 0
            escrow.balance_nano -= charged
            call.state, call.charged_nano = "settled", charged
        step = call.step
        self._tell_row(
            job,
            StepResult(
                key=call.key, kind=StepKind(step["kind"]), status=Status(data["status"]), attempt=call.attempt,
                model=step["model"], purpose=step["purpose"], parents=tuple(step["parents"]), text=data["text"],
                answer=data["answer"], answer_key=data["answer_key"],
                verdict=Verdict(**data["verdict"]) if data["verdict"] else None,
                finish_reason=data["finish_reason"], charged_nano=data["charged_nano"], tokens=data["tokens"],
                seq=self._next(),
            ),
        )  # fmt: skip
        job.idle_claims = job.waits = 0
        return self._seq

    def _tell(self, job: JobRow, token: int, data: dict[str, Any]) -> int:
        del token
        if known := job.told.get(data["key"]):
            return known.seq
        result = StepResult(
            key=data["key"], kind=StepKind(data["kind"]), status=Status(data["status"]), attempt=data["attempt"],
            model=data["model"], purpose=data["purpose"], parents=tuple(data["parents"]), note=data["note"],
            text=data["text"], answer=data["answer"], answer_key=data["answer_key"],
            verdict=Verdict(**data["verdict"]) if data["verdict"] else None, error=data["error"], seq=self._next(),
        )  # fmt: skip
        self._tell_row(job, result)
        job.attempts[result.key] = max(job.attempts.get(result.key, 0), result.attempt)
        return self._seq

    def _tell_row(self, job: JobRow, result: StepResult) -> None:
        promise(result.key not in job.told, f"step {result.key} is told twice")
        job.told[result.key] = result

    def _drop(self, job: JobRow, token: int, data: Mapping[str, Any]) -> str:
        del token
        call, state = job.calls[UUID(data["call"])], str(data["state"])
        if call.state == "held":
            call.state = state
            if state == "void":
                job.escrows[call.version - 1].held_nano -= call.hold_nano
        return call.state

    def _show(self, *_: object) -> bool:
        return True

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    # Leases -----------------------------------------------------------------------------------------------------

    def claim(self, owner: str) -> tuple[JobRow, int] | None:
        """Take the job that waits longest; what a dead holder had in flight becomes in doubt at once."""
        now = self.now()
        self.hurry_late_jobs()
        free = [
            job
            for job in self.jobs.values()
            if job.state in CLAIMABLE and job.lease_until_s <= now and job.next_at_s <= now
        ]
        if not free:
            return None
        job = min(free, key=lambda each: (each.queued_at_s, str(each.id)))
        self._move(job, JobState.RUNNING)
        job.token, job.owner, job.next_at_s = job.token + 1, owner, 0.0
        job.idle_claims += 1
        job.lease_until_s = job.lease_ends_s[job.token] = now + self.lease_s
        for call in job.calls.values():
            if call.state == "held" and call.version == job.version and call.token < job.token:
                call.state = "void" if self.broken == "doubts" else "in_doubt"
                job.escrow.held_nano -= call.hold_nano if self.broken == "doubts" else 0
        self._check(job)
        return job, job.token

    def due_s(self) -> float:
        """Return when the next job may become free to be claimed."""
        moments = [
            max(job.lease_until_s, job.next_at_s) for job in self.jobs.values() if job.state in CLAIMABLE
        ]
        return min(moments, default=float("inf"))

    def renew(self, owner: str, running: Sequence[UUID]) -> dict[UUID, tuple[int, Wanted, int]]:
        """Renew the owner's leases that still live; return token, wish and budget of each."""
        renewed = {}
        for job in (self.jobs[job_id] for job_id in running):
            if job.owner == owner and job.state == JobState.RUNNING and job.lease_until_s > self.now():
                job.lease_until_s = job.lease_ends_s[job.token] = self.now() + self.lease_s
                renewed[job.id] = (job.token, job.wanted, job.budget_nano)
        return renewed

    def is_ours(self, job_id: UUID, token: int) -> bool:
        """Tell whether the lease under this token still lives."""
        job = self.jobs[job_id]
        return job.token == token and job.lease_until_s > self.now()

    def give_back(
        self, job_id: UUID, token: int, state: JobState, *, after_s: float = 0.0, fault: bool = False
    ) -> bool:
        """End an execution of a job so that another continues it."""
        job = self.jobs[job_id]
        if not self.is_ours(job_id, token):
            return False
        # What the user wants by now comes first.
        unpaused = JobState.QUEUED if state == JobState.PAUSED else state
        self._move(job, JobState.PAUSED if job.wanted == Wanted.PAUSE else unpaused)
        job.lease_until_s, job.owner = -1.0, ""
        job.next_at_s = self.now() + after_s if after_s and job.wanted == Wanted.RUN else 0.0
        job.idle_claims -= 0 if fault else min(job.idle_claims, 1)
        job.waits += state == JobState.WAITING
        self._check(job)
        return True

    def finish(self, job_id: UUID, token: int, outcome: Outcome) -> bool:
        """End a job under its lease: state, money and message together."""
        job = self.jobs[job_id]
        if not self.is_ours(job_id, token) and self.broken != "finish":
            return False
        budget_reached = outcome.stop_reason is StopReason.BUDGET_REACHED
        if budget_reached and 0 < outcome.limit_nano < job.budget_nano:
            self._move(job, JobState.QUEUED)
            job.lease_until_s, job.owner, job.queued_at_s = -1.0, "", self.now()
            return True
        self._close(job)
        ends = {StopReason.CANCELLED: JobState.CANCELLED, StopReason.FAILED: JobState.FAILED}
        self._move(
            job, JobState.EXHAUSTED if budget_reached else ends.get(outcome.stop_reason, JobState.DONE)
        )
        job.stop_reason = outcome.stop_reason
        job.charged_nano = sum(call.charged_nano for call in job.calls.values())
        job.answer = outcome.best.answer if outcome.best else ""
        job.lease_until_s, job.owner, job.next_at_s, job.idle_claims = -1.0, "", 0.0, 0
        job.messages[job.version] += 1
        self._check(job)
        return True

    def _close(self, job: JobRow) -> None:
        escrow = job.escrow
        for call in job.calls.values():
            if call.version == job.version:
                if call.state == "held":
                    call.state = "in_doubt"
                if call.state == "in_doubt" and self.broken != "returns":
                    escrow.held_nano -= call.hold_nano
        escrow.returned_nano = escrow.balance_nano - escrow.held_nano
        escrow.balance_nano -= escrow.returned_nano
        escrow.closed = True

    # Users ------------------------------------------------------------------------------------------------------

    def want(self, job: JobRow, wanted: Wanted) -> bool:
        """Utter a wish, as control.py does; move the job if nobody holds it."""
        before = {
            Wanted.FINISH: {Wanted.RUN, Wanted.PAUSE},
            Wanted.CANCEL: {Wanted.RUN, Wanted.PAUSE, Wanted.FINISH},
            Wanted.PAUSE: {Wanted.RUN},
            Wanted.RUN: {Wanted.PAUSE},
        }
        if job.state in ENDED or job.wanted not in before[wanted]:
            return False
        job.wanted, job.wanted_at_s = wanted, self.now()
        free = job.lease_until_s <= self.now()
        if wanted == Wanted.PAUSE and free and job.state in sources_of(JobState.PAUSED) & RESTING:
            self._move(job, JobState.PAUSED)
        if wanted != Wanted.PAUSE:
            job.next_at_s = 0.0
            if job.state in sources_of(JobState.QUEUED) & RESTING:
                self._move(job, JobState.QUEUED)
                job.queued_at_s = self.now()
        self._check(job)
        return True

    def raise_budget(self, job: JobRow, to_nano: int) -> bool:
        """Raise the budget of an active job, or continue an ended one as a new version."""
        if to_nano <= job.budget_nano:
            return False
        if job.state not in ENDED:
            if job.wanted in {Wanted.FINISH, Wanted.CANCEL}:
                return False
            more = to_nano - job.budget_nano
            job.escrow.put_in_nano, job.escrow.balance_nano = (
                job.escrow.put_in_nano + more,
                job.escrow.balance_nano + more,
            )
        elif job.stop_reason in CONTINUABLE_REASONS and JobState.QUEUED in TRANSITIONS[job.state]:
            job.version += 1
            job.escrows.append(Escrow(to_nano - job.charged_nano, to_nano - job.charged_nano))
            self._move(job, JobState.QUEUED)
            job.wanted, job.stop_reason, job.deadline_s, job.queued_at_s = Wanted.RUN, "", None, self.now()
        else:
            return False
        job.budget_nano = to_nano
        self._check(job)
        return True

    def hurry_late_jobs(self) -> None:
        """Hand resting jobs whose deadline has passed to a worker."""
        for job in self.jobs.values():
            if job.state in RESTING and job.deadline_s is not None and job.deadline_s <= self.now():
                job.next_at_s = 0.0
                if job.state == JobState.PAUSED:
                    self._move(job, JobState.QUEUED)
                job.wanted = Wanted.RUN if job.wanted == Wanted.PAUSE else job.wanted

    # Promises ---------------------------------------------------------------------------------------------------

    def _move(self, job: JobRow, new: JobState) -> None:
        promise(new == job.state or new in TRANSITIONS[job.state], f"a job went from {job.state} to {new}")
        job.state = new

    def _check(self, job: JobRow) -> None:
        """Look at the job that a transaction touched."""
        self.transactions += 1
        sums, escrow = job.totals(job.version), job.escrow
        spent, held, doubtful = sums["settled"], sums["held"], sums["in_doubt"]
        if escrow.closed:
            promise(held == 0, f"an ended job holds {held}")
            promise(escrow.balance_nano == 0 == escrow.held_nano, "an ended job keeps money in escrow")
            promise(
                escrow.returned_nano + spent == escrow.put_in_nano, "an ended job's money does not add up"
            )
        else:
            promise(
                spent + held + doubtful <= escrow.put_in_nano,
                f"{spent} settled + {held} held + {doubtful} in doubt exceed {escrow.put_in_nano}",
            )
            promise(escrow.balance_nano == escrow.put_in_nano - spent, "the escrow is not what was not spent")
            promise(escrow.held_nano == held + doubtful, "what is held is not what calls hold")
        charged = sum(call.charged_nano for call in job.calls.values() if call.state == "settled")
        promise(charged <= job.budget_nano, f"{charged} charged of a budget of {job.budget_nano}")
        settled = Counter(call.key for call in job.calls.values() if call.state == "settled")
        promise(max(settled.values(), default=0) <= 1, "a key was settled twice")
        told_nano = sum(result.charged_nano for result in job.told.values())
        promise(told_nano == charged, f"results say {told_nano}, calls were charged {charged}")
        promise(max(job.messages.values(), default=0) <= 1, "an outcome was told to the user twice")

    def judge(self, job: JobRow) -> None:
        """Look at a job once the schedule is over."""
        self._check(job)
        promise(
            job.state in ENDED or (job.state, job.wanted) == (JobState.PAUSED, Wanted.PAUSE),
            f"a job is stuck: {job.state}, wanted {job.wanted}, next at {job.next_at_s:.0f} s of {self.now():.0f}",
        )
        for call in job.calls.values():
            promise(
                not call.executed or call.state in {"settled", "in_doubt"},
                f"a call that the provider executed is {call.state}",
            )
            promise(call.sent <= 1, f"one call was sent {call.sent} times")
        ended = job.version - (job.state not in ENDED)
        promise(sum(job.messages.values()) == ended, f"{job.messages} messages for {ended} ended versions")
        promise(
            job.state != JobState.CANCELLED or job.stop_reason == StopReason.CANCELLED,
            "cancelled without a wish",
        )
