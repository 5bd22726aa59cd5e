"""Charged usage as events of Stripe's billing meter: an export for finance, never what anybody is charged by.

Off unless STRIPE_METER_EVENT names a meter's event. An event is in nano-USD, so that sums are exact, and its identifier
is the job's id and version. Stripe forgets identifiers after a day, so one whose outcome stayed unknown that long waits
for a person instead of being counted twice.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from accounts.services import OWNERS_FIRST
from billing.errors import StripeProblem
from billing.models import Account, AccountKind, MeterEvent, TransferKind
from billing.payments.cards import customer_of
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.payments.stripe_api.gateway import REFUSED
from billing.payments.stripe_api.meter import send_meter_event

logger = logging.getLogger(__name__)

_BATCH = 200
# Stripe takes no older events.
_OLDEST = timedelta(days=34)
_IDENTIFIERS_LIVE = timedelta(hours=23)


def export_usage() -> int:
    """Tell Stripe's meter what ended jobs were charged; return of how many. 0 where it is off."""
    if not settings.STRIPE_METER_EVENT or stripe_gateway.missing_settings():
        return 0
    _write_events()
    sent = 0
    for event in _unsent().select_related("escrow__workspace").order_by("attempts", "created_at")[:_BATCH]:
        try:
            sent += _send(event)
        except StripeProblem as problem:
            logger.warning("Usage %s is not exported yet: %s", event.pk, problem.message)
            break
    return sent


def stuck_usage() -> QuerySet[MeterEvent]:
    """Return the events that Stripe refused, or of which nobody knows whether it counted them; oldest first."""
    old = MeterEvent.objects.filter(sent_at=None, first_asked_at__lte=timezone.now() - _IDENTIFIERS_LIVE)
    return old.order_by("created_at")


def _unsent() -> QuerySet[MeterEvent]:
    is_safe = Q(first_asked_at=None) | Q(first_asked_at__gt=timezone.now() - _IDENTIFIERS_LIVE)
    return MeterEvent.objects.filter(is_safe, sent_at=None)


def _write_events() -> None:
    """Write an event for each ended job of the last weeks that was charged something and has none."""
    ended = Account.objects.filter(
        kind=AccountKind.ESCROW, closed_at__gt=timezone.now() - _OLDEST, meter_event=None
    )
    paid = Sum("entries__amount_nano", filter=Q(entries__transfer__kind=TransferKind.CALL))
    charged = ended.annotate(charged_nano=-paid).filter(charged_nano__gt=0)
    MeterEvent.objects.bulk_create(
        (
            MeterEvent(
                identifier=f"job:{escrow.job_id}:{escrow.job_version}",
                escrow=escrow,
                charged_nano=escrow.charged_nano,
                ended_at=escrow.closed_at or timezone.now(),
            )
            for escrow in charged.order_by("closed_at")[: 10 * _BATCH]
        ),
        ignore_conflicts=True,
    )


def _send(event: MeterEvent) -> bool:
    workspace = event.escrow.workspace
    assert workspace is not None  # escrows always belong to one
    MeterEvent.objects.filter(pk=event.pk).update(
        attempts=event.attempts + 1,
        error="Its outcome is unknown.",
        first_asked_at=event.first_asked_at or timezone.now(),
    )
    member = workspace.memberships.select_related("user").order_by(OWNERS_FIRST, "pk").first()
    if member is None:
        MeterEvent.objects.filter(pk=event.pk).update(error="Nobody is in its workspace any more.")
        return False
    try:
        send_meter_event(
            name=settings.STRIPE_METER_EVENT,
            identifier=event.pk,
            customer=customer_of(workspace, user=member.user, makes_one=True),
            value=event.charged_nano,
            at=event.ended_at,
        )
    except StripeProblem as problem:
        is_told = problem.code == REFUSED and "already exists" in problem.message
        if not is_told:
            MeterEvent.objects.filter(pk=event.pk).update(error=problem.message[:300])
            if problem.code == REFUSED:
                logger.warning("Stripe refused usage %s: %s", event.pk, problem.message)
                return False
            raise
    MeterEvent.objects.filter(pk=event.pk).update(sent_at=timezone.now(), error="")
    return True
