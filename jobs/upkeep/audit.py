"""The jobs' invariants as SQL, beside those of the books: what `manage.py audit` checks."""

from collections.abc import Iterable

from django.db import connection, transaction

from billing.books.audit import INVARIANTS as BOOKS
from billing.books.audit import Report, Violation
from jobs.core.states import ACTIVE, ENDED, JobState

_QUERIES: dict[str, str] = {
    "no job is charged above its budget": """
        SELECT 'job ' || id || ' was charged ' || charged_nano || ' of ' || budget_nano
        FROM jobs_job WHERE charged_nano > budget_nano
    """,
    "an ended job is charged the sum of its calls": """
        SELECT 'job ' || j.id || ' was charged ' || j.charged_nano || ', its calls were billed '
            || coalesce(sum(c.billed_nano), 0)
        FROM jobs_job j LEFT JOIN billing_call c ON c.job_id = j.id AND c.state = 'settled'
        WHERE j.state IN (:ended)
        GROUP BY j.id HAVING j.charged_nano <> coalesce(sum(c.billed_nano), 0)
    """,
    "every ended version of a job has one message for its outcome": """
        SELECT 'version ' || v.version || ' of job ' || j.id || ' (' || j.state || ') has ' || count(o.id) || ' messages'
        FROM jobs_job j CROSS JOIN LATERAL generate_series(1, j.version) v (version)
        LEFT JOIN jobs_outboxmessage o ON o.job_id = j.id AND o.version = v.version AND o.kind = 'ended'
        WHERE v.version < j.version OR j.state IN (:ended)
        GROUP BY j.id, v.version HAVING count(o.id) <> 1
    """,
    "an ended version of a job keeps no money": """
        SELECT 'version ' || a.job_version || ' of job ' || j.id || ' (' || j.state || ') left ' || a.balance_nano
            || ' in escrow'
        FROM jobs_job j JOIN billing_account a ON a.job_id = j.id AND a.kind = 'escrow'
        WHERE (a.job_version < j.version OR j.state IN (:ended))
            AND (a.balance_nano <> 0 OR a.held_nano <> 0)
    """,
    "a job's budget is what was reserved for it and what earlier versions were charged": """
        SELECT 'job ' || j.id || ' has a budget of ' || j.budget_nano || '; ' || coalesce(put_in.nano, 0)
            || ' was reserved, ' || coalesce(earlier.nano, 0) || ' charged before'
        FROM jobs_job j
        LEFT JOIN (
            SELECT e.account_id, sum(e.amount_nano) AS nano
            FROM billing_entry e JOIN billing_account a ON a.id = e.account_id AND a.kind = 'escrow'
            WHERE e.amount_nano > 0 GROUP BY e.account_id
        ) put_in ON put_in.account_id = j.escrow_id
        LEFT JOIN (
            SELECT c.job_id, sum(c.billed_nano) AS nano
            FROM billing_call c JOIN jobs_job o ON o.id = c.job_id AND o.version > 1
            WHERE c.state = 'settled' AND c.escrow_id <> o.escrow_id GROUP BY c.job_id
        ) earlier ON earlier.job_id = j.id
        WHERE j.escrow_id IS NOT NULL AND j.budget_nano <> coalesce(put_in.nano, 0) + coalesce(earlier.nano, 0)
    """,
    "every active job has an open escrow": """
        SELECT 'job ' || j.id || ' (' || j.state || ') has no open escrow'
        FROM jobs_job j LEFT JOIN billing_account a ON a.id = j.escrow_id AND a.closed_at IS NULL
        WHERE j.state IN (:active) AND a.id IS NULL
    """,
    "no call is held by an ended job": """
        SELECT 'call ' || c.id || ' of job ' || j.id || ' is still held'
        FROM billing_call c JOIN jobs_job j ON j.id = c.job_id
        WHERE c.state = 'held' AND j.state IN (:ended)
    """,
    "no call is held under an older token than its job's": """
        SELECT 'call ' || c.id || ' is held under token ' || c.lease_token || ', its job is at ' || j.token
        FROM billing_call c JOIN jobs_job j ON j.id = c.job_id WHERE c.state = 'held' AND c.lease_token < j.token
    """,
    "every settled call was told with its cost": """
        SELECT 'call ' || c.id || ' was billed ' || c.billed_nano || ', its step says '
            || coalesce(s.charged_nano::text, 'nothing')
        FROM billing_call c LEFT JOIN jobs_steprecord s ON s.id = c.id AND s.state = 'told'
        WHERE c.state = 'settled' AND (s.id IS NULL OR s.charged_nano <> c.billed_nano)
    """,
    "an ended job keeps no programs": """
        SELECT 'program ' || p.id || ' (' || p.state || ') of job ' || j.id || ' is still there'
        FROM jobs_programrun p JOIN jobs_job j ON j.id = p.job_id WHERE j.state IN (:ended)
    """,
    "no step is told twice": """
        SELECT 'step ' || key || ' of job ' || job_id || ' was told ' || count(*) || ' times'
        FROM jobs_steprecord WHERE state = 'told' GROUP BY job_id, key HAVING count(*) > 1
    """,
}


def _listed(states: Iterable[JobState]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


INVARIANTS: dict[str, str] = {
    invariant: query.replace(":ended", _listed(ENDED)).replace(":active", _listed(ACTIVE))
    for invariant, query in _QUERIES.items()
}

# Sums over millions of rows fit into it, one query at a time; each worker of a query may take as much.
_WORK_MEM = "192MB"


def audit() -> Report:
    """Check every promise about money and jobs, all of them on one snapshot: workers may go on meanwhile."""
    report = Report()
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(f"SET LOCAL work_mem = '{_WORK_MEM}'")
        report.check(BOOKS)
        report.check(INVARIANTS)
    return report


def violations() -> list[Violation]:
    """Check every promise about money and jobs and return what breaks one (at most 20 each)."""
    return audit().violations
