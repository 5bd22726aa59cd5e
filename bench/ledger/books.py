"""Jobs' money for measurements of the ledger: escrows as submitting a job opens them, and what the books say after."""

import uuid
from typing import TYPE_CHECKING, NamedTuple

from solver.core.money import NANO_PER_USD

if TYPE_CHECKING:
    from accounts.models import Workspace

MODEL = "demo/expert"

HOLD = (
    "SELECT billing_hold(%(call)s, %(escrow)s, %(workspace)s, %(job)s, 1, 'model', %(step)s, 1, 'demo/expert', NULL, "
    "%(hold)s, 100, 50)"
)
SETTLE = "SELECT billing_settle(%(call)s, %(cost)s, %(cost)s, 90, 10, 0, 80, 5, '{}', false, '', %(cost)s)"
"""The functions of the hot path (billing/models/sql/calls.sql), as psycopg sends them; the cost is within the hold."""

_DRIFT = """
SELECT abs(coalesce((SELECT sum(amount_nano) FROM billing_entry), 0))
  + coalesce((SELECT sum(abs(a.balance_nano - coalesce(e.total, 0))) FROM billing_account a
      LEFT JOIN (SELECT account_id, sum(amount_nano) total FROM billing_entry GROUP BY 1) e ON e.account_id = a.id
      WHERE a.is_floored), 0)
  + coalesce((SELECT sum(abs(a.held_nano - coalesce(c.total, 0))) FROM billing_account a
      LEFT JOIN (SELECT escrow_id, sum(hold_nano) total FROM billing_call WHERE state IN ('held', 'in_doubt')
        GROUP BY 1) c ON c.escrow_id = a.id
      WHERE a.kind = 'escrow' AND a.closed_at IS NULL), 0)
"""


class JobMoney(NamedTuple):
    """A job as the ledger sees it."""

    job: uuid.UUID
    escrow: int
    workspace: int


def rich_workspace() -> "Workspace":
    """Make a user whose wallet has more than any measurement spends; return the workspace."""
    from accounts.models import User
    from accounts.services import ensure_personal_workspace
    from billing.books.wallet import grant

    user = User.objects.create_user("bench@example.org")
    workspace = ensure_personal_workspace(user)
    grant(workspace=workspace, amount_nano=1_000_000 * NANO_PER_USD, by=None, reason="a measurement")
    return workspace


def open_job(workspace: "Workspace", budget_nano: int) -> JobMoney:
    """Reserve a budget as submitting a job does."""
    from django.db import transaction

    from billing.books.escrow import open_escrow

    job = uuid.uuid4()
    with transaction.atomic():
        escrow = open_escrow(
            workspace=workspace, job_id=job, version=1, amount_nano=budget_nano, trial_allowed=False
        )
    return JobMoney(job, escrow.pk, workspace.pk)


def drift_nano() -> int:
    """Return by how many nano-USD the books contradict themselves: entries, balances, holds."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_DRIFT)
        return int(cursor.fetchone()[0])
