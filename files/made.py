"""Pictures that programs of a job drew: made anew from what they wrote, kept with the job, deleted with it."""

import tempfile
import uuid
from hashlib import sha256
from pathlib import Path, PurePath
from typing import NamedTuple

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum

from accounts.models import User, Workspace
from files.errors import FileError
from files.extraction import ExtractionError, FileKind, extract
from files.models import Attachment
from files.names import clean_name
from files.store import storage

MOST_OF_A_JOB = 40
"""Pictures that one job keeps."""
_MEGABYTE = 1_000_000


class MadePicture(NamedTuple):
    """A kept picture: the name of its bytes in the storage (JPEG), and its pixels."""

    stored_name: str
    width: int
    height: int


def keep_picture(
    content: bytes, *, raw_name: str, job_id: uuid.UUID, workspace: Workspace, user: User
) -> MadePicture:
    """Keep a picture that a program drew, as a JPEG of our own, and return it.

    Keeping the same bytes for the same job again changes nothing: a step that is repeated after a crash adds no file.
    Raises FileError for what is no picture, too large, or one too many.
    """
    name = clean_name(raw_name)
    digest = sha256(content).hexdigest()
    made_id = uuid.uuid5(job_id, digest)
    known = Attachment.objects.filter(pk=made_id).first()
    if known is not None:
        return _ref(known)
    picture, width, height = _redrawn(content, name)
    _check_room(len(picture), name, job_id, workspace)
    stored_name = f"{workspace.public_id}/{made_id}"
    # An execution that died here may have left it.
    storage().delete(stored_name)
    stored_name = storage().save(stored_name, ContentFile(picture))
    made = Attachment(
        id=made_id,
        workspace=workspace,
        created_by=user,
        job_id=job_id,
        name=clean_name(f"{PurePath(name).stem}.jpg"),
        kind=FileKind.PICTURE,
        size_bytes=len(picture),
        sha256=digest,
        stored_name=stored_name,
        characters=0,
        pictures=[{"where": "", "width": width, "height": height}],
        is_made=True,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        return _ref(Attachment.objects.get(pk=made_id))
    return _ref(made)


def pictures_made(job_id: uuid.UUID) -> "QuerySet[Attachment]":
    """Return the pictures that programs of a job drew."""
    return Attachment.objects.filter(job_id=job_id, is_made=True).defer("pages")


def _ref(made: Attachment) -> MadePicture:
    return MadePicture(made.stored_name, made.pictures[0]["width"], made.pictures[0]["height"])


def _redrawn(content: bytes, name: str) -> tuple[bytes, int, int]:
    """Return a picture as JPEG, with its width and height, by a process that can be killed. Raises FileError."""
    with tempfile.TemporaryDirectory(prefix="ponder-picture-") as directory:
        path, pictures = Path(directory) / "file", Path(directory) / "pictures"
        path.write_bytes(content)
        pictures.mkdir()
        try:
            found = extract(path, name, pictures)
        except ExtractionError as error:
            raise FileError(f"{name}: {error}") from error
        if found.kind is not FileKind.PICTURE or not found.pictures:
            raise FileError(f"{name}: By its bytes it is not a picture.")
        picture = found.pictures[0]
        return (pictures / picture.name).read_bytes(), picture.width, picture.height


def _check_room(size_bytes: int, name: str, job_id: uuid.UUID, workspace: Workspace) -> None:
    if pictures_made(job_id).count() >= MOST_OF_A_JOB:
        raise FileError(f"{name}: {MOST_OF_A_JOB} pictures of this job are kept already; no more are.")
    stored = Attachment.objects.filter(workspace=workspace).aggregate(total=Sum("size_bytes"))["total"] or 0
    if stored + size_bytes > settings.PONDER_WORKSPACE_FILES_MB * _MEGABYTE:
        raise FileError(f"{name}: The files of this workspace leave no room for it.")
