"""Payments that need a person: those that do not match what was asked for, and events that keep failing."""

import uuid

from django.db.models import QuerySet

from accounts.models import User, Workspace
from billing.errors import BillingError
from billing.models import StripeEvent, TopUp, TopUpState

# After so many failures, some 40 minutes, it is no passing outage.
_STUCK_ATTEMPTS = 10

UNFINISHED_SHOWN = 10


def problem_top_ups() -> QuerySet[TopUp]:
    """Return the top-ups that were paid otherwise than asked for, or that Stripe does not know; oldest first."""
    found = TopUp.objects.filter(state=TopUpState.PENDING).exclude(problem="")
    return found.select_related("workspace", "user").order_by("created_at", "pk")


def stuck_events() -> QuerySet[StripeEvent]:
    """Return the events of Stripe that failed again and again; oldest first."""
    found = StripeEvent.objects.filter(processed_at=None, attempts__gte=_STUCK_ATTEMPTS)
    return found.order_by("received_at", "pk")


def close_problem(top_up_id: uuid.UUID, *, by: User, reason: str) -> None:
    """Mark a top-up as dealt with by hand. Raises BillingError where it has no open problem or the reason is missing."""
    if not reason.strip():
        raise BillingError("reason_missing", "Say how it was dealt with; other staff will read it.")
    top_up = problem_top_ups().filter(pk=top_up_id).first()
    if top_up is None:
        raise BillingError("no_problem", "This top-up has no open problem any more.")
    words = f"Closed by {by.email}: {reason.strip()} ({top_up.problem})"
    problem_top_ups().filter(pk=top_up.pk).update(state=TopUpState.FAILED, problem=words[:300])


def unfinished_top_ups(workspace: Workspace) -> list[TopUp]:
    """Return the newest top-ups of a workspace that are neither credited nor failed, one more than its wallet shows."""
    pending = TopUp.objects.filter(workspace=workspace, state=TopUpState.PENDING)
    return list(pending.order_by("-created_at", "pk")[: UNFINISHED_SHOWN + 1])
