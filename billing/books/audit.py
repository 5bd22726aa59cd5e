"""The promises of the books as SQL: each query returns what breaks it. No rows: all is well."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import connection


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise: which one, and where."""

    invariant: str
    detail: str


@dataclass(slots=True)
class Report:
    """What an audit found, and how long each of its checks took in milliseconds."""

    violations: list[Violation] = field(default_factory=list)
    took_ms: dict[str, int] = field(default_factory=dict)

    def check(self, invariants: Mapping[str, str]) -> None:
        """Run checks (at most 20 violations each are kept) and add what they say."""
        with connection.cursor() as cursor:
            for invariant, query in invariants.items():
                began_ns = time.monotonic_ns()
                # Materialized: planned for all rows. With the limit in sight the planner would visit millions one by one.
                limited = (
                    f"WITH q (detail) AS MATERIALIZED ({query}) SELECT * FROM q LIMIT {MAX_PER_INVARIANT}"  # noqa: S608
                )
                cursor.execute(limited)
                self.violations += [Violation(invariant, str(detail)) for (detail,) in cursor.fetchall()]
                self.took_ms[invariant] = (time.monotonic_ns() - began_ns) // 1_000_000


INVARIANTS: dict[str, str] = {
    "the entries of every transfer sum to zero": """
        SELECT 'transfer ' || transfer_id || ' is off by ' || billing_sum(amount_nano) || ' nano-USD'
        FROM billing_entry GROUP BY transfer_id HAVING billing_sum(amount_nano) <> 0
    """,
    "every balance is the sum of its entries": """
        SELECT 'account ' || a.id || ' (' || a.kind || ') says ' || a.balance_nano || ', its entries say '
            || coalesce(e.total, 0)
        FROM billing_account a
        LEFT JOIN (
            SELECT account_id, sum(amount_nano) AS total FROM billing_entry WHERE account_id >= 1000 GROUP BY account_id
        ) e ON e.account_id = a.id
        WHERE a.is_floored AND a.balance_nano <> coalesce(e.total, 0)
    """,
    "what is held is the sum of the open holds": """
        SELECT 'account ' || a.id || ' (' || a.kind || ') holds ' || a.held_nano || ', its calls hold '
            || coalesce(c.total, 0)
        FROM billing_account a
        LEFT JOIN (
            SELECT c.escrow_id, sum(c.hold_nano) AS total FROM billing_call c
            JOIN billing_account o ON o.id = c.escrow_id
            WHERE c.state IN ('held', 'in_doubt') AND o.closed_at IS NULL GROUP BY c.escrow_id
        ) c ON c.escrow_id = a.id
        WHERE a.held_nano <> coalesce(c.total, 0)
    """,
    "every settled call has its transfer, with its amounts": """
        SELECT 'call ' || c.id || ' is settled at ' || c.billed_nano || '; its escrow paid '
            || coalesce((-e.users_nano)::text, 'nothing')
        FROM billing_call c
        LEFT JOIN billing_transfer t ON t.call_id = c.id AND t.kind = 'call' AND t.key = 'call:' || c.id
        LEFT JOIN (
            SELECT transfer_id,
                billing_sum(amount_nano) FILTER (WHERE account_id >= 1000) AS users_nano,
                max(account_id) AS payer,
                count(*) FILTER (WHERE account_id >= 1000) AS payers,
                billing_sum(amount_nano) FILTER (WHERE account_id = 1) AS revenue_nano,
                billing_sum(amount_nano) FILTER (WHERE account_id = 3) AS payable_nano
            FROM billing_entry GROUP BY transfer_id
        ) e ON e.transfer_id = t.id
        WHERE c.state = 'settled' AND (
            t.id IS NULL
            OR coalesce(e.users_nano, 0) <> -c.billed_nano
            OR c.billed_nano <> 0 AND (e.payer <> c.escrow_id OR e.payers > 1)
            OR coalesce(e.revenue_nano, 0) <> c.billed_nano + c.overrun_nano
            OR coalesce(e.payable_nano, 0) <> c.cost_nano
        )
    """,
    "every call's transfer has its settled call": """
        SELECT 'transfer ' || t.id || ' (' || t.key || ') belongs to no settled call'
        FROM billing_transfer t LEFT JOIN billing_call c ON c.id = t.call_id AND c.state = 'settled'
        WHERE t.kind = 'call' AND c.id IS NULL
    """,
    "no user pays more for a call than was held": """
        SELECT 'call ' || id || ' was billed ' || billed_nano || ' on a hold of ' || hold_nano
        FROM billing_call WHERE billed_nano > hold_nano OR billed_nano < 0 OR overrun_nano < 0
    """,
    "a model is suspended once a call costs more than its hold": """
        SELECT 'call ' || c.id || ' to ' || c.model || ' cost ' || c.overrun_nano || ' more than its hold'
        FROM billing_call c WHERE c.overrun_nano > 0
            AND NOT EXISTS (SELECT FROM billing_spendingstop s WHERE s.scope = 'model' AND s.subject = c.model)
    """,
    "the cost review's sums are those of its calls": """
        SELECT 'until ' || m.until || ' its sums say ' || s.said || ', its calls say ' || c.said
        FROM billing_callsummark m
        CROSS JOIN LATERAL (
            SELECT concat_ws(' ', coalesce(sum(settled + void + in_doubt), 0), coalesce(sum(cost_nano), 0),
                coalesce(sum(billed_nano), 0), coalesce(sum(overrun_nano), 0)) AS said
            FROM billing_callsum
        ) s
        CROSS JOIN LATERAL (
            SELECT concat_ws(' ', count(*), coalesce(sum(cost_nano), 0), coalesce(sum(billed_nano), 0),
                coalesce(sum(overrun_nano), 0)) AS said
            FROM billing_call WHERE finished_at < m.until
        ) c
        WHERE s.said <> c.said
        UNION ALL
        SELECT 'its sums by model say ' || m.said || ', those by job say ' || j.said
        FROM (SELECT coalesce(sum(settled), 0) || ' ' || coalesce(sum(cost_nano), 0) AS said FROM billing_modelsum) m,
            (SELECT coalesce(sum(settled), 0) || ' ' || coalesce(sum(cost_nano), 0) AS said FROM billing_callsum) j
        WHERE m.said <> j.said
    """,
    "no floored account lacks what it holds": """
        SELECT 'account ' || id || ' (' || kind || ') has ' || balance_nano || ' and holds ' || held_nano
        FROM billing_account WHERE is_floored AND (balance_nano < held_nano OR held_nano < 0)
    """,
    "no closed escrow keeps money or holds": """
        SELECT 'escrow ' || id || ' of job ' || job_id || ' is closed and keeps ' || balance_nano
            || ', holds ' || held_nano
        FROM billing_account WHERE closed_at IS NOT NULL AND (balance_nano <> 0 OR held_nano <> 0)
    """,
    "no call of a closed escrow is still held": """
        SELECT 'call ' || c.id || ' of job ' || c.job_id || ' is held though its escrow is closed'
        FROM billing_call c JOIN billing_account a ON a.id = c.escrow_id
        WHERE c.state = 'held' AND a.closed_at IS NOT NULL
    """,
    "every call in doubt of a closed escrow has its accrual": """
        SELECT 'call ' || id || ' has an accrual of ' || accrued_nano || ', not of ' || hold_nano
        FROM (
            SELECT c.id, c.hold_nano, coalesce((
                SELECT sum(e.amount_nano) FROM billing_transfer t
                JOIN billing_entry e ON e.transfer_id = t.id AND e.account_id = 3 WHERE t.key = 'accrual:' || c.id
            ), 0) AS accrued_nano
            FROM billing_call c JOIN billing_account a ON a.id = c.escrow_id
            WHERE c.state = 'in_doubt' AND a.closed_at IS NOT NULL
        ) c WHERE accrued_nano <> hold_nano
    """,
    "what was posted for providers' bills is what their items say": """
        SELECT 'item ' || i.id || ' says ' || i.payable_posted_nano || ' payable and ' || i.suspense_posted_nano
            || ' of suspense; the ledger says ' || coalesce(e.payable, 0) || ' and ' || coalesce(e.suspense, 0)
        FROM billing_reconciliationitem i
        LEFT JOIN (
            SELECT split_part(t.key, ':', 2)::bigint AS item,
                billing_sum(e.amount_nano) FILTER (WHERE e.account_id = 3) AS payable,
                billing_sum(e.amount_nano) FILTER (WHERE e.account_id = 6) AS suspense
            FROM billing_transfer t JOIN billing_entry e ON e.transfer_id = t.id WHERE t.kind = 'bill' GROUP BY 1
        ) e ON e.item = i.id
        WHERE (i.payable_posted_nano, i.suspense_posted_nano) <> (coalesce(e.payable, 0), coalesce(e.suspense, 0))
    """,
    "every call belongs to an existing escrow of its job, workspace and price": """
        SELECT 'call ' || c.id || ' names a missing escrow, workspace or price'
        FROM billing_call c
        LEFT JOIN billing_account a ON a.id = c.escrow_id AND a.job_id = c.job_id AND a.workspace_id = c.workspace_id
        LEFT JOIN billing_price p ON p.id = c.price_id
        WHERE a.id IS NULL OR (c.price_id IS NOT NULL AND p.id IS NULL)
    """,
    "every credited top-up has its transfer": """
        SELECT 'top-up ' || u.id || ' is credited with ' || u.credited_nano || '; the ledger says '
            || coalesce(-sum(e.amount_nano), 0)
        FROM billing_topup u
        LEFT JOIN billing_transfer t ON t.key = 'stripe:pi:' || u.payment_intent
        LEFT JOIN billing_entry e ON e.transfer_id = t.id AND e.account_id = 4
        WHERE u.credited_nano <> 0
        GROUP BY u.id HAVING coalesce(-sum(e.amount_nano), 0) <> u.credited_nano + u.tax_nano
    """,
    "what was refunded or disputed of a top-up is in its transfers": """
        SELECT 'top-up ' || u.id || ' has ' || u.reversed_nano || ' taken back; the ledger says '
            || coalesce(sum(e.amount_nano), 0)
        FROM billing_topup u
        LEFT JOIN LATERAL generate_series(1, u.reversals) n ON true
        LEFT JOIN billing_transfer t ON t.key = 'stripe:pi:' || u.payment_intent || ':reversal:' || n
        LEFT JOIN billing_entry e ON e.transfer_id = t.id AND e.account_id = 4
        WHERE u.credited_nano <> 0
        GROUP BY u.id HAVING coalesce(sum(e.amount_nano), 0) <> u.reversed_nano
    """,
    "a top-up gives back what refunds of it were asked for": """
        SELECT 'top-up ' || u.id || ' has ' || u.reversed_nano || ' taken back; its refunds are '
            || sum(r.cents) || ' cents'
        FROM billing_refund r JOIN billing_topup u ON u.id = r.top_up_id
        WHERE r.state <> 'failed' GROUP BY u.id HAVING sum(r.cents) * 10000000 > u.reversed_nano
    """,
}

# Enough to understand a fault; a broken book could return millions.
MAX_PER_INVARIANT = 20


def violations() -> list[Violation]:
    """Check every promise and return what breaks one (at most 20 each)."""
    report = Report()
    report.check(INVARIANTS)
    return report.violations
