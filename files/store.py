"""Takes files in, gives them to jobs, and deletes them. Bytes are written before their row, and deleted after it."""

import hashlib
import tempfile
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from accounts.models import User, Workspace
from files.errors import FileError
from files.extraction import Extract, ExtractionError, FileKind, Page, extract
from files.models import Attachment
from files.names import clean_name
from files.passages import ReadFile
from solver.core.problem.attached import AttachedPicture

_MEGABYTE = 1_000_000
MOST_PICTURES = 12
"""Of one job: each is shown with each call, and costs as much as a page or two of text."""
_COPIED = (
    *("workspace_id", "created_by_id", "name", "kind", "size_bytes", "sha256", "stored_name"),
    *("page_count", "characters", "pages", "pictures", "notes"),
)


def storage() -> Storage:
    """Return where the bytes lie: a directory, or a bucket (PONDER_FILES_URL)."""
    return storages["files"]


def take_in(file: "File[bytes]", *, raw_name: str, user: User, workspace: Workspace) -> Attachment:
    """Read a file, store it, and return its row. Raises FileError; then nothing is kept."""
    name = clean_name(raw_name)
    _check_size(file, name, workspace)
    with tempfile.TemporaryDirectory(prefix="ponder-file-") as directory:
        path, digest = Path(directory) / "file", hashlib.sha256()
        with path.open("wb") as copy:
            for chunk in file.chunks():
                digest.update(chunk)
                copy.write(chunk)
        pictures = Path(directory) / "pictures"
        pictures.mkdir()
        found = _read(path, name, pictures)
        attachment_id = uuid.uuid4()
        with path.open("rb") as bytes_of_it:
            stored_name = storage().save(f"{workspace.public_id}/{attachment_id}", File(bytes_of_it))
        for number, picture in enumerate(found.pictures):
            with (pictures / picture.name).open("rb") as bytes_of_it:
                storage().save(picture_name(stored_name, number), File(bytes_of_it))
    return Attachment.objects.create(
        id=attachment_id,
        workspace=workspace,
        created_by=user,
        name=name,
        kind=found.kind,
        size_bytes=file.size,
        sha256=digest.hexdigest(),
        stored_name=stored_name,
        page_count=found.page_count,
        characters=found.characters,
        pages=[{"where": page.where, "text": _storable(page.text)} for page in found.pages],
        pictures=[
            {"where": each.where, "width": each.width, "height": each.height} for each in found.pictures
        ],
        notes=list(found.notes),
    )


def picture_name(stored_name: str, number: int) -> str:
    """Return the name of a file's picture in the storage, counted from zero."""
    return f"{stored_name}.{number}"


@lru_cache(maxsize=32)
def picture_bytes(name: str) -> bytes:
    """Return a picture as models are shown it. Raises OSError where it is not there any more."""
    with storage().open(name) as stored:
        return bytes(stored.read())


def _storable(text: str) -> str:
    """Return a text without what PostgreSQL and UTF-8 do not take."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _read(path: Path, name: str, pictures: Path) -> Extract:
    try:
        found = extract(path, name, pictures)
    except ExtractionError as error:
        raise FileError(f"“{name}”: {error}") from error
    if not found.pages and not found.pictures:
        raise FileError(f"“{name}”: Nothing was found in it that could be read. Attach another, or its text.")
    return found


def _check_size(file: "File[bytes]", name: str, workspace: Workspace) -> None:
    most_bytes = settings.PONDER_FILE_MB * _MEGABYTE
    if file.size > most_bytes:
        raise FileError(
            f"“{name}” has {file.size / _MEGABYTE:,.1f} MB; a file may have {settings.PONDER_FILE_MB} MB. Attach a "
            "smaller one, or only the part that matters."
        )
    stored = Attachment.objects.filter(workspace=workspace).aggregate(total=Sum("size_bytes"))["total"] or 0
    if stored + file.size > settings.PONDER_WORKSPACE_FILES_MB * _MEGABYTE:
        raise FileError(
            f"“{name}” does not fit: the files of your jobs have reached {settings.PONDER_WORKSPACE_FILES_MB:,} MB. "
            "Delete the texts of old jobs to make room."
        )


def files_of(user: User) -> "QuerySet[Attachment]":
    """Return the files that a user may see, without their text: of jobs of their workspaces, and their own."""
    mine = Q(job__isnull=False) | Q(created_by=user)
    ordered = Attachment.objects.filter(mine, workspace__memberships__user=user).order_by("created_at", "pk")
    return ordered.defer("pages")


def files_named(ids: Collection[uuid.UUID], *, user: User, workspace: Workspace) -> list[Attachment]:
    """Return the workspace's files of these ids that the user may see, in the order in which they were attached."""
    return list(files_of(user).filter(pk__in=ids, workspace=workspace)) if ids else []


