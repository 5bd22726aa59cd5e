"""What webhooks hear of jobs: that one ended, or needs its person. No text of a job goes along."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from jobs.mail.webhooks import enqueue_webhooks
from jobs.models import Job, OutboxKind, Webhook
from solver.core.money import usd_decimal

EVENTS = {OutboxKind.ENDED: "job.ended", OutboxKind.QUESTION: "job.needs_you"}
"""By the email that tells its person the same."""


def tell_webhooks(job: Job, kind: OutboxKind, *, number: int = 0) -> None:
    """Write to the webhooks of a job's person, who must be in its workspace still, and of the workspace.

    Once for each version of the job, and for its question of this number, which is worth telling until its time is over.
    """
    theirs = Q(user=job.created_by_id, user__is_active=True, user__memberships__workspace=job.workspace_id)
    hooks = list(Webhook.objects.filter(theirs | Q(workspace=job.workspace_id)).distinct())
    if not hooks:
        return
    data = {
        "job": str(job.pk),
        "address": settings.PONDER_BASE_URL + job.get_absolute_url(),
        "state": job.state,
        "stop_reason": job.stop_reason,
        "charged_usd": usd_decimal(job.charged_nano),
        "budget_usd": usd_decimal(job.budget_nano),
    }
    good_for = None
    if number:
        until = job.questions[number - 1]["until"]
        data |= {"question": number, "answer_until": until}
        good_for = datetime.fromisoformat(until) - timezone.now()
    key = f"job.{job.pk}.{job.version}.{kind}.{number}"
    enqueue_webhooks(hooks, event=EVENTS[kind], data=data, key=key, good_for=good_for)
