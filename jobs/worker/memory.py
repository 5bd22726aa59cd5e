"""What a worker must know of a job to continue it: read once after the claim, in three queries."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Max

from billing.models import Account
from jobs.models import Job, StepRecord, StepState
from jobs.worker.journal import Lease
from solver.budget import Purse
from solver.checkers import Verdict
from solver.models import ModelCard
from solver.problem import Problem
from solver.steps import Status, StepKind, StepResult


@dataclass(slots=True)
class Memory:
    """A job as the engine needs it. Whoever replays `told` may empty it."""

    job: Job
    problem: Problem
    panel: list[ModelCard]
    purse: Purse
    told: list[StepResult]
    attempts: dict[str, int]


# Rows rather than models, which took more than twice the time for ten thousand steps.
_COLUMNS = tuple(field.name for field in fields(StepResult) if field.name != "reasoning")


def recall(lease: Lease) -> Memory:
    """Read job, escrow and journal."""
    job = Job.objects.get(pk=lease.job_id)
    escrow = Account.objects.get(pk=lease.escrow_id)
    steps = StepRecord.objects.filter(job_id=job.pk)
    pinned = job.pinned
    return Memory(
        job=job,
        problem=Problem(job.problem, kind=pinned["kind"], checker=job.checker or None),
        panel=[ModelCard.from_json(card) for card in pinned["panel"]],
        # Right after the claim all that is still held is in doubt: its calls belong to earlier lives.
        purse=Purse(
            limit_nano=job.budget_nano,
            reserve_nano=pinned["reserve_nano"],
            settled_nano=job.budget_nano - escrow.balance_nano,
            in_doubt_nano=escrow.held_nano,
        ),
        told=[_result(row) for row in steps.filter(state=StepState.TOLD).order_by("seq").values(*_COLUMNS)],
        attempts=dict(steps.values_list("key").annotate(Max("attempt"))),
    )


def _result(row: Mapping[str, Any]) -> StepResult:
    named = {
        **row,
        "kind": StepKind(row["kind"]),
        "status": Status(row["status"]),
        "parents": tuple(row["parents"]),
        "answer": row["answer"] or None,
        "answer_key": row["answer_key"] or None,
        "verdict": Verdict(**row["verdict"]) if row["verdict"] else None,
    }
    return StepResult(**named)
