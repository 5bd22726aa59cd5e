"""Suspending models, and lifting that. A call that costs more than its hold suspends its model (`billing_settle`)."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from billing.errors import BillingError
from billing.models import ModelSuspension, Price
from billing.signals import model_released


def suspend(*, model: str, reason: str, by: User | None) -> ModelSuspension:
    """Suspend a model. Raises BillingError for an unknown model, a missing reason, or one that is already suspended."""
    if not reason.strip():
        raise BillingError("reason_missing", "Say why the model is suspended; other staff will read it.")
    if not Price.objects.filter(model=model).exists():
        raise BillingError("unknown_model", f"“{model[:100]}” is not in the price book.")
    try:
        with transaction.atomic():
            return ModelSuspension.objects.create(
                model=model, reason=reason.strip()[:500], by=by, created_at=timezone.now()
            )
    except IntegrityError as error:
        raise BillingError("already_suspended", f"{model} is already suspended.") from error


def lift(*, model: str, reason: str, by: User | None) -> ModelSuspension:
    """Lift a suspension; jobs that wait for the model continue at once. Raises BillingError if it is not suspended."""
    if not reason.strip():
        raise BillingError(
            "reason_missing", "Say why the model may be called again; other staff will read it."
        )
    with transaction.atomic():
        suspension = ModelSuspension.objects.select_for_update().filter(model=model, lifted_at=None).first()
        if suspension is None:
            raise BillingError("not_suspended", f"“{model[:100]}” is not suspended.")
        suspension.lifted_at, suspension.lifted_by, suspension.lift_reason = (
            timezone.now(),
            by,
            reason.strip()[:500],
        )
        suspension.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        transaction.on_commit(lambda: model_released.send(sender=ModelSuspension, model=model), robust=True)
    return suspension
