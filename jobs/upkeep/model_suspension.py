"""What a suspended model means: one email to each of the staff, and jobs that wait no longer than needed."""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right
from billing.models import SpendingStop, StopScope
from jobs.core.states import JobState
from jobs.mail.enqueue import mail_staff
from jobs.models import Job, OutboxKind
from solver.core.money import format_usd_exact


def notify_staff() -> int:
    """Email staff about every suspension they were not notified of; return how many models that were.

    Settlements suspend models in SQL, so the sweep does this. If there are no staff yet, it is done once there are.
    """
    unknown = SpendingStop.objects.filter(scope=StopScope.MODEL, staff_notified_at=None)
    if not unknown.exists():
        return 0
    with transaction.atomic():
        new = unknown.select_for_update(skip_locked=True, of=("self",))
        notified = [
            suspension.pk for suspension in new.select_related("call", "by") if _mail_staff(suspension)
        ]
        SpendingStop.objects.filter(pk__in=notified).update(staff_notified_at=timezone.now())
    return len(notified)


def _mail_staff(suspension: SpendingStop) -> int:
    return mail_staff(
        OutboxKind.SUSPENSION,
        right=Right.SUSPEND_MODELS,
        subject=f"Model suspended: {suspension.subject}",
        text=_text(suspension),
        key=f"suspension.{suspension.pk}",
    )


def _text(suspension: SpendingStop) -> str:
    call = suspension.call
    facts = [
        f"{suspension.subject} is suspended: no job calls it until you lift the suspension.",
        f"Reason: {suspension.reason}",
    ]
    if call is not None:
        facts += [
            (
                f"For call {call.pk} of job {call.job_id}, {format_usd_exact(call.hold_nano)} was held (at most "
                f"{call.max_output_tokens} output tokens); its provider counted {call.output_tokens}, and it cost "
                f"{format_usd_exact(call.cost_nano)}. The user paid {format_usd_exact(call.billed_nano)}, the house "
                f"{format_usd_exact(call.overrun_nano)}."
            ),
            "Check the model's price and limits, and whether its provider respects max_completion_tokens.",
        ]
    elif suspension.by is not None:
        facts.append(f"Suspended by {suspension.by.email}.")
    facts += [
        "Jobs that have no other model wait, and tell their users so.",
        settings.PONDER_BASE_URL + reverse("cost-review-suspensions"),
    ]
    return "\n\n".join(facts) + "\n"


def hurry_waiting_jobs(model: str) -> int:
    """Let waiting jobs that may call this model try again at once; return how many."""
    waiting = Job.objects.filter(state=JobState.WAITING, pinned__panel__contains=[{"name": model}])
    return waiting.update(next_at=Now())


def hurry_all_waiting_jobs() -> int:
    """Let every waiting job try again at once; return how many. One whose provider is away goes on waiting."""
    return Job.objects.filter(state=JobState.WAITING).update(next_at=Now())
