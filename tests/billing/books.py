"""Short names for the functions of the hot path, as the worker calls them."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import Workspace
from billing.books.escrow import close_escrow, open_escrow
from billing.models import Account, Call, ReconciliationItem
from billing.prices.book import active_price
from billing.reconciliation.items import take_report
from billing.reconciliation.report import Bill, report_of

USD = 1_000_000_000


def sql(query: str, *arguments: Any) -> Any:
    """Run one query and return the first column of its first row, if there is one."""
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


@dataclass
class JobMoney:
    """A job as billing sees it: an escrow and calls."""

    workspace: Workspace
    escrow: Account
    job_id: uuid.UUID
    price_id: int
    token: int = 1
    made: int = 0

    def hold(
        self, nano: int, *, call: uuid.UUID | None = None, step: str | None = None, attempt: int = 1
    ) -> tuple[uuid.UUID, str]:
        """Ask for a hold; return the call's id and what the database said."""
        call = call or uuid.uuid4()
        self.made += 1
        said = sql(
            "SELECT billing_hold(%s, %s, %s, %s, %s, 'model', %s, %s, 'demo/intern', %s, %s, 100, 50)",
            *(
                call,
                self.escrow.pk,
                self.workspace.pk,
                self.job_id,
                self.token,
                step or f"explore/{self.made}",
            ),
            *(attempt, self.price_id, nano),
        )
        return call, said

    def close(self, version: int = 1) -> object:
        """End the job."""
        with transaction.atomic():
            return close_escrow(job_id=self.job_id, version=version)

    @property
    def state(self) -> tuple[int, int]:
        """Balance and holds of the escrow."""
        self.escrow.refresh_from_db()
        return self.escrow.balance_nano, self.escrow.held_nano


def start_job(
    workspace: Workspace,
    budget: int,
    *,
    trial_allowed: bool = True,
    job_id: uuid.UUID | None = None,
    version: int = 1,
) -> JobMoney:
    """Open an escrow as submitting a job does."""
    job_id = job_id or uuid.uuid4()
    with transaction.atomic():
        escrow = open_escrow(
            workspace=workspace,
            job_id=job_id,
            version=version,
            amount_nano=budget,
            trial_allowed=trial_allowed,
        )
    price = active_price("demo/intern")
    assert price is not None, "the bundled model has a price"
    return JobMoney(workspace, escrow, job_id, price.pk)


def settle(call: uuid.UUID, billed: int, cost: int | None = None, *, usage: str = "{}") -> str:
    """Settle a call; the provider's cost is the billed amount unless given."""
    said: str = sql(
        "SELECT billing_settle(%s, %s, %s, 90, 10, 0, 80, 5, %s, false, 'req_1')",
        *(call, billed if cost is None else cost, billed, usage),
    )
    return said


def void(call: uuid.UUID) -> str:
    """Void a call."""
    said: str = sql("SELECT billing_void(%s, 'connection refused')", call)
    return said


def doubt(call: uuid.UUID) -> str:
    """Put a call in doubt."""
    said: str = sql("SELECT billing_doubt(%s, 'timeout')", call)
    return said


def entries_of(key: str) -> dict[int, int]:
    """Return the entries of a transfer: account id → amount."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, amount_nano FROM billing_entry e JOIN billing_transfer t ON t.id = e.transfer_id "
            "WHERE t.key = %s",
            [key],
        )
        return dict(cursor.fetchall())


def make_reconciliation_item() -> ReconciliationItem:
    """Return an open item: a provider billed a dollar for a model that nobody called."""
    day = datetime.now(tz=UTC).date()
    report = report_of("demo", "bill.csv", [Bill(day, "nobody", USD)], is_complete=False)
    return take_report(report)[0]


def call_of(call: uuid.UUID) -> Call:
    """Return a call's row."""
    return Call.objects.get(pk=call)
