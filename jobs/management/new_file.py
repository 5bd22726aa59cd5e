"""The file that a command writes: a new one, for its owner alone."""

import os
from pathlib import Path
from typing import IO, Any, Literal

from django.core.management.base import CommandError


def new_file(path: Path, mode: Literal["w", "wb"]) -> IO[Any]:
    """Open a file that does not exist yet. Raises CommandError where it does, or cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(
            f"{path} cannot be written ({error.strerror}). Name a file that does not exist yet.", returncode=2
        ) from error
    return os.fdopen(descriptor, mode, encoding="utf-8" if mode == "w" else None)
