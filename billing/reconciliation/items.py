"""Providers' reports against the books: a bill that the calls can explain is booked, any other waits for a person.

A bill is explained by its calls where it lies between what calls with a usage cost and what all calls, those in doubt
with their whole reservation, may have cost. Then the accruals of calls in doubt give way to what was billed: suspense
falls to nothing, the payable becomes the bill, the difference is provider cost. Nobody's job is charged by it.
"""

from collections.abc import Iterable
from datetime import date

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from billing.books.ledger import PROVIDER_COST, PROVIDER_PAYABLE, SUSPENSE, post
from billing.errors import BillingError
from billing.models import ItemState, ProviderReport, ReconciliationItem, TransferKind
from billing.reconciliation.ours import Ours, names_of, ours_by_day
from billing.reconciliation.report import Report
from solver.core.money import format_usd_exact

_LOCK = 7_206_013
# Providers round their reports to a cent, or count a call to the day before.
_ROUNDING_NANO = 10_000_000
_ROUNDING_PART = 100
_SUMS = ("settled_nano", "estimated_nano", "accrued_nano", "doubts", "waiting_nano")


@transaction.atomic
def take_report(report: Report, *, by: User | None = None) -> list[ReconciliationItem]:
    """Keep a report, set every day and model of it against the books, and return the items.

    A report taken before changes nothing; a corrected one posts the differences alone. One of a provider at a time.
    """
    _one_at_a_time()
    ours = ours_by_day(report.provider, report.first_day, report.last_day)
    names = names_of(report.provider, report.first_day, report.last_day, (model for _, model in ours))
    billed: dict[tuple[date, str], int] = {}
    for bill in report.bills:
        key = bill.day, names.ours(bill.model)
        billed[key] = billed.get(key, 0) + bill.nano
    if report.is_complete:
        known = ReconciliationItem.objects.filter(
            provider=report.provider, day__range=(report.first_day, report.last_day)
        ).values_list("day", "model")
        billed = dict.fromkeys([*ours, *known], 0) | billed
    kept = _keep(report, by)
    items = [_item(kept, day, model, nano) for (day, model), nano in sorted(billed.items())]
    for item in items:
        _settle(item, ours.get((item.day, item.model), Ours()))
    return items


def look_again(items: Iterable[ReconciliationItem] | None = None) -> int:
    """Set items against the books again, as jobs end later than reports come; return how many changed."""
    changed = 0
    chosen = ReconciliationItem.objects.all() if items is None else items
    by_day: dict[tuple[str, date], list[int]] = {}
    for item in chosen:
        by_day.setdefault((item.provider, item.day), []).append(item.pk)
    for (provider, day), keys in by_day.items():
        with transaction.atomic():
            _one_at_a_time()
            ours = ours_by_day(provider, day, day)
            for item in ReconciliationItem.objects.select_for_update().filter(pk__in=keys).order_by("pk"):
                found = ours.get((day, item.model), Ours())
                if any(getattr(item, name) != getattr(found, name) for name in _SUMS):
                    _settle(item, found)
                    changed += 1
    return changed


@transaction.atomic
def book(item_id: int, *, amount_nano: int, by: User, reason: str) -> ReconciliationItem:
    """Bring the books of an item to an amount that a person vouches for: the bill, or the part of it that is ours."""
    item = _for_person(item_id, reason)
    if amount_nano < 0:
        raise BillingError(
            "negative",
            "A credit is no cost of calls: explain it and leave the books as they are, or book another amount.",
        )
    _bring_to(item, amount_nano, by=by, why=f"set to {format_usd_exact(amount_nano)}: {reason.strip()}")
    item.state, item.by, item.reason = ItemState.CLOSED, by, reason.strip()[:500]
    item.accepted_nano, item.changed_at = amount_nano, timezone.now()
    item.save()
    return item


@transaction.atomic
def explain(item_id: int, *, by: User, reason: str) -> ReconciliationItem:
    """Say why an item differs and leave the books as they are."""
    item = _for_person(item_id, reason)
    item.state, item.by, item.reason, item.changed_at = (
        ItemState.EXPLAINED,
        by,
        reason.strip()[:500],
        timezone.now(),
    )
    item.save()
    return item


@transaction.atomic
def reopen(item_id: int, *, by: User, reason: str) -> ReconciliationItem:
    """Put an item before people again; what was posted stays until somebody books another amount."""
    item = _for_person(item_id, reason)
    item.state, item.by, item.reason, item.changed_at = (
        ItemState.OPEN,
        by,
        reason.strip()[:500],
        timezone.now(),
    )
    item.save()
    return item


