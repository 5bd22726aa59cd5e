"""Payments that need a person: one email to each of the staff who may settle them."""

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right
from billing.models import Dispute, StripeEvent, TopUp
from billing.payments.disputes import unanswered_disputes
from billing.payments.problems import problem_top_ups, stuck_events
from jobs.mail.enqueue import mail_staff
from jobs.models import OutboxKind

_NAMED = 20


def notify_of_payments() -> int:
    """Email staff about payments and events of Stripe they were not notified of; return about how many.

    If there are no staff yet, it is done once there are.
    """
    new_top_ups = problem_top_ups().filter(staff_notified_at=None)
    new_events = stuck_events().filter(staff_notified_at=None)
    new_disputes = unanswered_disputes().filter(staff_notified_at=None)
    if not (new_top_ups.exists() or new_events.exists() or new_disputes.exists()):
        return 0
    with transaction.atomic():
        top_ups = list(new_top_ups.select_for_update(skip_locked=True, of=("self",)))
        events = list(new_events.select_for_update(skip_locked=True))
        disputes = list(new_disputes.select_for_update(skip_locked=True, of=("self",)))
        found = [*top_ups, *events, *disputes]
        if not found:
            return 0
        told = mail_staff(
            OutboxKind.STAFF,
            right=Right.SETTLE_PAYMENTS,
            subject=f"Payments: {len(found)} need a person",
            text=_text(top_ups, events, disputes),
            key=f"payments.{found[0].pk}",
        )
        if told:
            now = timezone.now()
            TopUp.objects.filter(pk__in=[each.pk for each in top_ups]).update(staff_notified_at=now)
            StripeEvent.objects.filter(pk__in=[each.pk for each in events]).update(staff_notified_at=now)
            Dispute.objects.filter(pk__in=[each.pk for each in disputes]).update(staff_notified_at=now)
    return len(found)


def _text(top_ups: list[TopUp], events: list[StripeEvent], disputes: list[Dispute]) -> str:
    facts = [f"Top-up {each.pk}: {each.problem}" for each in top_ups[:_NAMED]]
    facts += [f"Stripe event {each.pk} ({each.type}): {each.error}" for each in events[:_NAMED]]
    facts += [
        f"Dispute {each.pk} of {each.top_up.user.email} {each.state_words}"
        + (
            f" by {each.answer_by:%Y-%m-%d %H:%M} UTC: answer it in Stripe's dashboard."
            if each.answer_by
            else "."
        )
        for each in disputes[:_NAMED]
    ]
    facts.append(f"All of them: {settings.PONDER_BASE_URL}{reverse('cost-review-payments')}")
    return "\n\n".join(facts) + "\n"
