"""The daily reconciliation, also by `manage.py reconcile`: R1 the books, R2 calls, R3 providers, R4 Stripe.

Each check says in sentences what it found and how many things are open. One that fails says so, and the others run.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone

from billing.books.audit import violations
from billing.books.ledger import PROVIDER_PAYABLE, STRIPE_CLEARING, SUSPENSE
from billing.cost_review.second_opinions import MEANT
from billing.errors import StripeProblem
from billing.models import Entry, ItemState, ReconciliationItem, ReconciliationRun, SecondOpinion, TopUp
from billing.payments.balance import (
    at_stripe,
    differing_top_ups,
    other_currencies,
    strangers_nano,
    sync_balance,
)
from billing.payments.problems import problem_top_ups, stuck_events
from billing.payments.stripe_api.balance import balance_cents
from billing.payments.stripe_api.gateway import CURRENCY
from billing.reconciliation import provider_apis
from billing.reconciliation.items import look_again, take_report
from billing.reconciliation.report import ReportError
from solver.core.money import NANO_PER_CENT, format_usd_exact

logger = logging.getLogger(__name__)

DAYS = 7
_NAMED = 20
# Jobs end within that time after a report, as a rule; older items are looked at when their report comes again.
_LOOKED_AT = timedelta(days=40)


@dataclass(slots=True)
class Finding:
    """What one check found."""

    open: int = 0
    lines: list[str] = field(default_factory=list)


def reconcile(*, days: int = DAYS) -> ReconciliationRun:
    """Run every check, and keep and return what was found."""
    started_at, began_ns = timezone.now(), time.monotonic_ns()
    findings = {name: asdict(_checked(name, check, days)) for name, check in _CHECKS.items()}
    run = ReconciliationRun.objects.create(
        started_at=started_at, took_ms=(time.monotonic_ns() - began_ns) // 1_000_000, findings=findings
    )
    for name, found in findings.items():
        if found["open"]:
            logger.warning(
                "Reconciliation %s: %d open. See /staff/costs/reconciliation/.", name, found["open"]
            )
    return run


def _checked(name: str, check: Callable[[int], Finding], days: int) -> Finding:
    try:
        return check(days)
    except Exception as error:
        logger.exception("Reconciliation %s failed.", name)
        return Finding(1, [f"The check failed ({type(error).__name__}); the log says more."])


def _books(_days: int) -> Finding:
    broken = violations()
    return Finding(
        len(broken), [f"{each.invariant}: {each.detail}" for each in broken] or ["The books balance."]
    )


def _calls(days: int) -> Finding:
    since = timezone.now() - timedelta(days=days)
    compared = SecondOpinion.objects.filter(checked_at__gte=since).filter(
        Q(litellm_nano__isnull=False) | Q(genai_nano__isnull=False)
    )
    differing = compared.filter(differs=True)
    number, meant = differing.count(), differing.filter(MEANT).count()
    line = (
        f"{compared.count():,} calls of {days} days compared with litellm and genai-prices; {number:,} differ"
    )
    if meant:
        line += f", {meant:,} of them at a price that was decided here or that the provider itself billed"
    return Finding(number - meant, [f"{line}."])


def _providers(days: int) -> Finding:
    found = Finding()
    for provider in provider_apis.configured():
        try:
            items = take_report(provider_apis.fetch(provider, days=days))
        except ReportError as error:
            found.open += 1
            found.lines.append(error.message)
        else:
            found.lines.append(f"{provider}: {len(items)} days and models of its cost report.")
    if not found.lines:
        found.lines.append("No provider's report is fetched: set a key for it, or upload one.")
    recent = timezone.now().date() - _LOOKED_AT
    changed = look_again(ReconciliationItem.objects.filter(day__gte=recent))
    waiting = ReconciliationItem.objects.filter(state=ItemState.OPEN).count()
    found.open += waiting
    found.lines.append(f"{changed} items changed with our own books; {waiting} are open.")
    found.lines.append(
        f"Owed to providers {format_usd_exact(_balance(PROVIDER_PAYABLE))}, of that reserved for calls in doubt "
        f"{format_usd_exact(-_balance(SUSPENSE))}."
    )
    return found


def _stripe(_days: int) -> Finding:
    if not settings.STRIPE_SECRET_KEY:
        return Finding(0, ["No payments: Stripe is not set up."])
    sums = TopUp.objects.aggregate(
        credited=Sum("credited_nano", default=0),
        taxes=Sum("tax_nano", default=0),
        taken_back=Sum("reversed_nano", default=0),
    )
    said = sums["credited"] + sums["taxes"] - sums["taken_back"]
    there = at_stripe()
    open_ = problem_top_ups().count() + stuck_events().count()
    gone = format_usd_exact(there.fees_nano + there.paid_out_nano)
    lines = [
        (
            f"Top-ups less refunds and disputes {format_usd_exact(said)}; the clearing account says "
            f"{format_usd_exact(-_balance(STRIPE_CLEARING))}, after {gone} of fees and payouts."
        ),
        (
            f"Stripe's own transactions say {format_usd_exact(there.gross_nano)}, of which "
            f"{format_usd_exact(there.balance_nano)} is still there. {open_} payments or events need a person."
        ),
    ]
    elsewhere = other_currencies()
    if elsewhere:
        named = " and ".join(f"{number} in {currency.upper()}" for currency, number in elsewhere.items())
        lines.append(
            f"Stripe settled payments, fees or payouts of ours in another currency ({named}); only USD is booked. Let "
            "the account at Stripe settle in USD, or book these by hand from Stripe's reports."
        )
    off, said_now = _against_balance()
    differing = differing_top_ups()
    lines.append(said_now)
    lines += [
        f"Top-up {each.top_up_id}: our books say {format_usd_exact(each.booked_nano)}, Stripe's transactions "
        f"{format_usd_exact(each.at_stripe_nano)}."
        for each in differing[:_NAMED]
    ]
    return Finding(open_ + len(differing) + bool(elsewhere) + off, lines)


def _against_balance() -> tuple[int, str]:
    """Return whether our clearing account is not what lies at Stripe now, and what was found in words."""
    try:
        sync_balance()
        there = balance_cents(CURRENCY) * NANO_PER_CENT
    except StripeProblem as problem:
        return 1, f"Stripe's balance could not be read: {problem.message}"
    ours, strangers = -_balance(STRIPE_CLEARING), strangers_nano()
    words = (
        f"Stripe's balance is {format_usd_exact(there)}; our clearing account says {format_usd_exact(ours)}"
    )
    if strangers:
        words += f", and {format_usd_exact(strangers)} there is of payments that are not this site's"
    off = there - ours - strangers
    return (
        (1, f"{words}: {format_usd_exact(off)} more than explained.") if off else (0, f"{words}. They agree.")
    )


_CHECKS: dict[str, Callable[[int], Finding]] = {
    "R1 books": _books,
    "R2 calls": _calls,
    "R3 providers": _providers,
    "R4 Stripe": _stripe,
}


def _balance(account: int) -> int:
    total: int = Entry.objects.filter(account=account).aggregate(total=Sum("amount_nano", default=0))["total"]
    return int(total)
