"""How long the pages of the cost review take at a million calls of 90 days, and how many statements they need.

Calls come as they do in life: a hundred of a job, a few seconds apart. Those that finished are summed by quarter of an
hour, as Beat does; only those of the last minutes are left to be read one by one.

| Key | Meaning |
|---|---|
| `worst_ms` | the slowest page; of each the median of `ROUNDS` requests after one that warms up |
| `max_queries` | the most statements that a page needs |
"""

import statistics
import sys
import time
from typing import Any

from bench.services import database

CALLS = 1_000_000
ROUNDS, QUICK_ROUNDS = 9, 5
_DAYS = 90
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
_PAGES = (
    *(
        f"/staff/costs/?days={days}&by={by}"
        for days in (7, 30, 90)
        for by in ("day", "model", "workspace", "job")
    ),
    "/staff/costs/?days=90&by=job&page=100",
    "/staff/costs/?days=90&by=day&model=vendor/model-3",
    "/staff/costs/?days=90&by=day&workspace=7",
    "/staff/costs/open/",
)


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the slowest page's milliseconds and the most statements of a page."""
    with database(PONDER_MODELS="demo/expert", ALLOWED_HOSTS="testserver"):
        from django.db import connection
        from django.test import Client
        from django.test.utils import CaptureQueriesContext

        from accounts.models import User
        from billing.cost_review.summing import sum_calls

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
            cursor.execute(_FILL, [_DAYS, CALLS, CALLS])
            for _, definition in indexes:
                cursor.execute(definition)
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute("VACUUM (ANALYZE) billing_call")
        sum_calls()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) billing_callsum")

        client = Client()
        operator = User.objects.create_superuser("staff@example.org")
        client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")

        def page_ms(address: str) -> float:
            began_ns = time.perf_counter_ns()
            reply = client.get(address)
            if reply.status_code != 200:
                raise RuntimeError(f"{address} answers {reply.status_code}.")
            return (time.perf_counter_ns() - began_ns) / 1e6

        took_ms, queries = {}, {}
        for address in _PAGES:
            page_ms(address)
            with CaptureQueriesContext(connection) as captured:
                page_ms(address)
            queries[address] = len(captured)
            took_ms[address] = statistics.median(
                page_ms(address) for _ in range(QUICK_ROUNDS if quick else ROUNDS)
            )
    for address in _PAGES:
        sys.stderr.write(f"{took_ms[address]:7.1f} ms  {queries[address]:3} statements  {address}\n")
    return {"worst_ms": round(max(took_ms.values()), 1), "max_queries": max(queries.values())}
