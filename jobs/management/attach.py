"""Files that a command names: `--file PATH`."""

from collections.abc import Sequence
from pathlib import Path

from django.core.files import File
from django.db import transaction

from accounts.models import User, Workspace
from files.errors import FileError
from files.models import Attachment
from files.store import take_in
from jobs.core.errors import SubmitError


def check_readable(paths: Sequence[Path]) -> None:
    """Raise SubmitError for a file that cannot be read, before anything is started."""
    for path in paths:
        try:
            path.open("rb").close()
        except OSError as error:
            raise SubmitError(
                f"--file: {path} cannot be read ({error.strerror}). Name a file that is there."
            ) from error


def attach(paths: Sequence[Path], *, user: User, workspace: Workspace) -> list[Attachment]:
    """Take in files. Raises SubmitError; then no row of any is kept."""
    try:
        with transaction.atomic():
            return [_taken_in(path, user, workspace) for path in paths]
    except FileError as error:
        raise SubmitError(f"--file: {error}", field="attached", code="files") from error


def _taken_in(path: Path, user: User, workspace: Workspace) -> Attachment:
    with path.open("rb") as file:
        return take_in(File(file), raw_name=path.name, user=user, workspace=workspace)
