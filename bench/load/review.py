"""How long the pages of the cost review take on a quarter of a million calls of 90 days, for each grouping.

`page_s` is the median of `ROUNDS` requests after one that warms up; `times_the_bare_sum` compares it with one SQL sum of
the same calls on the same machine, which no page that shows their total can undercut.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.services import database

CALLS, QUICK_CALLS = 250_000, 20_000
ROUNDS = 5
_FILL = """
INSERT INTO billing_call (id, job_id, escrow_id, workspace_id, lease_token, kind, step_key, attempt, model,
    state, hold_nano, prompt_bytes, max_output_tokens, input_tokens, cache_read_tokens,
    cache_write_tokens, output_tokens, reasoning_tokens, usage_missing, cost_nano, billed_nano,
    overrun_nano, provider_ref, error, created_at, finished_at)
SELECT gen_random_uuid(), md5((n %% 2000)::text)::uuid, 1000, 1 + n %% 50, 1, 'model', 's/' || n, 1,
    'vendor/model-' || n %% 12, CASE WHEN n %% 40 = 0 THEN 'void' ELSE 'settled' END, 2000, 90, 90, 90,
    0, 0, 90, 0, false, 1000 + n %% 500, 1100 + n %% 500, 0, '', '',
    now() - interval '1 minute' * (n %% 129000), now() - interval '1 minute' * (n %% 129000)
FROM generate_series(1, %s) n
"""
_BARE_SUM = """
SELECT sum(cost_nano), sum(billed_nano), sum(overrun_nano), count(*) FROM billing_call
WHERE finished_at > now() - interval '90 days' GROUP BY state
"""


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the seconds of each grouping's page, and how many bare sums they are."""
    calls = QUICK_CALLS if quick else CALLS
    with database(PONDER_MODELS="demo/expert", ALLOWED_HOSTS="testserver"):
        from django.db import connection
        from django.test import Client

        from accounts.models import User
        from billing.cost_review.sums import By

        with connection.cursor() as cursor:
            # Made-up calls have no escrow.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(_FILL, [calls])
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute("VACUUM (ANALYZE) billing_call")

        def bare_sum() -> None:
            with connection.cursor() as cursor:
                cursor.execute(_BARE_SUM)
                cursor.fetchall()

        client = Client()
        operator = User.objects.create_superuser("staff@example.org")
        client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")

        def page(by: str) -> None:
            reply = client.get(f"/staff/costs/?days=90&by={by}")
            if reply.status_code != 200:
                raise RuntimeError(f"The page by {by} answers {reply.status_code}.")

        sum_s = _median_s(bare_sum)
        page_s = {by.value: _median_s(lambda by=by: page(by.value)) for by in By}  # type: ignore[misc]
    return {
        "calls": calls,
        "bare_sum_s": round(sum_s, 4),
        "page_s": {by: round(seconds, 3) for by, seconds in page_s.items()},
        "times_the_bare_sum": {by: round(seconds / sum_s, 1) for by, seconds in page_s.items()},
    }


def _median_s(action: Callable[[], None]) -> float:
    """Return how long an action takes, after one that warms up."""
    took_s = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        action()
        took_s.append(time.perf_counter() - began)
    return statistics.median(took_s[1:])
