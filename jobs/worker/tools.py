"""The tools of a job: its files as tools find them, read when one first needs them."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from files.errors import FileError
from files.extraction import FileKind
from files.made import keep_picture
from files.models import Attachment
from files.store import read_files, storage
from jobs.core.code_checks import runs_programs
from jobs.models import Job
from jobs.worker.retry import retry_while_database_is_down
from solver.core.programs import Programs
from solver.core.request import PictureRef
from tools import JobTools, NotKept, ToolFile, ToolHost

_TEXTS = frozenset({FileKind.TEXT, FileKind.MARKDOWN, FileKind.CODE, FileKind.HTML, FileKind.TABLE})


def make_tool_host(programs: Programs) -> ToolHost:
    """Return what makes the tools of this process's jobs."""
    return ToolHost(settings.PONDER_TOOLS, programs)


def tools_of(job: Job, host: ToolHost) -> JobTools:
    """Return the tools of a job that begins or continues here. Reads the names of its files."""
    # Not read as options are: those of another release end the job in words, where its strategy is made.
    if job.options.get("checks_tools") is True:
        return host.check_tools()
    names = list(_files_of(job.pk).values_list("name", flat=True))
    return host.tools_of(
        names, partial(_load, job.pk), runs_programs=runs_programs(), keep_picture=partial(_keep, job.pk)
    )


def _files_of(job_id: UUID) -> QuerySet[Attachment]:
    return Attachment.objects.filter(job_id=job_id, is_made=False).order_by("created_at", "pk")


def _load(job_id: UUID) -> Sequence[ToolFile]:
    """Return a job's files with their texts. Blocks, and keeps no connection."""

    def read() -> list[ToolFile]:
        rows = list(_files_of(job_id).defer("pages"))
        return [
            ToolFile(found, FileKind(row.kind) in _TEXTS, row.size_bytes, partial(_content, row.stored_name))
            for row, found in zip(rows, read_files(rows), strict=True)
        ]

    try:
        return retry_while_database_is_down(read)
    finally:
        connection.close()


def _content(stored_name: str) -> bytes:
    """Return a file's bytes. Raises OSError where they are not there any more."""
    with storage().open(stored_name) as stored:
        return bytes(stored.read())


def _keep(job_id: UUID, name: str, content: bytes) -> PictureRef:
    """Keep a picture that a program drew with its job. Blocks, and keeps no connection. Raises NotKept."""

    def keep() -> PictureRef:
        job = Job.objects.select_related("workspace", "created_by").get(pk=job_id)
        kept = keep_picture(
            content, raw_name=name, job_id=job_id, workspace=job.workspace, user=job.created_by
        )
        return PictureRef(*kept)

    try:
        return retry_while_database_is_down(keep)
    except (FileError, OSError) as error:
        raise NotKept(
            str(error) if isinstance(error, FileError) else f"{name}: it could not be kept."
        ) from error
    finally:
        connection.close()
