"""What a model that is set aside means for jobs and for staff: one mail each, and no waiting longer than needed."""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing.models import Quarantine
from jobs.core.states import JobState
from jobs.core.wake import wake_mail_worker_on_commit
from jobs.models import Job, OutboxKind, OutboxMessage
from solver.core.money import format_usd_exact


def tell_staff() -> int:
    """Write one mail to each of the staff for every model set aside of which they were not told; return how many.

    Settlements set models aside in SQL, so this is a duty of the sweep.
    """
    if not Quarantine.objects.filter(told_at=None).exists():
        return 0
    with transaction.atomic():
        untold = list(
            Quarantine.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(told_at=None)
            .select_related("call", "by")
        )
        staff = list(User.objects.filter(is_staff=True, is_active=True).exclude(email=""))
        messages = [_mail(stay, user) for stay in untold for user in staff]
        OutboxMessage.objects.bulk_create(messages)
        Quarantine.objects.filter(pk__in=[stay.pk for stay in untold]).update(told_at=timezone.now())
        if messages:
            wake_mail_worker_on_commit()
    return len(messages)


def _mail(stay: Quarantine, user: User) -> OutboxMessage:
    call = stay.call
    facts = [f"{stay.model} is set aside: no job calls it until you lift that.", f"Reason: {stay.reason}"]
    if call is not None:
        facts += [
            (
                f"The call {call.pk} of job {call.job_id} was held at {format_usd_exact(call.hold_nano)} (at most "
                f"{call.max_output_tokens} output tokens); its provider counted {call.output_tokens}, at a cost of "
                f"{format_usd_exact(call.cost_nano)}. The user paid {format_usd_exact(call.billed_nano)}, the house "
                f"{format_usd_exact(call.overrun_nano)}."
            ),
            "Look at the model's price and limits, and at whether its provider keeps max_completion_tokens.",
        ]
    elif stay.by is not None:
        facts.append(f"By {stay.by.email}.")
    facts += [
        "Jobs that have no other model wait and tell their users so.",
        settings.PONDER_BASE_URL + reverse("cost-review-quarantine"),
    ]
    return OutboxMessage(
        kind=OutboxKind.QUARANTINE,
        recipient=user.email,
        content={"subject": f"Set aside: {stay.model}", "text": "\n\n".join(facts) + "\n", "html": ""},
        next_at=timezone.now(),
        message_id=f"<quarantine.{stay.pk}.{user.pk}@ponder>",
    )


def hurry_waiting_jobs(model: str) -> int:
    """Let the jobs that wait and may call this model try again at once; return how many."""
    waiting = Job.objects.filter(state=JobState.WAITING, pinned__panel__contains=[{"name": model}])
    return waiting.update(next_at=Now())
