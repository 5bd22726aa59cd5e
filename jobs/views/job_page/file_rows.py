"""What the new-job form and the job's page show of files."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings

from accounts.models import User, Workspace
from files.models import Attachment
from files.store import files_named, summary_of
from jobs.core.ids import ids_in
from jobs.models import Job
from solver.core.problem.attached import AttachedFile, Passage, files_from_json


class FileRow(NamedTuple):
    """A file as people see it; `told` is what models were told of it, None while that is not decided."""

    file: Attachment
    summary: str
    told: AttachedFile | None = None
    passages: tuple[tuple[int, Passage], ...] = ()
    """With their numbers through all files, as models were told them."""


def files_context(
    user: Any, named: str, errors: Sequence[str] = (), *, workspace: Workspace | None
) -> dict[str, Any]:
    """Return what the form shows: the files of its workspace whose ids it names, and how many there may be."""
    files = (
        files_named(ids_in(named.split()), user=user, workspace=workspace)
        if isinstance(user, User) and named and workspace
        else []
    )
    # A file that is attached once more is the same file.
    once = {(file.name, file.sha256): file for file in reversed(files)}
    return {
        "rows": [FileRow(file, summary_of(file)) for file in files if file in once.values()],
        "errors": errors,
        "most": settings.PONDER_JOB_FILES,
        "most_mb": settings.PONDER_FILE_MB,
    }


def rows_of(job: Job) -> list[FileRow]:
    """Return the files of a job, each with what its models are told of it."""
    if not job.files:
        return []
    told, number = dict[str, tuple[AttachedFile, int]](), 1
    for each in files_from_json(job.files):
        told[each.sha256] = (each, number)
        number += len(each.passages)
    files = job.attachments.filter(is_made=False).defer("pages").order_by("created_at", "pk")
    return [_row(file, *told.get(file.sha256, (None, 0))) for file in files]


def _row(file: Attachment, told: AttachedFile | None, first: int) -> FileRow:
    passages = tuple(enumerate(told.passages, start=first)) if told else ()
    return FileRow(file, summary_of(file), told, passages)
