"""Calls by the million, as they come in life: a hundred of a job, a few seconds apart.

Job number `n` of them has the id `md5(n::text)::uuid`.
"""

import hashlib
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import User

CALLS_A_JOB = 100
_FILL = """
INSERT INTO billing_call (id, job_id, escrow_id, workspace_id, lease_token, kind, step_key, attempt, model,
    state, hold_nano, prompt_bytes, max_output_tokens, input_tokens, cache_read_tokens,
    cache_write_tokens, output_tokens, reasoning_tokens, usage_missing, cost_nano, billed_nano,
    overrun_nano, provider_ref, error, created_at, finished_at)
SELECT gen_random_uuid(), md5(job::text)::uuid, 1000, 1 + job %% 500, 1, 'model', 's/' || n, 1,
    'vendor/model-' || (job + n %% 2) %% 12, CASE WHEN n %% 40 = 0 THEN 'void' ELSE 'settled' END, 2000, 90, 90, 90,
    0, 0, 90, 0, false, 1000 + n %% 500, 1100 + n %% 500, 0, '', '', finished_at, finished_at
FROM (
    SELECT n, n / 100 AS job,
        now() - interval '1 day' * ((n / 100 * 100) * %s::float / %s) - interval '7 seconds' * (n %% 100) AS finished_at
    FROM generate_series(1, %s) n
) AS call
"""


def fill_calls(calls: int, *, days: int) -> None:
    """Make up calls of the last `days` days."""
    from django.db import connection

    with connection.cursor() as cursor:
        # Made-up calls have no escrow. Indexes are made anew behind them, which takes a third of the time.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'billing_call' AND indexname IN "
            "('billing_call_by_time', 'billing_call_of_workspace')"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(_FILL, [days, calls, calls])
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM (ANALYZE) billing_call")


def fill_jobs(calls: int, *, by: "User") -> None:
    """Make up the jobs of those calls, each with a tag or two."""
    from django.db import connection
    from django.utils import timezone

    from jobs.models import Job

    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # made-up workspaces are no rows
        Job.objects.bulk_create(
            (
                Job(
                    pk=uuid.UUID(hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()),
                    workspace_id=1 + number % 500,
                    created_by=by,
                    title=f"Job {number}",
                    problem="made up",
                    budget_nano=1_000_000_000,
                    tags=[f"tag-{number % 40}", "all"][: 1 + number % 2],
                    state="done",
                    stop_reason="solved",
                    queued_at=now,
                    finished_at=now,
                )
                for number in range(calls // CALLS_A_JOB + 1)
            ),
            batch_size=2_000,
        )
        cursor.execute("SET session_replication_role = DEFAULT")
