"""The jobs' invariants as SQL, beside those of the books: what `manage.py audit` checks."""

from django.db import connection

from billing.audit import MAX_PER_INVARIANT, Violation
from billing.audit import violations as violations_of_the_books

INVARIANTS: dict[str, str] = {
    "no job is charged above its budget": """
        SELECT 'job ' || id || ' was charged ' || charged_nano || ' of ' || budget_nano
        FROM jobs_job WHERE charged_nano > budget_nano
    """,
    "an ended job is charged the sum of its calls": """
        SELECT 'job ' || j.id || ' was charged ' || j.charged_nano || ', its calls were billed '
            || coalesce(sum(c.billed_nano), 0)
        FROM jobs_job j LEFT JOIN billing_call c ON c.job_id = j.id AND c.state = 'settled'
        WHERE j.state IN ('done', 'failed', 'cancelled', 'exhausted')
        GROUP BY j.id HAVING j.charged_nano <> coalesce(sum(c.billed_nano), 0)
    """,
    "an ended job has one message for its outcome": """
        SELECT 'job ' || j.id || ' (' || j.state || ') has ' || count(o.id) || ' messages'
        FROM jobs_job j LEFT JOIN jobs_outboxmessage o ON o.job_id = j.id AND o.version = j.version AND o.kind = 'ended'
        WHERE j.state IN ('done', 'failed', 'cancelled', 'exhausted') GROUP BY j.id HAVING count(o.id) <> 1
    """,
    "an ended job keeps no money": """
        SELECT 'job ' || j.id || ' (' || j.state || ') left ' || a.balance_nano || ' in escrow'
        FROM jobs_job j JOIN billing_account a ON a.id = j.escrow_id
        WHERE j.state IN ('done', 'failed', 'cancelled', 'exhausted') AND (a.balance_nano <> 0 OR a.held_nano <> 0)
    """,
    "no call is held by an ended job": """
        SELECT 'call ' || c.id || ' of job ' || j.id || ' is still held'
        FROM billing_call c JOIN jobs_job j ON j.id = c.job_id
        WHERE c.state = 'held' AND j.state IN ('done', 'failed', 'cancelled', 'exhausted')
    """,
    "no call is held under an older token than its job's": """
        SELECT 'call ' || c.id || ' is held under token ' || c.lease_token || ', its job is at ' || j.token
        FROM billing_call c JOIN jobs_job j ON j.id = c.job_id WHERE c.state = 'held' AND c.lease_token < j.token
    """,
    "every settled call was told with its cost": """
        SELECT 'call ' || c.id || ' was billed ' || c.billed_nano || ', its step says '
            || coalesce(s.cost_nano::text, 'nothing')
        FROM billing_call c LEFT JOIN jobs_steprecord s ON s.id = c.id AND s.state = 'told'
        WHERE c.state = 'settled' AND (s.id IS NULL OR s.cost_nano <> c.billed_nano)
    """,
    "no step is told twice": """
        SELECT 'step ' || key || ' of job ' || job_id || ' was told ' || count(*) || ' times'
        FROM jobs_steprecord WHERE state = 'told' GROUP BY job_id, key HAVING count(*) > 1
    """,
}


def violations() -> list[Violation]:
    """Check every promise about money and jobs and return what breaks one (at most 20 each)."""
    found = violations_of_the_books()
    with connection.cursor() as cursor:
        for invariant, query in INVARIANTS.items():
            cursor.execute(f"SELECT * FROM ({query}) q (detail) LIMIT {MAX_PER_INVARIANT}")  # noqa: S608  (our own text)
            found += [Violation(invariant, str(detail)) for (detail,) in cursor.fetchall()]
    return found
