"""How long `manage.py audit` takes on large books: every invariant of money and jobs over a million calls.

The books are filled by SQL, as workers would have left them: ended jobs of a thousand calls each, of which one in a
hundred is in doubt and one in a hundred void, with their transfers, entries, steps and messages. PostgreSQL runs with
the settings of the embedded one. `audit_s` is the median of three audits after one that warms up; `audit_cpu_s` is
PostgreSQL's CPU time for one without helping processes; `load_average` says how busy the machine was with other things.
"""

import os
import statistics
import time
import uuid
from typing import Any

from bench.services import Database, database
from solver.core.money import NANO_PER_USD

CALLS, QUICK_CALLS = 1_000_000, 50_000
CALLS_A_JOB = 1_000
USERS = 20
BUDGET_NANO = 20 * NANO_PER_USD
COST_NANO, HOLD_NANO = 9_000_000, 15_000_000
ROUNDS = 3

# ruff: noqa: S608  (our own numbers and texts)

# Call n of job j; its id follows from its number, so that every table is filled by one scan of numbers.
_NUMBERED = """
SELECT n, md5(n::text)::uuid AS id, j.id AS job_id, j.escrow_id, j.workspace_id,
    CASE n %% 100 WHEN 0 THEN 'in_doubt' WHEN 1 THEN 'void' ELSE 'settled' END AS state
FROM generate_series(0, %(calls)s - 1) n
JOIN bench_job j ON j.number = n / %(calls_a_job)s
"""
_FILL = {
    "calls": f"""
        INSERT INTO billing_call (
            id, job_id, escrow_id, workspace_id, lease_token, kind, step_key, attempt, model, price_id, state,
            hold_nano, prompt_bytes, max_output_tokens, input_tokens, cache_read_tokens, cache_write_tokens,
            output_tokens, reasoning_tokens, usage, usage_missing, cost_nano, billed_nano, overrun_nano, provider_ref,
            error, created_at, finished_at)
        SELECT id, job_id, escrow_id, workspace_id, 1, 'model', 'sample/' || n, 1, 'demo/expert', %(price)s, state,
            %(hold)s, 400, 512, 180, 0, 0, 120, 0, '{{"prompt_tokens": 180, "completion_tokens": 120}}', false,
            paid, paid, 0, 'chatcmpl-bench', '', now(), now()
        FROM (SELECT *, CASE state WHEN 'settled' THEN %(cost)s ELSE 0 END AS paid FROM ({_NUMBERED}) m) c
    """,
    "steps": f"""
        INSERT INTO jobs_steprecord (
            id, job_id, key, attempt, seq, kind, purpose, parents, model, prompt_sha256, state, status, text, reasoning,
            answer, answer_key, finish_reason, error, charged_nano, tokens, created_at, told_at)
        SELECT id, job_id, 'sample/' || n, 1, CASE state WHEN 'settled' THEN n + 1 END, 'sample', 'Independent try',
            '{{}}', 'demo/expert', repeat('0', 64), CASE state WHEN 'settled' THEN 'told' ELSE state END, 'ok',
            repeat('Reduce each product modulo m before adding. ', 12) || n, '', '17', '17', 'stop', '',
            CASE state WHEN 'settled' THEN %(cost)s ELSE 0 END, 300, now(), now()
        FROM ({_NUMBERED}) c
    """,
    "transfers": f"""
        INSERT INTO billing_transfer (kind, key, job_id, call_id, stripe_object, memo, effective_at)
        SELECT CASE state WHEN 'settled' THEN 'call' ELSE 'accrual' END,
            CASE state WHEN 'settled' THEN 'call:' ELSE 'accrual:' END || id, job_id, id, '', '', now()
        FROM ({_NUMBERED}) c WHERE state <> 'void'
    """,
    # Escrow, revenue, provider cost, provider payable; of a call in doubt: suspense and provider payable.
    "entries": """
        INSERT INTO billing_entry (transfer_id, account_id, amount_nano)
        SELECT t.id, side.account_id, side.amount_nano
        FROM billing_transfer t JOIN bench_job j ON j.id = t.job_id
        CROSS JOIN LATERAL (VALUES
            ('call', j.escrow_id, -%(cost)s), ('call', 1, %(cost)s), ('call', 2, -%(cost)s), ('call', 3, %(cost)s),
            ('accrual', 6, -%(hold)s), ('accrual', 3, %(hold)s)
        ) AS side (kind, account_id, amount_nano)
        WHERE side.kind = t.kind
    """,
}
_END = (
    """
    CREATE TABLE bench_left AS SELECT j.*, w.id AS wallet_id, s.spent, b.nano - s.spent AS unspent
    FROM bench_job j
    JOIN (SELECT account_id, -sum(amount_nano) FILTER (WHERE amount_nano < 0) AS spent,
            sum(amount_nano) FILTER (WHERE amount_nano > 0) AS nano FROM billing_entry GROUP BY account_id) b
        ON b.account_id = j.escrow_id
    CROSS JOIN LATERAL (SELECT coalesce(b.spent, 0) AS spent) s
    JOIN billing_account w ON w.workspace_id = j.workspace_id AND w.kind = 'wallet'
    """,
    """
    INSERT INTO billing_transfer (kind, key, job_id, stripe_object, memo, effective_at)
    SELECT 'release', 'release:' || id || ':1', id, '', '', now() FROM bench_left
    """,
    """
    INSERT INTO billing_entry (transfer_id, account_id, amount_nano)
    SELECT t.id, side.account_id, side.amount_nano
    FROM bench_left l JOIN billing_transfer t ON t.key = 'release:' || l.id || ':1'
    CROSS JOIN LATERAL (VALUES (l.escrow_id, -l.unspent), (l.wallet_id, l.unspent)) AS side (account_id, amount_nano)
    """,
    """
    UPDATE billing_account a SET balance_nano = e.total
    FROM (SELECT account_id, sum(amount_nano) AS total FROM billing_entry GROUP BY account_id) e
    WHERE e.account_id = a.id AND a.is_floored
    """,
    "UPDATE billing_account SET closed_at = now() WHERE kind = 'escrow'",
    """
    UPDATE jobs_job j SET state = 'done', stop_reason = 'confident', answer = '17', finished_at = now(),
        charged_nano = l.spent
    FROM bench_left l WHERE l.id = j.id
    """,
    """
    INSERT INTO jobs_outboxmessage (
        job_id, kind, version, recipient, content, state, created_at, attempts, next_at, message_id, last_error)
    SELECT id, 'ended', 1, 'user@example.org', '{}', 'sent', now(), 1, now(), id, '' FROM bench_left
    """,
)


