"""How long the pages of the cost review take at a million calls of 90 days, and how many statements they need.

The table on stderr says for each page how long it took, the CPU time that server and database spent on it, and its
statements; where others use the machine, the CPU time is what counts. Calls come as they do in life: a hundred of a job,
a few seconds apart. Those that finished are summed by quarter of an hour, as Beat does; only those of the last minutes
are left to be read one by one.

| Key | Meaning |
|---|---|
| `worst_ms` | the slowest page; of each the median of `ROUNDS` requests after one that warms up |
| `max_queries` | the most statements that a page needs |
"""

import os
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.load.many_calls import fill_calls, fill_jobs
from bench.services import database

CALLS = 1_000_000
ROUNDS, QUICK_ROUNDS = 9, 5
_DAYS = 90
_TODAY = datetime.now(tz=UTC).date()
_PAGES = (
    *(
        f"/staff/costs/?days={days}&by={by}"
        for days in (7, 30, 90)
        for by in ("day", "week", "month", "model", "provider", "workspace", "job", "member", "tag")
    ),
    "/staff/costs/?days=90&by=job&page=100",
    "/staff/costs/?days=90&by=day&model=vendor/model-3",
    "/staff/costs/?days=90&by=day&workspace=7",
    *(
        f"/staff/costs/?days=90&by={by}&{chosen}"
        for by in ("day", "week", "model", "job")
        for chosen in ("tag=tag-7", "tag=all", "member=staff@example.org")
    ),
    *(f"/staff/costs/{page}/?days={days}" for page in ("finance", "anomalies") for days in (30, 90)),
    "/staff/costs/finance/?days=90&model=vendor/model-3",
    # Of a period that is over, for which what came since is looked at, too.
    f"/staff/costs/finance/?from={_TODAY - timedelta(days=80)}&to={_TODAY - timedelta(days=50)}",
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

        operator = User.objects.create_superuser("staff@example.org")
        fill_calls(CALLS, days=_DAYS)
        fill_jobs(CALLS, by=operator)
        sum_calls()
        with connection.cursor() as cursor:
            cursor.execute(
                "VACUUM (ANALYZE) billing_callsum, billing_modelsum, billing_callanomaly, jobs_job"
            )
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]

        client = Client()
        client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")

        def page_ms(address: str) -> float:
            began_ns = time.perf_counter_ns()
            reply = client.get(address)
            if reply.status_code != 200:
                raise RuntimeError(f"{address} answers {reply.status_code}.")
            return (time.perf_counter_ns() - began_ns) / 1e6

        took_ms, queries, cpu_ms = {}, {}, {}
        for address in _PAGES:
            page_ms(address)
            with CaptureQueriesContext(connection) as captured:
                page_ms(address)
            queries[address] = len(captured)
            rounds, before = QUICK_ROUNDS if quick else ROUNDS, _cpu_ms(backend)
            took_ms[address] = statistics.median(page_ms(address) for _ in range(rounds))
            cpu_ms[address] = (_cpu_ms(backend) - before) / rounds
    for address in _PAGES:
        sys.stderr.write(
            f"{took_ms[address]:7.1f} ms  {cpu_ms[address]:7.1f} ms of CPU  {queries[address]:3} statements  {address}\n"
        )
    return {"worst_ms": round(max(took_ms.values()), 1), "max_queries": max(queries.values())}


def _cpu_ms(backend: int) -> float:
    """Return the CPU time that this process and a process of the database have spent so far."""
    spent = Path(f"/proc/{backend}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return time.process_time() * 1000 + (int(spent[11]) + int(spent[12])) * 1000 / os.sysconf("SC_CLK_TCK")
