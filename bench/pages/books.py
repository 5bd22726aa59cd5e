"""A person with ten thousand jobs and a million calls, one job of which took 5,000 steps and one of which runs."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.load.many_calls import fill_calls
from solver.core.money import NANO_PER_CENT

if TYPE_CHECKING:
    from accounts.models import User
    from jobs.models import Job, StepRecord

JOBS, CALLS, STEPS = 10_000, 1_000_000, 5_000
_DAYS = 90
_STEP_NANO = 8_000_000
_RUNNING_STEPS = 60
_ANSWER = "25 + 12 + 7 * 3"
_TEXT = (
    "12 + 7 * 3 = 33, and 25 + 33 = 58.\n\n| sum | is |\n|---|---|\n| $7 \\cdot 3$ | 21 |\n\nAnswer: "
    + _ANSWER
)
# Every job is the first with other words, another state and another day.
_COPY = """
INSERT INTO jobs_job SELECT (jsonb_populate_record(j, jsonb_build_object(
    'id', md5(n::text)::uuid,
    'title', 'Use ' || n %% 97 || ', ' || n %% 89 || ' and ' || n %% 83 || ' to make ' || n %% 1009,
    'problem', 'Use ' || n %% 97 || ' and ' || n %% 89 || '. ' || repeat('Say what you did, and why. ', n %% 40),
    'tags', CASE WHEN n %% 7 = 0 THEN '["weekly"]'::jsonb ELSE '[]'::jsonb END,
    'state', (ARRAY['done','done','done','exhausted','failed','cancelled'])[1 + n %% 6],
    'answer', 'the sum of ' || n || ' and ' || n %% 13,
    'created_at', now() - interval '13 minutes' * n, 'queued_at', now() - interval '13 minutes' * n,
    'finished_at', now() - interval '12 minutes' * n, 'charged_nano', n * 1000, 'escrow_id', null))).*
FROM jobs_job j CROSS JOIN generate_series(0, %s) n WHERE j.id = %s
"""


@dataclass(frozen=True, slots=True)
class Books:
    """Whose they are, and the two jobs that are looked at."""

    owner: "User"
    ended: "Job"
    running: "Job"


def fill() -> Books:
    """Make them up. Only what pages show is there: the ended jobs have no ledger."""
    from django.db import connection, transaction
    from django.utils import timezone

    from accounts.models import User
    from accounts.services import ensure_personal_workspace
    from billing.books.escrow import open_escrow
    from billing.books.wallet import grant
    from billing.cost_review.summing import sum_calls
    from billing.prices.book import load_prices
    from jobs.models import Job
    from jobs.presenters.search.journal import marks_of
    from jobs.presenters.search.outline import outline_of

    load_prices()
    now = timezone.now()
    owner = User.objects.create_superuser("staff@example.org")
    workspace = ensure_personal_workspace(owner)
    grant(workspace=workspace, amount_nano=5_000 * NANO_PER_CENT, by=owner, reason="bench")
    common = {"workspace": workspace, "created_by": owner, "problem": "Use 3, 7, 12, 25 to make 58.",
              "title": "Use 3, 7, 12, 25 to make 58.", "queued_at": now, "started_at": now}  # fmt: skip
    ended = Job.objects.create(
        state="done", stop_reason="confident", answer=_ANSWER, answer_text=_TEXT, confidence=0.93, finished_at=now,
        budget_nano=STEPS * _STEP_NANO, charged_nano=STEPS * _STEP_NANO // 2,
        explanation="3,104 of 4,000 attempts agree.", **common,
    )  # fmt: skip
    _add_steps(ended, STEPS, now)
    ended.outline = outline_of(*marks_of(ended))
    ended.save(update_fields=["outline"])
    running_id = uuid.uuid4()
    with transaction.atomic():
        escrow = open_escrow(
            workspace=workspace,
            job_id=running_id,
            version=1,
            amount_nano=100 * NANO_PER_CENT,
            trial_allowed=False,
        )
        running = Job.objects.create(
            id=running_id, state="running", token=1, escrow=escrow, budget_nano=100 * NANO_PER_CENT, phase="Explore",
            best={"answer": _ANSWER, "text": "", "confidence": 0.6}, **common,
        )  # fmt: skip
    _add_steps(running, _RUNNING_STEPS, now)
    fill_calls(CALLS, days=_DAYS)
    sum_calls()
    with connection.cursor() as cursor:
        cursor.execute(_COPY, [JOBS - 3, ended.pk])
        cursor.execute("VACUUM (ANALYZE)")
    return Books(owner, ended, running)


def _add_steps(job: "Job", count: int, now: datetime) -> None:
    from jobs.models import StepRecord

    StepRecord.objects.bulk_create((_step(job, n, count, now) for n in range(count)), batch_size=1_000)


def _step(job: "Job", number: int, count: int, now: datetime) -> "StepRecord":
    """Return one step: of ten, seven attempts, two revisions of earlier ones and a check."""
    from jobs.models import StepRecord

    kind = (
        "sample",
        "sample",
        "revise",
        "sample",
        "sample",
        "grade",
        "sample",
        "revise",
        "sample",
        "sample",
    )[number % 10]
    answer = _ANSWER if number % 4 else f"{number % 31} + 25"
    parents = [] if kind == "sample" else [f"s/{number - 2 if kind == 'revise' else number - 1}"]
    return StepRecord(
        id=uuid.uuid4(), job=job, key=f"s/{number}", seq=number + 1, kind=kind, purpose="Independent attempt",
        parents=parents, model="demo/expert", state="told", status="ok", tokens=300, charged_nano=_STEP_NANO,
        text=_TEXT if kind != "grade" else "Every number is used once.\n\nVerdict: right",
        answer="" if kind == "grade" else answer, answer_key="" if kind == "grade" else answer,
        created_at=now - timedelta(seconds=count - number), told_at=now - timedelta(seconds=count - number),
    )  # fmt: skip
