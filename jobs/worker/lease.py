"""Taking a job, keeping it, giving it back. The database's clock and one UPDATE decide who holds it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Greatest, Now

from billing.models import Call, CallState
from jobs.core.lease import Lease
from jobs.core.states import CLAIMABLE, JobState, Wanted
from jobs.core.wake import wake_worker_on_commit
from jobs.lifecycle.submission.pinning import pin_current_prices
from jobs.models import Job, StepRecord, StepState
from solver.core.errors import NOT_SENT
from solver.core.pricing import BATCH

MAX_IDLE_CLAIMS = 5
"""A job claimed this often without its journal growing is poison."""

_CLAIM_LOCK = 0x636C61696D
"""Claims come one after another, each until it is committed: two that do not see each other would both count a user's
running jobs without the other's, and a user with many jobs would take every slot that falls free at that moment."""

# The job whose user has the fewest running jobs, then the one that waits longest. A running job is free once its lease
# has run out: its holder died.
_CLAIM = """
WITH busy AS (
  SELECT created_by_id, count(*) AS running FROM jobs_job
  WHERE state = 'running' AND lease_until > now() GROUP BY created_by_id
), pick AS (
  SELECT j.id FROM jobs_job j LEFT JOIN busy b USING (created_by_id)
  WHERE j.state = ANY(%(claimable)s) AND (%(job)s::uuid IS NULL OR j.id = %(job)s)
    AND (j.lease_until IS NULL OR j.lease_until <= now())
    AND (j.next_at IS NULL OR j.next_at <= now() OR %(job)s IS NOT NULL)
  ORDER BY coalesce(b.running, 0), j.queued_at, j.id
  LIMIT 1 FOR UPDATE OF j SKIP LOCKED
)
UPDATE jobs_job j SET
  token = token + 1, owner = %(owner)s, lease_until = now() + make_interval(secs => %(lease_s)s), state = 'running',
  started_at = coalesce(started_at, now()), idle_claims = idle_claims + 1, next_at = NULL
FROM pick WHERE j.id = pick.id
RETURNING j.id, j.token, j.escrow_id, j.workspace_id
"""

# Locks are taken in the order of ids, as the group-commit writer takes them.
_RENEW = """
WITH mine AS (
  SELECT id FROM jobs_job WHERE id = ANY(%(jobs)s) AND owner = %(owner)s AND state = 'running' AND lease_until > now()
  ORDER BY id FOR NO KEY UPDATE
)
UPDATE jobs_job j SET lease_until = now() + make_interval(secs => %(lease_s)s)
FROM mine WHERE j.id = mine.id RETURNING j.id, j.token, j.wanted, j.budget_nano, jsonb_array_length(j.hints)
"""

# A batch is started once the reference of what it is found by is committed for all its calls
# (solver/engine/calls/batches.py): those without any were never sent.
_VOID_UNSENT = """
SELECT billing_void(id, %(why)s) FROM billing_call
WHERE state = 'held' AND escrow_id = %(escrow)s AND lease_token < %(token)s
  AND asked_tier = %(service)s AND provider_ref = ''
"""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What the heartbeat learned of one lease that is still ours."""

    job_id: UUID
    token: int
    wanted: str
    budget_nano: int
    hint_count: int


def claim_next(owner: str, job_id: UUID | None = None) -> Lease | None:
    """Take the fairest runnable job (or the one named, even while it waits), or None.

    What a dead holder had in flight becomes in doubt at once, unless its provider can still be asked for the reply, or
    was asked for none. A job that begins does so at the prices in force.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            if job_id is None:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIM_LOCK])
            cursor.execute(
                _CLAIM,
                {
                    "owner": owner,
                    "lease_s": settings.PONDER_LEASE_S,
                    "job": job_id,
                    "claimable": sorted(CLAIMABLE),
                },
            )
            row = cursor.fetchone()
        if row is None:
            return None
        lease = Lease(*row)
        _close_what_was_in_flight(lease)
        if lease.token == 1:
            pin_current_prices(lease.job_id)
    return lease


