"""The rows of programs to be run: asked for by the workers of jobs, taken and answered by sandbox workers.

Every statement may be repeated. A run is pure, so two workers that take the same one (the first was silent for longer
than its lease) do no harm: the first result stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from jobs.models import ProgramRun, ProgramRunState

RAN_CHANNEL = "ponder_program_ran"
RAN = (ProgramRunState.DONE, ProgramRunState.TIMED_OUT)
LEASE_S = 70
"""Longer than any run: 20 s in one backend, then 20 s in the other, and what a busy machine adds."""
MOST_TAKEN = 3
"""A program that was with so many workers when they died is not run again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A row as it waits for its result.

    `is_free`: nobody works on it; `silent_s`: since when nobody took any program although this one is free.
    """

    wanted: str
    state: str
    result: str
    is_free: bool
    silent_s: float

    @property
    def has_ended(self) -> bool:
        """Whether there is a result, or a reason why there is none."""
        return self.was_run or self.state == ProgramRunState.REFUSED

    @property
    def was_run(self) -> bool:
        """Whether `result` says what came of it; else it says why it was not run."""
        return self.state in RAN


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that a sandbox worker has to run."""

    id: UUID
    wanted: str
    times_taken: int


# What was refused, or had too little time, is run anew when it is asked for again: that may be the machine's fault. The
# job's lock keeps its end from passing by, which takes its rows along.
_ASK = """
INSERT INTO jobs_programrun (
    id, job_id, workspace_id, sha256, asked_by, wanted, state, owner, times_taken, result, cpu_ms, wall_ms, asked_at)
SELECT %(id)s, id, workspace_id, %(sha256)s, %(asked_by)s, %(wanted)s, 'waiting', '', 0, '', 0, 0, now()
FROM jobs_job WHERE id = %(job)s AND state = 'running' FOR SHARE
ON CONFLICT (job_id, sha256) DO UPDATE SET
    asked_at = now(), asked_by = EXCLUDED.asked_by,
    wanted = CASE WHEN jobs_programrun.state IN ('refused', 'timed_out') THEN EXCLUDED.wanted
        ELSE jobs_programrun.wanted END,
    times_taken = CASE WHEN jobs_programrun.state IN ('refused', 'timed_out') THEN 0 ELSE jobs_programrun.times_taken END,
    state = CASE WHEN jobs_programrun.state IN ('refused', 'timed_out') THEN 'waiting' ELSE jobs_programrun.state END
RETURNING id
"""
# What was wanted may have megabytes of files in it, so it is read once, at the end.
_LOOK = """
SELECT CASE WHEN state IN ('done', 'timed_out') THEN wanted ELSE '' END,
    state, result, state = 'waiting' OR state = 'running' AND lease_until < now(),
    extract(epoch FROM now() - greatest(asked_at, lease_until, (SELECT max(taken_at) FROM jobs_programrun)))::float8
FROM jobs_programrun WHERE id = %s
"""
# Whose programs run the least comes first, then whose turn was the longest ago.
_TAKE = """
UPDATE jobs_programrun SET
    state = 'running', owner = %(owner)s, times_taken = times_taken + 1, taken_at = clock_timestamp(),
    lease_until = now() + make_interval(secs => %(lease_s)s)
WHERE id = (
    SELECT id FROM jobs_programrun one
    WHERE state IN ('waiting', 'running') AND (state = 'waiting' OR lease_until < now())
        AND (%(only_of)s = '' OR asked_by = %(only_of)s)
    ORDER BY (
        SELECT count(*) FROM jobs_programrun other
        WHERE other.workspace_id = one.workspace_id AND other.state = 'running' AND other.lease_until >= now()
    ), (
        SELECT max(taken_at) FROM jobs_programrun other WHERE other.workspace_id = one.workspace_id
    ) NULLS FIRST, asked_at
    LIMIT 1 FOR UPDATE OF one SKIP LOCKED)
RETURNING id, wanted, times_taken
"""


def ask(*, job_id: UUID, sha256: str, asked_by: str, wanted: str) -> UUID | None:
    """Ask for a run and return its row, which may be there already, with its result. None: its job has ended."""
    values = {"id": uuid4(), "job": job_id, "sha256": sha256, "asked_by": asked_by, "wanted": wanted}
    row = _one(_ASK, values)
    return row[0] if row else None


def look(run_id: UUID) -> Asked | None:
    """Return a run as it is now. None: its job has ended."""
    row = _one(_LOOK, [run_id])
    return Asked(*row) if row else None


def take(*, owner: str, only_of: str = "") -> Taken | None:
    """Take the fairest run that nobody works on, for `LEASE_S` seconds; of one worker alone where it is named."""
    row = _one(_TAKE, {"owner": owner, "lease_s": LEASE_S, "only_of": only_of})
    return Taken(*row) if row else None


def answer(
    run_id: UUID, *, result: str, cpu_ms: int, wall_ms: int, had_time: bool = True, ran_for: str = ""
) -> None:
    """Keep what came of a run, and of what was wanted `ran_for`, if that is less, and tell who waits.

    The first answer stays, unless the program had too little time.
    """
    state = ProgramRunState.DONE if had_time else ProgramRunState.TIMED_OUT
    kept = {"wanted": ran_for} if ran_for else {}
    _end(
        run_id,
        **kept,
        state=state,
        result=result,
        cpu_ms=F("cpu_ms") + cpu_ms,
        wall_ms=F("wall_ms") + wall_ms,
    )


def refuse(run_id: UUID, why: str) -> None:
    """Say why a program is not run, to whom waits for it."""
    _end(run_id, state=ProgramRunState.REFUSED, result=why)


def give_up(run_id: UUID, why: str) -> None:
    """Say that nobody runs a program, unless somebody has begun meanwhile."""
    nobodys = ProgramRun.objects.exclude(state=ProgramRunState.RUNNING, lease_until__gte=Now())
    if nobodys.filter(pk=run_id).exists():
        refuse(run_id, why)


def _end(run_id: UUID, **values: object) -> None:
    under_way = ProgramRun.objects.filter(
        pk=run_id, state__in=[ProgramRunState.WAITING, ProgramRunState.RUNNING]
    )
    with transaction.atomic():
        if under_way.update(**values):
            _one("SELECT pg_notify(%s, %s)", [RAN_CHANNEL, str(run_id)])


def _one(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row
