"""Stopping all spending, calls to a provider or calls to a model (then it is suspended), and lifting that.

`billing_hold` reads the open stops in the transaction that would hold money, so no process makes a call after one.
"""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from billing.errors import BillingError
from billing.models import Price, SpendingStop, StopScope
from billing.signals import model_released, spending_resumed

_MODEL = StopScope.MODEL


def stop(scope: StopScope, subject: str = "", *, reason: str, by: User | None) -> SpendingStop:
    """Stop everything, a provider or a model.

    Raises BillingError for an unknown subject, a missing reason, or what is stopped already.
    """
    if not reason.strip():
        what = "the model is suspended" if scope == _MODEL else "spending is stopped"
        raise BillingError("reason_missing", f"Say why {what}; other staff will read it.")
    _check(scope, subject)
    made = SpendingStop(
        scope=scope, subject=subject, reason=reason.strip()[:500], by=by, created_at=timezone.now()
    )
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        if scope == _MODEL:
            raise BillingError("already_suspended", f"{subject} is already suspended.") from error
        raise BillingError("already_stopped", f"{made.what}: stopped already.") from error
    return made


def lift(scope: StopScope, subject: str = "", *, reason: str, by: User | None) -> SpendingStop:
    """End a stop; jobs that wait for it go on at once. Raises BillingError where there is none, or without a reason."""
    if not reason.strip():
        what = "the model may be called again" if scope == _MODEL else "spending may go on"
        raise BillingError("reason_missing", f"Say why {what}; other staff will read it.")
    with transaction.atomic():
        found = open_stops(scope).select_for_update().filter(subject=subject).first()
        if found is None:
            raise _not_stopped(scope, subject)
        found.lifted_at, found.lifted_by, found.lift_reason = timezone.now(), by, reason.strip()[:500]
        found.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        transaction.on_commit(lambda: _announce(scope, subject), robust=True)
    return found


def open_stops(*scopes: StopScope) -> QuerySet[SpendingStop]:
    """Return what is stopped now, of all scopes or of some; a stop of everything comes first."""
    found = SpendingStop.objects.filter(lifted_at=None)
    return (found.filter(scope__in=scopes) if scopes else found).order_by("subject")


def spending_stops() -> QuerySet[SpendingStop]:
    """Return the open stops of everything and of providers, which pages show to everybody."""
    return open_stops(StopScope.EVERYTHING, StopScope.PROVIDER)


def providers() -> list[str]:
    """Return the providers of the price book."""
    return list(Price.objects.order_by("provider").values_list("provider", flat=True).distinct())


def _check(scope: StopScope, subject: str) -> None:
    if scope == _MODEL and not Price.objects.filter(model=subject).exists():
        raise BillingError("unknown_model", f"“{subject[:100]}” is not in the price book.")
    if scope == StopScope.PROVIDER and not Price.objects.filter(provider=subject).exists():
        raise BillingError(
            "unknown_provider",
            f"“{subject[:60]}” has no model in the price book. Choose one of: {', '.join(providers())}.",
        )


def _not_stopped(scope: StopScope, subject: str) -> BillingError:
    if scope == _MODEL:
        return BillingError("not_suspended", f"“{subject[:100]}” is not suspended.")
    what = f"Calls to {subject[:60]} are" if subject else "Spending is"
    return BillingError("not_stopped", f"{what} not stopped.")


def _announce(scope: StopScope, subject: str) -> None:
    if scope == _MODEL:
        model_released.send(sender=SpendingStop, model=subject)
    else:
        spending_resumed.send(sender=SpendingStop)