def _for_person(item_id: int, reason: str) -> ReconciliationItem:
    if not reason.strip():
        raise BillingError("reason_missing", "Say why; other staff will read it.")
    _one_at_a_time()
    item = ReconciliationItem.objects.select_for_update().filter(pk=item_id).first()
    if item is None:
        raise BillingError("no_item", "This item is not known. Open the list again.")
    return item


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _keep(report: Report, by: User | None) -> ProviderReport:
    last = (
        ProviderReport.objects.filter(provider=report.provider, sha256=report.sha256)
        .order_by("-taken_at")
        .first()
    )
    if last is not None and last.is_complete == report.is_complete and last.first_day == report.first_day:
        return last
    return ProviderReport.objects.create(
        provider=report.provider,
        source=report.source,
        sha256=report.sha256,
        first_day=report.first_day,
        last_day=report.last_day,
        is_complete=report.is_complete,
        bills=[[str(bill.day), bill.model, bill.nano] for bill in report.bills],
        by=by,
        taken_at=timezone.now(),
    )


def _item(report: ProviderReport, day: date, model: str, billed_nano: int) -> ReconciliationItem:
    item, _ = ReconciliationItem.objects.select_for_update(of=("self",)).get_or_create(
        provider=report.provider,
        day=day,
        model=model,
        defaults={"report": report, "billed_nano": billed_nano, "changed_at": timezone.now()},
    )
    if item.billed_nano != billed_nano:
        # Whatever was decided was decided about another bill.
        item.billed_nano, item.report = billed_nano, report
        item.state, item.by, item.reason, item.accepted_nano = ItemState.OPEN, None, "", None
    return item


def _settle(item: ReconciliationItem, ours: Ours) -> None:
    """Take over what the books say of an item, and close it where the bill is explained by its calls."""
    changed = any(getattr(item, name) != getattr(ours, name) for name in _SUMS)
    for name in _SUMS:
        setattr(item, name, getattr(ours, name))
    if item.state == ItemState.CLOSED and item.by is not None and item.accepted_nano is not None:
        _bring_to(item, item.accepted_nano, by=item.by, why=item.reason)
    elif item.state == ItemState.EXPLAINED and not changed:
        pass
    elif why := _explanation(item):
        _bring_to(item, item.billed_nano, by=None, why=why)
        item.state, item.by, item.reason, item.accepted_nano = ItemState.CLOSED, None, why, item.billed_nano
    else:
        item.state, item.by, item.reason = ItemState.OPEN, None, _puzzle(item)
    item.changed_at = timezone.now()
    item.save()


def _explanation(item: ReconciliationItem) -> str:
    """Return why a bill may be booked without a person; empty: it may not."""
    least = item.settled_nano - item.estimated_nano
    most = item.settled_nano + item.accrued_nano + item.waiting_nano
    rounding = max(_ROUNDING_NANO, item.settled_nano // _ROUNDING_PART)
    if most == 0 < item.billed_nano:
        return ""
    if item.billed_nano < 0 or not least - rounding <= item.billed_nano <= most + rounding:
        return ""
    if item.doubts:
        rest = max(item.billed_nano - item.settled_nano, 0)
        calls = "call" if item.doubts == 1 else "calls"
        return (
            f"{item.doubts} {calls} in doubt: {format_usd_exact(rest)} was billed for what "
            f"{format_usd_exact(item.accrued_nano)} was reserved for."
        )
    if item.billed_nano == item.settled_nano:
        return "The bill is what the calls cost."
    if least <= item.billed_nano < item.settled_nano and item.estimated_nano:
        return "Calls whose reply named no usage were recorded at their bound; the provider billed less."
    return "The bill is what the calls cost, but for rounding."


def _puzzle(item: ReconciliationItem) -> str:
    if not (item.settled_nano or item.accrued_nano or item.waiting_nano):
        return "We made no call to this model that day: is the key used elsewhere, or the name another one?"
    return (
        f"Our calls explain at least {format_usd_exact(item.settled_nano - item.estimated_nano)} and at most "
        f"{format_usd_exact(item.settled_nano + item.accrued_nano + item.waiting_nano)}."
    )


def _bring_to(item: ReconciliationItem, target_nano: int, *, by: User | None, why: str) -> None:
    """Post what is missing until the books owe `target_nano` for an item, and its accruals are gone from suspense."""
    payable = target_nano - item.booked_nano
    suspense = item.accrued_nano - item.suspense_posted_nano
    if not payable and not suspense:
        return
    item.postings += 1
    post(
        key=f"bill:{item.pk}:{item.postings}",
        kind=TransferKind.BILL,
        amounts={PROVIDER_PAYABLE: payable, SUSPENSE: suspense, PROVIDER_COST: -payable - suspense},
        memo=f"{item.model} {item.day}: {why}",
        actor=by,
    )
    item.payable_posted_nano += payable
    item.suspense_posted_nano += suspense
