"""Books behind the jobs of `people`: their money is granted, held, settled and returned as a worker does it."""

import hashlib
import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from billing.books.escrow import close_escrow, open_escrow
from billing.books.wallet import grant
from billing.models import Account, Call
from billing.prices.book import active_price
from jobs.models import Job, OutboxKind, OutboxMessage, OutboxState, Prompt, StepRecord, StepState

MODEL = "demo/expert"
_PAUSE_S = 30


def fund(job: Job) -> Account:
    """Give the job's workspace its whole budget as trial credit, and put that into the job's escrow."""
    reason = "For a job of the tests"
    grant(workspace=job.workspace, amount_nano=job.budget_nano, by=None, reason=reason, to_trial=True)
    with transaction.atomic():
        return open_escrow(
            workspace=job.workspace,
            job_id=job.pk,
            version=job.version,
            amount_nano=job.budget_nano,
            trial_allowed=True,
        )


def book_attempts(job: Job, spent_nano: int, *, answers: list[str], right: str | None) -> None:
    """Book one told attempt for each answer, together at `spent_nano`."""
    share, rest = divmod(spent_nano, len(answers))
    prompt = _prompt(job)
    steps = [
        _step(job, prompt, number, answer, charged_nano=share + rest * (number == 0), passed=answer == right)
        for number, answer in enumerate(answers)
    ]
    _hold(job, steps, [step.charged_nano for step in steps])
    calls = [Call(pk=step.id, created_at=step.created_at) for step in steps]
    Call.objects.bulk_update(calls, ["created_at"])  # now, for a settled call never changes
    _settle(steps)
    StepRecord.objects.bulk_create(steps)


def hold_one(job: Job, hold_nano: int) -> None:
    """Leave one call under way."""
    step = _step(job, _prompt(job), 10_000, "", charged_nano=0, passed=False)
    step.state, step.seq, step.status, step.verdict, step.told_at = StepState.OPEN, None, "", None, None
    step.text, step.tokens = "", 0
    _hold(job, [step], [hold_nano])
    step.save(force_insert=True)


def end(job: Job) -> None:
    """Close the escrow, so that what is unspent returns."""
    with transaction.atomic():
        close_escrow(job_id=job.pk, version=job.version)


def note_messages(job: Job, versions: int) -> None:
    """Write the message that each ended version of the job sent."""
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            job=job,
            kind=OutboxKind.ENDED,
            version=version,
            recipient=job.created_by.email,
            content={},
            state=OutboxState.SENT,
            attempts=1,
            next_at=timezone.now(),
            sent_at=timezone.now(),
            message_id=f"<{job.pk}.{version}.ended@ponder>",
        )
        for version in range(1, versions + 1)
    )


def _prompt(job: Job) -> Prompt:
    messages = [{"role": "system", "content": "Solve it."}, {"role": "user", "content": job.problem}]
    prompt, _ = Prompt.objects.get_or_create(
        job=job, sha256=hashlib.sha256(job.problem.encode()).hexdigest(), defaults={"messages": messages}
    )
    return prompt


def _step(
    job: Job, prompt: Prompt, number: int, answer: str, *, charged_nano: int, passed: bool
) -> StepRecord:
    asked_at = (job.started_at or timezone.now()) + timedelta(seconds=_PAUSE_S * number)
    return StepRecord(
        id=uuid.uuid4(),
        job=job,
        key=f"sample/{number}",
        seq=number + 1,
        kind="sample",
        purpose="Independent attempt",
        model=MODEL,
        prompt_sha256=prompt.sha256,
        state=StepState.TOLD,
        status="ok",
        text=f"Let me see.\n\nAnswer: {answer}",
        answer=answer,
        answer_key=answer.replace(" ", ""),
        charged_nano=charged_nano,
        tokens=180 + number,
        finish_reason="stop",
        verdict={"passed": passed, "checker": "arithmetic", "detail": f"{answer} was checked."},
        created_at=asked_at,
        told_at=asked_at + timedelta(seconds=4),
    )


# A statement for all calls of a job: pages are tested with hundreds of them.
def _hold(job: Job, steps: list[StepRecord], holds_nano: list[int]) -> None:
    price = active_price(MODEL)
    assert price is not None, "the bundled model has a price"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT billing_hold(call, %s, %s, %s, 1, 'model', step, 1, %s, %s, nano, 100, 200) "
            "FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS held (call, step, nano)",
            [
                *(job.escrow_id, job.workspace_id, job.pk, MODEL, price.pk),
                *([step.id for step in steps], [step.key for step in steps], holds_nano),
            ],
        )
        outcomes = {outcome for (outcome,) in cursor.fetchall()}
    assert outcomes == {"held"}, outcomes


def _settle(steps: list[StepRecord]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT billing_settle(call, nano, nano, 90, 10, 0, 80, 5, '{}', false, 'req_1') "
            "FROM unnest(%s::uuid[], %s::bigint[]) AS told (call, nano)",
            [[step.id for step in steps], [step.charged_nano for step in steps]],
        )