def check_together(files: Sequence[Attachment]) -> None:
    """Raise FileError for more files than one job may have."""
    if len(files) > settings.PONDER_JOB_FILES:
        raise FileError(
            f"A job may have {settings.PONDER_JOB_FILES} files; here are {len(files)}. Untick some."
        )
    pictures = sum(len(file.pictures) for file in files)
    if pictures > MOST_PICTURES:
        raise FileError(
            f"A job may have {MOST_PICTURES} pictures, pages of scans included; here are {pictures}. Untick some."
        )
    total = sum(file.size_bytes for file in files)
    if total > settings.PONDER_JOB_FILES_MB * _MEGABYTE:
        raise FileError(
            f"The files have {total / _MEGABYTE:,.1f} MB together; those of a job may have "
            f"{settings.PONDER_JOB_FILES_MB} MB. Untick some."
        )


def read_files(files: Sequence[Attachment]) -> list[ReadFile]:
    """Return the files with their text, read from the database."""
    texts = dict(Attachment.objects.filter(pk__in=[file.pk for file in files]).values_list("pk", "pages"))
    return [
        ReadFile(
            file.name,
            summary_of(file),
            file.sha256,
            tuple(Page(**page) for page in texts.get(file.pk, [])),
            tuple(
                AttachedPicture(
                    each["where"], picture_name(file.stored_name, number), each["width"], each["height"]
                )
                for number, each in enumerate(file.pictures)
            ),
        )
        for file in files
    ]


def summary_of(file: Attachment) -> str:
    """Return in a few words what a file is and how much of it was read."""
    kind = FileKind(file.kind)
    if kind is FileKind.PICTURE and file.pictures:
        return f"{kind.label}, {file.pictures[0]['width']:,} × {file.pictures[0]['height']:,} pixels as shown"
    units = {FileKind.SLIDES: "slide", FileKind.SHEETS: "sheet"}
    unit = units.get(kind, "page")
    pages = f", {file.page_count} {unit}{'' if file.page_count == 1 else 's'}" if file.page_count else ""
    return f"{kind.label}{pages}, {file.characters:,} characters"


def give_to_job(files: Sequence[Attachment], *, job_id: uuid.UUID) -> None:
    """Make files those of a job: one that no job has yet as it is, another as a row of its own for the same bytes.

    In a transaction of the caller's. Raises FileError where one was deleted meanwhile.
    """
    ids = [file.pk for file in files]
    locked = list(
        Attachment.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("created_at", "pk")
    )
    if len(locked) < len(set(ids)):
        raise FileError("One of the files was deleted meanwhile. Attach it again.")
    for file in locked:
        if file.job_id == job_id:
            continue
        if file.job_id is None:
            file.job_id = job_id
            file.save(update_fields=["job"])
        else:
            copied = {name: getattr(file, name) for name in _COPIED}
            Attachment.objects.create(job_id=job_id, **copied)


def delete_files(files: "QuerySet[Attachment]") -> int:
    """Delete rows now, and their bytes once that is committed where no other row has the same; return how many rows."""
    with transaction.atomic():
        rows = files.select_for_update(of=("self",)).values_list("stored_name", "pictures")
        names = {name: len(pictures) for name, pictures in rows}
        deleted, _ = files.delete()
        transaction.on_commit(lambda: _delete_bytes(names))
    return deleted


def _delete_bytes(names: Mapping[str, int]) -> None:
    """Delete what no row names any more, each with so many pictures."""
    for name, pictures in names.items():
        if not Attachment.objects.filter(stored_name=name).exists():
            for number in range(pictures):
                storage().delete(picture_name(name, number))
            storage().delete(name)


def delete_unused(*, before: datetime, keep: Collection[uuid.UUID]) -> int:
    """Delete files that no job has and that were attached before a time, but for those that a draft names (`keep`)."""
    return delete_files(Attachment.objects.filter(job=None, created_at__lt=before).exclude(pk__in=keep))


def delete_lost_bytes(*, before: datetime) -> int:
    """Delete bytes of no row, as an interrupted upload or deletion leaves them; return how many."""
    lost = [
        name
        for name in stored_names()
        if not Attachment.objects.filter(stored_name=name.partition(".")[0]).exists()
    ]
    old = [name for name in lost if storage().get_modified_time(name) < before]
    for name in old:
        storage().delete(name)
    return len(old)


def stored_names() -> list[str]:
    """Return the names of all bytes in the storage."""
    place = storage()
    if not _is_made(place):
        return []
    return [f"{folder}/{name}" for folder in place.listdir("")[0] for name in place.listdir(folder)[1]]


def _is_made(place: Storage) -> bool:
    try:
        place.listdir("")
    except FileNotFoundError:
        return False
    return True
