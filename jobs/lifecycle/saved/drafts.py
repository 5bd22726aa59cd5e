"""Drafts: what was entered in the new-job form, kept on the server for signed-in users."""

import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from accounts.models import User, Workspace
from files.models import Attachment
from files.store import delete_files
from jobs.core.ids import ids_in
from jobs.core.states import JobState
from jobs.lifecycle.submission.problem_text import MAX_PROBLEM_CHARS
from jobs.lifecycle.submission.titles import title_of
from jobs.models import Job
from solver.text.extract import clean_text

MOST_DRAFTS = 20
_LONGEST_FIELD = 4_000


class DraftChangedError(Exception):
    """The draft was changed in another tab or on another device since it was opened."""


def revision_of_draft(draft: Job) -> str:
    """Return which state of a draft this is: when it was last kept."""
    return draft.queued_at.isoformat()


def drafts_of(user: User, workspace: Workspace | None = None) -> "list[Job]":
    """Return the user's drafts, the newest first: in one workspace, or all."""
    drafts = Job.objects.filter(created_by=user, state=JobState.DRAFT).select_related("workspace")
    return list((drafts.filter(workspace=workspace) if workspace else drafts).order_by("-queued_at"))


def save_draft(
    *,
    user: User,
    workspace: Workspace,
    draft_id: uuid.UUID,
    fields: Mapping[str, str],
    parent: Job | None = None,
    revision: str = "",
) -> str | None:
    """Keep what was typed, as it was typed, and return its revision.

    None: that form was submitted already, or is someone else's. An empty problem keeps nothing. Beyond the most that
    are kept, the oldest goes. Raises DraftChangedError if a `revision` is given, and another was kept since.
    """
    problem = clean_text(fields.get("problem", ""))[:MAX_PROBLEM_CHARS]
    kept = {name: clean_text(text)[:_LONGEST_FIELD] for name, text in fields.items() if name != "problem"}
    with transaction.atomic():
        earlier = Job.objects.select_for_update(no_key=True).filter(pk=draft_id).first()
        if earlier and (earlier.state != JobState.DRAFT or earlier.created_by_id != user.pk):
            return None
        if earlier and revision and revision != revision_of_draft(earlier):
            raise DraftChangedError
        if not problem.strip():
            if earlier:
                earlier.delete()
            return ""
        draft = earlier or Job(
            pk=draft_id,
            workspace=workspace,
            created_by=user,
            state=JobState.DRAFT,
            budget_nano=0,
            parent=parent,
        )
        draft.title, draft.problem, draft.form, draft.queued_at = (
            title_of(problem),
            problem,
            kept,
            timezone.now(),
        )
        if earlier:
            draft.save(update_fields=["title", "problem", "form", "queued_at"])
        else:
            # Two first keystrokes may arrive at once.
            Job.objects.bulk_create([draft], ignore_conflicts=True)
            for old in drafts_of(user)[MOST_DRAFTS:]:
                old.delete()
    return revision_of_draft(draft)


def delete_draft(*, user: User, draft_id: uuid.UUID) -> bool:
    """Delete a draft, and the files that only it names. False: there is none with that id."""
    with transaction.atomic():
        drafts = Job.objects.select_for_update(no_key=True).filter(created_by=user, state=JobState.DRAFT)
        draft = drafts.filter(pk=draft_id).first()
        if draft is None:
            return False
        draft.delete()
        own = files_named_by(draft) - {each for other in drafts_of(user) for each in files_named_by(other)}
        delete_files(Attachment.objects.filter(pk__in=own, created_by=user, job=None))
    return True


def files_named_by(draft: Job) -> set[uuid.UUID]:
    """Return the ids of the files that a draft's form names."""
    return set(ids_in(str(draft.form.get("attached", "")).split()))
