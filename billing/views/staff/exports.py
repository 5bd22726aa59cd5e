"""Exports for finance: the journal of entries, and charges in the columns of FOCUS (focus.finops.org, version 1.2)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.cost_review.csv_reply import csv_reply
from billing.cost_review.sums import Scope, charges, owners
from billing.models import Entry
from billing.views.staff.period import chosen, zoned_csv
from solver.core.money import usd_decimal

JOURNAL_HEADER = (
    *("entry", "posted_at", "transfer", "key", "kind", "account", "account_kind", "workspace", "job"),
    *("amount_usd", "memo", "actor", "stripe_object"),
)
FOCUS_HEADER = (
    *("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingCurrency", "BillingAccountId"),
    *("BillingAccountName", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
    *(
        "ChargeCategory",
        "ChargeClass",
        "ChargeDescription",
        "ChargeFrequency",
        "ConsumedQuantity",
        "ConsumedUnit",
    ),
    *(
        "PricingQuantity",
        "PricingUnit",
        "ProviderName",
        "PublisherName",
        "InvoiceIssuerName",
        "ServiceCategory",
    ),
    *("ServiceName", "SkuId", "SubAccountId", "SubAccountName", "ResourceId", "ResourceType"),
    *("x_BilledToUser", "x_HouseOverrun", "x_VoidCalls", "x_CallsInDoubt"),
)


@staff_with(Right.SEE_COSTS)
@require_GET
def journal_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download every entry of a period: those of one transfer sum to zero."""
    scope, _ = chosen(request)
    entries = (
        Entry.objects.filter(transfer__effective_at__gte=scope.since, transfer__effective_at__lt=scope.until)
        .select_related("transfer__actor", "account__workspace")
        .order_by("pk")
    )
    return zoned_csv(f"ponder-journal-{_span(scope)}.csv", JOURNAL_HEADER, _entries(entries))


@staff_with(Right.SEE_COSTS)
@require_GET
def focus_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download what providers charged in a period by day, model, workspace and job, in FOCUS's columns."""
    scope, _ = chosen(request)
    return csv_reply(f"ponder-focus-{_span(scope)}.csv", FOCUS_HEADER, _charges(scope))


def _span(scope: Scope) -> str:
    return f"{scope.first_day}-to-{scope.last_day}"


def _entries(entries: QuerySet[Entry]) -> Iterator[list[object]]:
    for entry in entries.iterator(chunk_size=2_000):
        transfer, account = entry.transfer, entry.account
        yield [
            *(entry.pk, transfer.effective_at, transfer.pk, transfer.key, transfer.kind),
            *(account.pk, account.kind, account.workspace_id or "", account.job_id or transfer.job_id or ""),
            *(usd_decimal(entry.amount_nano), transfer.memo),
            *(transfer.actor.email if transfer.actor else "", transfer.stripe_object),
        ]


def _charges(scope: Scope) -> Iterator[list[object]]:
    known: dict[int, str] = {}
    for day, model, workspace_id, job_id, settled, void, in_doubt, cost, billed, overrun in charges(scope):
        if workspace_id not in known:
            known |= {workspace_id: ""} | dict(owners([workspace_id]))
        provider, month, usd = model.split("/", 1)[0], day.replace(day=1), usd_decimal(cost)
        yield [
            *(usd, usd, usd, usd, "USD", "ponder", "Ponder"),
            *(_begin(month), _begin((month + timedelta(days=31)).replace(day=1))),
            *(_begin(day), _begin(day + timedelta(days=1)), "Usage", "", f"Calls to {model}", "Usage-Based"),
            *(settled, "Calls", settled, "Calls", provider, provider, provider, "AI and Machine Learning"),
            *(model, model, workspace_id, known[workspace_id], job_id, "job"),
            *(usd_decimal(billed), usd_decimal(overrun), void, in_doubt),
        ]


def _begin(day: date) -> str:
    """Return when a day of the site's time zone begins, in UTC, as FOCUS wants it."""
    moment = timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
