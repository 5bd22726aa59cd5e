"""The secret key of an installation that sets none: made once, kept in the data directory."""

import contextlib
import os
import secrets
from pathlib import Path


def load_or_create(data_dir: Path) -> str:
    """Return the key kept in `data_dir`, making it on the first call; safe when two processes start at once.

    Where the directory cannot be written, a key for this process alone is returned, so that commands which need
    none (help, checks) still work.
    """
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path)
        return path.read_text().strip()
    except OSError:
        return secrets.token_urlsafe(48)


def _write_once(path: Path) -> None:
    """Make the file whole or not at all: linking a finished file decides who of two processes wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
