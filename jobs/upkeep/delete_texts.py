"""Deleting the texts of jobs: problems, replies and answers go; amounts stay, so the books still balance."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.access import role_in
from accounts.models import Membership, Role, User
from files.models import Attachment
from files.store import delete_files
from jobs.core.states import ENDED
from jobs.mail.eml_backend import delete_files as delete_mail_files
from jobs.models import Job, OutboxMessage, OutboxState, Prompt, ShareLink, StepRecord

TITLE = "Texts deleted"
"""What stands where the title was."""

_OF_JOB: dict[str, Any] = {
    "title": TITLE,
    "tags": [],
    "problem": "",
    "checker": {},
    "context": {},
    "hints": [],
    "questions": [],
    "files": [],
    "form": {},
    "best": {},
    "phase": "",
    "answer": "",
    "answer_text": "",
    "explanation": "",
    "checked": "",
    "dissent": [],
    "rubric": [],
    "error": "",
}
_OF_STEP: dict[str, Any] = {
    "prompt_sha256": "",
    "text": "",
    "reasoning": "",
    "answer": "",
    "answer_key": "",
    "verdict": None,
    "note": None,
    "error": "",
}


def may_delete_texts(user: User, job: Job) -> bool:
    """Tell whether the texts of this job are the user's to delete: owners of its workspace may, and its maker.

    A maker who only reads in its workspace now, or left it, may not.
    """
    role = reader_role(user, job)
    return role is not None and role.includes(Role.MEMBER if job.created_by_id == user.pk else Role.OWNER)


def still_theirs() -> Exists:
    """Return the condition that who made a job may still act in its workspace: otherwise it is the workspace's alone."""
    acting = Membership.objects.filter(role__in=[role for role in Role if role.includes(Role.MEMBER)])
    return Exists(acting.filter(user=OuterRef("created_by"), workspace=OuterRef("workspace")))


def reader_role(user: User, job: Job) -> Role | None:
    """Return the user's role in a job's workspace: as it was read with the job, or else asked for."""
    known = getattr(job, "reader_role", "")
    return Role(known) if known else role_in(user, job.workspace_id)


def delete_texts(*, job_id: UUID) -> bool:
    """Permanently delete every text of an ended job. False: it has not ended, or they are already deleted.

    1. The job's row is locked first, as whoever continues an ended job does.
    2. A message that has not left stays a row and is not sent: it could say nothing.
    3. Mails that lie as files go once the transaction is committed.
    """
    with transaction.atomic():
        ended = Job.objects.select_for_update(no_key=True).filter(pk=job_id, state__in=sorted(ENDED))
        if not ended.filter(texts_deleted_at=None).exists():
            return False
        delete_files(Attachment.objects.filter(job_id=job_id))
        Prompt.objects.filter(job_id=job_id).delete()
        ShareLink.objects.filter(job_id=job_id).delete()
        StepRecord.objects.filter(job_id=job_id).update(**_OF_STEP)
        messages = OutboxMessage.objects.filter(job_id=job_id)
        message_ids = list(messages.values_list("message_id", flat=True))
        messages.filter(state=OutboxState.PENDING).update(
            state=OutboxState.UNWANTED, last_error="The texts of its job were deleted."
        )
        Job.objects.filter(pk=job_id).update(texts_deleted_at=timezone.now(), **_OF_JOB)
        transaction.on_commit(lambda: delete_mail_files(message_ids))
    return True
