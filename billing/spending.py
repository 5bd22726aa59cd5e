"""The kill switch: stopping all spending, or all calls to one provider, and starting it again.

`billing_hold` reads the open stops in the transaction that would hold money, so no process makes a call after one.
"""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from billing.errors import BillingError
from billing.models import Price, SpendingStop
from billing.signals import spending_resumed


def stop_spending(*, provider: str = "", reason: str, by: User | None) -> SpendingStop:
    """Stop all calls to a provider, or without one all spending.

    Raises BillingError for an unknown provider, a missing reason, or what is stopped already.
    """
    if not reason.strip():
        raise BillingError("reason_missing", "Say why spending is stopped; other staff will read it.")
    if provider and not Price.objects.filter(provider=provider).exists():
        raise BillingError(
            "unknown_provider",
            f"“{provider[:60]}” has no model in the price book. Choose one of: {', '.join(providers())}.",
        )
    stop = SpendingStop(provider=provider, reason=reason.strip()[:500], by=by, created_at=timezone.now())
    try:
        with transaction.atomic():
            stop.save()
    except IntegrityError as error:
        raise BillingError("already_stopped", f"{stop.what}: stopped already.") from error
    return stop


def start_spending(*, provider: str = "", reason: str, by: User | None) -> SpendingStop:
    """End a stop; jobs that wait for it go on at once.

    Raises BillingError where nothing is stopped, or without a reason.
    """
    if not reason.strip():
        raise BillingError("reason_missing", "Say why spending may go on; other staff will read it.")
    with transaction.atomic():
        stop = open_stops().select_for_update().filter(provider=provider).first()
        if stop is None:
            what = f"Calls to {provider[:60]} are" if provider else "Spending is"
            raise BillingError("not_stopped", f"{what} not stopped.")
        stop.lifted_at, stop.lifted_by, stop.lift_reason = timezone.now(), by, reason.strip()[:500]
        stop.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        transaction.on_commit(lambda: spending_resumed.send(sender=SpendingStop), robust=True)
    return stop


def open_stops() -> QuerySet[SpendingStop]:
    """Return what is stopped now; a stop of all spending comes first."""
    return SpendingStop.objects.filter(lifted_at=None).order_by("provider")


def providers() -> list[str]:
    """Return the providers of the price book."""
    return list(Price.objects.order_by("provider").values_list("provider", flat=True).distinct())