def measure(quick: bool, calls: int = 0) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the seconds that an audit of `calls` calls takes (without: a million), and those of each invariant."""
    calls = calls or (QUICK_CALLS if quick else CALLS)
    with database(PONDER_MODELS="demo/expert") as data:
        began = time.perf_counter()
        _fill(calls)
        filled_s = time.perf_counter() - began
        return _figures(data, calls) | {"fill_s": round(filled_s, 1)}


def _figures(data: Database, calls: int) -> dict[str, Any]:
    from django.db import connection

    from jobs.upkeep.audit import audit

    audits = [audit() for _ in range(ROUNDS + 1)][1:]
    for each in audits:
        if each.violations:
            raise RuntimeError(f"The books do not balance: {each.violations[0]}")
    with connection.cursor() as cursor:
        # The processes that help with a query end with it, and their time with them: none of them here.
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cpu_s = data.cpu_s()
        audit()
        cpu_s = data.cpu_s() - cpu_s
    slowest = max(audits[0].took_ms, key=audits[0].took_ms.__getitem__)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1024 / 1024")
        [megabytes] = cursor.fetchone()
    return {
        "calls": calls,
        "audit_s": round(statistics.median(sum(each.took_ms.values()) for each in audits) / 1000, 2),
        "audit_cpu_s": round(cpu_s, 2),
        "load_average": round(os.getloadavg()[0], 1),
        "invariants": len(audits[0].took_ms),
        "slowest": slowest,
        "slowest_ms": audits[0].took_ms[slowest],
        "database_mb": megabytes,
        "cores": os.cpu_count(),
    }


def _fill(calls: int) -> None:
    """Fill the database with consistent books of ended jobs, and let PostgreSQL learn of their size."""
    from django.db import connection, transaction

    from billing.models import Price

    jobs = -(-calls // CALLS_A_JOB)
    with transaction.atomic():
        _make_jobs(jobs)
    arguments = {
        "calls": calls,
        "calls_a_job": CALLS_A_JOB,
        "cost": COST_NANO,
        "hold": HOLD_NANO,
        "price": Price.objects.filter(model="demo/expert").values_list("pk", flat=True)[0],
    }
    with connection.cursor() as cursor:
        # The triggers look at one call at a time; the audit looks at all of them afterwards.
        cursor.execute("SET session_replication_role = replica")
        for statement in _FILL.values():
            cursor.execute(statement, arguments)
        cursor.execute("SET session_replication_role = DEFAULT")
    _end_jobs()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _make_jobs(count: int) -> None:
    from django.db import connection
    from django.utils import timezone

    from accounts.models import User
    from accounts.services import ensure_personal_workspace
    from billing.books.escrow import open_escrow
    from billing.books.wallet import grant
    from billing.prices.book import load_prices
    from jobs.models import Job

    load_prices()
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_job (number int, id uuid, escrow_id bigint, workspace_id bigint)")
    for number in range(count):
        if number < USERS:
            user = User.objects.create_user(f"user{number}@example.org")
            share = -(-count // USERS) * BUDGET_NANO
            grant(workspace=ensure_personal_workspace(user), amount_nano=share, by=user, reason="bench")
        user = User.objects.get(email=f"user{number % USERS}@example.org")
        workspace, job_id = ensure_personal_workspace(user), uuid.uuid4()
        escrow = open_escrow(
            workspace=workspace, job_id=job_id, version=1, amount_nano=BUDGET_NANO, trial_allowed=False
        )
        Job.objects.create(
            id=job_id, workspace=workspace, created_by=user, title="Compute", problem="Compute (17 * 4) mod 13.",
            budget_nano=BUDGET_NANO, escrow=escrow, state="running", token=1, queued_at=now, started_at=now,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bench_job VALUES (%s, %s, %s, %s)", [number, job_id, escrow.pk, workspace.pk]
            )


def _end_jobs() -> None:
    """Return what is unspent, let the balances follow from the entries, and end the jobs as a worker does."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in _END:
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = DEFAULT")
