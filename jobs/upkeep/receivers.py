"""What the jobs room does when others tell something."""

from datetime import timedelta
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.dispatch import receiver

from accounts.models import User, Workspace
from accounts.signals import mail_ready, membership_ended, ownership_ended
from billing.models import AutoRecharge, TopUp
from billing.signals import (
    model_released,
    money_arrived,
    recharge_failed,
    spending_resumed,
    top_up_credited,
)
from files.models import Attachment
from files.store import delete_files
from jobs.core.states import JobState
from jobs.lifecycle.submission.funding import end_unpaid, start_paid_jobs
from jobs.mail.enqueue import enqueue_account_mail
from jobs.models import Job, JobTemplate, Webhook
from jobs.upkeep.model_suspension import hurry_all_waiting_jobs, hurry_waiting_jobs
from jobs.upkeep.recharge_mail import mail_failed_recharge, mail_top_up


@receiver(money_arrived, dispatch_uid="jobs.start_paid_jobs")
def start_what_was_waiting(*, workspace_id: int, **_: Any) -> None:
    """Start the jobs for which the money has arrived. Should this be lost, the sweep does it."""
    start_paid_jobs(workspace_id=workspace_id)


@receiver(membership_ended, dispatch_uid="jobs.stop_what_was_theirs")
def stop_what_was_theirs(*, workspace: Workspace, user: User, **_: Any) -> None:
    """Stop the weekly runs of somebody who is no longer in a workspace, and end what they have not started there.

    Their jobs that await payment end; their drafts and the files of no job are deleted.
    """
    mine = JobTemplate.objects.filter(workspace=workspace, created_by=user)
    left = "You are no longer in the workspace that paid for it."
    mine.exclude(next_run_at=None).update(next_run_at=None, paused_because=left)
    theirs = Job.objects.filter(workspace=workspace, created_by=user)
    for job_id in theirs.filter(state=JobState.AWAITING_PAYMENT).values_list("pk", flat=True):
        end_unpaid(job_id=job_id, stop_reason="cancelled")
    theirs.filter(state=JobState.DRAFT).delete()
    delete_files(Attachment.objects.filter(workspace=workspace, created_by=user, job=None))


@receiver([membership_ended, ownership_ended], dispatch_uid="jobs.remove_webhooks")
def remove_webhooks(*, workspace: Workspace, user: User, **_: Any) -> None:
    """Remove the webhooks that somebody added to a workspace that they no longer own: nobody there chose the address."""
    Webhook.objects.filter(workspace=workspace, made_by=user).delete()


@receiver(mail_ready, dispatch_uid="jobs.keep_account_mail")
def keep_account_mail(*, message: EmailMultiAlternatives, good_for: timedelta, **_: Any) -> bool:
    """Hand an email about an account to the outbox: no request waits for a mail server."""
    enqueue_account_mail(message, good_for=good_for)
    return True


@receiver(model_released, dispatch_uid="jobs.hurry_waiting_jobs")
def go_on(*, model: str, **_: Any) -> None:
    """Let jobs that wait for a model continue. If this is lost, they retry on their own."""
    hurry_waiting_jobs(model)


@receiver(spending_resumed, dispatch_uid="jobs.hurry_all_waiting_jobs")
def go_on_spending(**_: Any) -> None:
    """Let all jobs that wait for a provider continue. If this is lost, they retry on their own."""
    hurry_all_waiting_jobs()


@receiver(recharge_failed, dispatch_uid="jobs.mail_failed_recharge")
def tell_of_failed_recharge(*, rule: AutoRecharge, **_: Any) -> None:
    """Email whoever switched it on, in the transaction that noted the decline."""
    mail_failed_recharge(rule)


@receiver(top_up_credited, dispatch_uid="jobs.mail_top_up")
def tell_of_top_up(*, top_up: TopUp, **_: Any) -> None:
    """Email whoever paid, or switched automatic top-ups on, in the transaction that credited the money."""
    mail_top_up(top_up)
