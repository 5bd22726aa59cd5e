"""What a worker must know of a job to continue it: read once after the claim, in a few queries."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from django.db.models import Max, QuerySet

from billing.models import Account, Call, CallState
from jobs.core.errors import CannotContinue
from jobs.core.lease import Lease
from jobs.models import Job, Pinned, Prompt, StepRecord, StepState
from solver import OpenCall, Submitted
from solver.core.purse import Purse
from solver.core.request import Message
from solver.core.steps import Status, Step, StepKind, StepResult
from solver.core.verdict import Verdict
from solver.inference.parameters import shipped_parameters


@dataclass(slots=True)
class JobSnapshot:
    """A job as the engine needs it. Whoever replays `told` may empty it."""

    job: Job
    pinned: Pinned
    purse: Purse
    told: list[StepResult]
    submitted: list[Submitted]
    attempts: dict[str, int]


# Plain rows rather than models, which took more than twice the time for ten thousand steps.
_COLUMNS = tuple(field.name for field in fields(StepResult) if field.name != "reasoning")


_SUSPECT_FROM_CLAIM = 3
_UNREADABLE = "This reply could not be read, so it was left out."


def load_job(lease: Lease) -> JobSnapshot:
    """Read job, escrow and journal; the last reply of a journal that killed several executions is taken out.

    Raises CannotContinue for a job of another release that this one cannot read.
    """
    job = Job.objects.get(pk=lease.job_id)
    pinned = Pinned.of(job)
    if not pinned.parameters:
        pinned = _pin_parameters(lease, job, pinned)
    if job.idle_claims >= _SUSPECT_FROM_CLAIM and not _replies_were_borne(lease):
        _take_out_last_reply(lease)
    escrow = Account.objects.get(pk=lease.escrow_id)
    steps = StepRecord.objects.filter(job_id=job.pk)
    # Right after the claim all that is still held is in doubt, for its calls belong to earlier executions; but for those
    # that a provider works on, whose reference the claim took over.
    submitted = _submitted(job, escrow)
    held_nano = sum(each.call.hold_nano for each in submitted)
    rows = steps.filter(state=StepState.TOLD).order_by("seq").values_list(*_COLUMNS)
    try:
        told = [_result(row) for row in rows]
    except (TypeError, ValueError) as error:
        raise CannotContinue("a step of its journal", engine=pinned.engine) from error
    return JobSnapshot(
        job=job,
        pinned=pinned,
        purse=Purse(
            limit_nano=job.budget_nano,
            reserve_nano=pinned.reserve_nano,
            settled_nano=job.budget_nano - escrow.balance_nano,
            held_nano=held_nano,
            in_doubt_nano=escrow.held_nano - held_nano,
        ),
        told=told,
        submitted=submitted,
        attempts=_attempts(told, steps),
    )


def _pin_parameters(lease: Lease, job: Job, pinned: Pinned) -> Pinned:
    """Let a job that began before parameters were pinned go on with those of the release that first continues it."""
    pinned = replace(pinned, parameters=shipped_parameters())
    job.pinned = {**job.pinned, "parameters": pinned.parameters}
    Job.objects.filter(pk=job.pk, token=lease.token).update(pinned=job.pinned)
    return pinned


def _replies_were_borne(lease: Lease) -> bool:
    """Tell whether one of the executions that died has asked for a call: by then it had been told every reply.

    It died of something else, such as another job of its worker.
    """
    died = range(lease.token - _SUSPECT_FROM_CLAIM + 1, lease.token)
    return Call.objects.filter(job_id=lease.job_id, lease_token__in=died).exists()


def _take_out_last_reply(lease: Lease) -> None:
    """Let the last reply that counts be told as failed: each execution since its telling has died, maybe of it."""
    counting = StepRecord.objects.filter(
        job_id=lease.job_id, job__token=lease.token, state=StepState.TOLD, status=Status.OK
    )
    last = counting.order_by("-seq").values("pk")[:1]
    StepRecord.objects.filter(pk__in=last).update(status=Status.FAILED, error=_UNREADABLE)


def _attempts(told: list[StepResult], steps: QuerySet[StepRecord]) -> dict[str, int]:
    """Return the highest attempt by key: few keys have another row than the told one."""
    attempts = {result.key: result.attempt for result in told}
    others = steps.exclude(state=StepState.TOLD).values_list("key").annotate(Max("attempt"))
    return attempts | {key: max(highest, attempts.get(key, 0)) for key, highest in others}


def _submitted(job: Job, escrow: Account) -> list[Submitted]:
    """Return the calls that are held still: each has its provider's reference."""
    calls = {call.pk: call for call in Call.objects.filter(escrow=escrow, state=CallState.HELD)}
    steps = list(StepRecord.objects.filter(pk__in=calls))
    if not steps:
        return []
    prompts = Prompt.objects.filter(job=job, sha256__in=[step.prompt_sha256 for step in steps])
    messages = {prompt.sha256: tuple(Message.from_json(m) for m in prompt.messages) for prompt in prompts}
    return [_as_submitted(step, calls[step.pk], messages[step.prompt_sha256]) for step in steps]


def _as_submitted(record: StepRecord, call: Call, messages: tuple[Message, ...]) -> Submitted:
    step = Step(
        record.key,
        StepKind(record.kind),
        record.purpose,
        record.model,
        messages,
        tuple(record.parents),
        subproblem=record.subproblem,
    )
    assert call.price_id is not None, "calls to models have a price"
    opened = OpenCall(
        id=call.pk,
        step=step,
        attempt=call.attempt,
        price_id=call.price_id,
        hold_nano=call.hold_nano,
        prompt_bytes=call.prompt_bytes,
        max_output_tokens=call.max_output_tokens,
        service=call.asked_tier,
    )
    return Submitted(opened, call.provider_ref)


def _result(row: Sequence[Any]) -> StepResult:
    """Return a told step from the values of `_COLUMNS`; its reasoning is nobody's to read again."""
    key, kind, status, attempt, seq, model, purpose, parents, text, answer, answer_key, verdict, *rest = row
    return StepResult(
        key,
        StepKind(kind),
        Status(status),
        attempt,
        seq,
        model,
        purpose,
        tuple(parents),
        text,
        "",
        answer or None,
        answer_key or None,
        Verdict(**verdict) if verdict else None,
        *rest,
    )
