"""Closing an account: texts go, the address is made anonymous, sessions end; ledger rows stay and still balance."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.closing import (
    Handover,
    addresses_of,
    anonymise,
    handovers_of,
    is_last_of_staff,
    leave_shared_workspaces,
    lock_workspaces_of,
    workspaces_alone,
)
from accounts.models import User, Workspace
from billing.books.closing import forget_payment_details, give_up_money
from billing.books.wallet import balances
from files.models import Attachment
from files.store import delete_files
from jobs.core.deadlock import again_after_deadlock
from jobs.core.errors import SubmitError
from jobs.core.states import ACTIVE, ENDED, JobState
from jobs.lifecycle.control import cancel_job
from jobs.lifecycle.submission.funding import end_unpaid
from jobs.mail.eml_backend import delete_files_to
from jobs.models import Job, JobQuerySet, JobTemplate, OutboxMessage, OutboxState, Webhook
from jobs.upkeep.delete_texts import delete_texts, still_theirs
from solver.core.money import format_usd


@dataclass(frozen=True, slots=True)
class Belongings:
    """What an account has that its user should know of before it is closed."""

    jobs: int
    under_way: int
    wallet_nano: int
    trial_nano: int
    is_last_of_staff: bool
    handovers: tuple[Handover, ...] = ()

    @property
    def unowned(self) -> str:
        """The names of workspaces in which only viewers would be left."""
        return ", ".join(f"“{each.workspace.name}”" for each in self.handovers if each.heir is None)


def belongings_of(user: User) -> Belongings:
    """Return what closing the account would touch."""
    alone = workspaces_alone(user)
    money = [balances(workspace) for workspace in alone]
    jobs = _jobs_of(user, alone)
    return Belongings(
        jobs=jobs.exclude(state=JobState.DRAFT).count(),
        under_way=jobs.filter(state__in=sorted(ACTIVE)).count(),
        wallet_nano=sum(each.wallet_nano for each in money),
        trial_nano=sum(each.trial_nano for each in money),
        is_last_of_staff=is_last_of_staff(user),
        handovers=tuple(handovers_of(user)),
    )


def cancel_jobs_of(user: User) -> int:
    """Cancel every job under way; return how many. Workers end them within seconds, and what is unspent returns."""
    under_way = _jobs_of(user, workspaces_alone(user)).filter(state__in=sorted(ACTIVE))
    return sum(cancel_job(job=job) for job in under_way)


@again_after_deadlock
def close_account(*, user: User, gives_up_money: bool) -> int:
    """Permanently close an account; return how many jobs' texts were deleted. Raises SubmitError; then nothing changed.

    1. The user's row is locked against new jobs.
    2. Jobs under way and paid money must have been dealt with: only their owner can say how.
    3. Drafts go, unpaid jobs end, the texts of all jobs of the user (and of workspaces nobody else is in) go; not of
       jobs in workspaces that they left, or only read in: those are the workspace's.
    4. Money, memberships, emails, ways to sign in.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.closed_at:
            raise SubmitError("This account is already closed.", code="closed")
        lock_workspaces_of(user)
        _refuse(belongings_of(user), gives_up_money=gives_up_money)
        alone = workspaces_alone(user)
        _end_unstarted(user, alone)
        deleted = _delete_jobs(_jobs_of(user, alone))
        JobTemplate.objects.filter(created_by=user).delete()
        delete_files(Attachment.objects.filter(created_by=user, job=None))
        Webhook.objects.filter(Q(user=user) | Q(workspace__in=alone)).delete()
        for workspace in alone:
            give_up_money(workspace)
            forget_payment_details(workspace)
        addresses = addresses_of(user)
        _forget_mail(addresses)
        leave_shared_workspaces(user)
        anonymise(user)
        transaction.on_commit(lambda: delete_files_to(addresses))
    return deleted


def _jobs_of(user: User, alone: list[Workspace]) -> JobQuerySet:
    """Return the jobs that the user made where they may still act, and those in workspaces that nobody else is in."""
    jobs = Job.objects.filter(Q(still_theirs(), created_by=user) | Q(workspace__in=alone))
    assert isinstance(jobs, JobQuerySet)  # Job.objects is made from it
    return jobs


def _refuse(has: Belongings, *, gives_up_money: bool) -> None:
    if has.is_last_of_staff:
        raise SubmitError(
            "This is the only staff account. Make another person a member of staff first.",
            code="last_of_staff",
        )
    if has.unowned:
        raise SubmitError(
            f"Only viewers would be left in {has.unowned}. Make one of them an owner, or remove them, first.",
            code="unowned",
        )
    if has.under_way:
        raise SubmitError(
            f"{has.under_way} job{'s are' if has.under_way > 1 else ' is'} under way. Finish or cancel "
            f"{'them' if has.under_way > 1 else 'it'} first; unspent money returns to your wallet.",
            code="under_way",
        )
    if has.wallet_nano and not gives_up_money:
        raise SubmitError(
            f"{format_usd(has.wallet_nano)} of your own money is in the wallet. Have what you paid refunded (Wallet, "
            "Payments and refunds) before you close the account, or confirm that you give it up.",
            code="money_left",
        )


def _end_unstarted(user: User, alone: list[Workspace]) -> None:
    """Delete drafts and end unpaid jobs, also where the user has become a viewer: nobody else could start them."""
    jobs = Job.objects.filter(Q(created_by=user) | Q(workspace__in=alone))
    jobs.filter(state=JobState.DRAFT).delete()
    for job_id in jobs.filter(state=JobState.AWAITING_PAYMENT).values_list("pk", flat=True):
        end_unpaid(job_id=job_id, stop_reason="cancelled")


def _delete_jobs(jobs: JobQuerySet) -> int:
    ended = jobs.filter(state__in=sorted(ENDED), texts_deleted_at=None).values_list("pk", flat=True)
    return sum(delete_texts(job_id=job_id) for job_id in list(ended))


def _forget_mail(addresses: list[str]) -> None:
    """Empty the messages to addresses that are the user's or were; the rows stay, for each outcome has one."""
    messages = OutboxMessage.objects.alias(to=Lower("recipient")).filter(to__in=addresses)
    messages.filter(state=OutboxState.PENDING).update(state=OutboxState.UNWANTED)
    messages.filter(job=None).update(content={})
    # Without its claim a sender that is at one of them records no reply of the mail server, which may name the address.
    messages.update(recipient="", last_error="", claim=None)