def claim_own(job: Job, owner: str) -> Lease:
    """Take a job that was just made in this transaction, before anyone else can see it."""
    assert job.escrow_id is not None, "a submitted job has its escrow"
    Job.objects.filter(pk=job.pk).update(
        token=F("token") + 1,
        owner=owner,
        lease_until=Now() + timedelta(seconds=settings.PONDER_LEASE_S),
        state=JobState.RUNNING,
        started_at=Now(),
        idle_claims=1,
    )
    job.refresh_from_db()
    return Lease(job.pk, job.token, job.escrow_id, job.workspace_id)


def _close_what_was_in_flight(lease: Lease) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _VOID_UNSENT, {"why": NOT_SENT, "escrow": lease.escrow_id, "token": lease.token, "service": BATCH}
        )
        cursor.execute("SELECT billing_doubt_stale(%s, %s)", [lease.job_id, lease.token])
    calls = Call.objects.filter(escrow_id=lease.escrow_id)
    steps = StepRecord.objects.filter(job_id=lease.job_id, state=StepState.OPEN)
    steps.filter(pk__in=calls.filter(state=CallState.VOID).values("pk")).update(
        state=StepState.VOID, error=NOT_SENT, told_at=Now()
    )
    steps.exclude(pk__in=calls.filter(state=CallState.HELD).values("pk")).update(
        state=StepState.IN_DOUBT, error="The worker stopped in the middle of this call.", told_at=Now()
    )


def renew(owner: str, job_ids: Collection[UUID]) -> list[Renewal]:
    """Renew this owner's leases of the named jobs and say what the users want of them.

    A lease that ran out stays lost, and one of a job that runs no longer here is left to run out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, {"owner": owner, "lease_s": settings.PONDER_LEASE_S, "jobs": list(job_ids)})
        return [Renewal(*row) for row in cursor.fetchall()]


def give_back(
    lease: Lease,
    *,
    state: JobState,
    next_after: timedelta | None = None,
    error: str = "",
    at_fault: bool = False,
    to_back: bool = False,
    in_batches: bool = False,
) -> bool:
    """End this execution of a job so that another continues it. False: the lease was not ours any more.

    A pause, a wait and a deploy are no sign of poison; a fault of our own is (`at_fault`). What the user wants by now
    comes first: a pause is taken back by a resume, and who finishes or cancels does not wait for `next_after`. With
    `to_back` the job queues behind those that wait already. For a job that can go on at once the next worker is woken. A
    job whose calls wait `in_batches` waits for nothing that failed.
    """
    given = Job.objects.filter(pk=lease.job_id, token=lease.token, lease_until__gt=Now()).update(
        state=Case(
            When(wanted=Wanted.PAUSE, then=Value(JobState.PAUSED)),
            default=Value(JobState.QUEUED if state == JobState.PAUSED else state),
        ),
        lease_until=None,
        owner="",
        next_at=Case(When(wanted=Wanted.RUN, then=Now() + next_after)) if next_after else None,
        queued_at=Now() if to_back else F("queued_at"),
        error=error,
        idle_claims=F("idle_claims") if at_fault else Greatest(F("idle_claims") - 1, 0),
        waits=F("waits") + 1 if state == JobState.WAITING and not in_batches else F("waits"),
    )
    if given and state == JobState.QUEUED and not next_after:
        wake_worker_on_commit(lease.job_id)
    return bool(given)


def is_ours(job_id: UUID, token: int) -> bool:
    """Tell whether the lease under this token is still valid."""
    return Job.objects.filter(pk=job_id, token=token, lease_until__gt=Now()).exists()


def waits(lease: Lease) -> int:
    """Return how often the job waited for a provider since its journal last grew."""
    return Job.objects.values_list("waits", flat=True).get(pk=lease.job_id)


def idle_claims(lease: Lease) -> int:
    """Return how often the job was claimed since its journal last grew, this claim included."""
    return Job.objects.values_list("idle_claims", flat=True).get(pk=lease.job_id)
