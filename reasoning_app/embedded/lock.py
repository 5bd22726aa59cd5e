"""The launcher's lock on a data directory: one launcher at a time, and a note saying which.

The lock is a `flock`, so it ends with the process that holds it, however that process ends.
"""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from reasoning_app.embedded.errors import InUseError

_NAME = "up.lock"
_PATIENCE_S = 0.5


class LauncherLock:
    """The exclusive right to run services on a data directory, held until `release` or the end of the process."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / _NAME
        self._descriptor: int | None = None
        self._note: dict[str, Any] = {}

    def acquire(self, *, role: str) -> None:
        """Take the lock, or raise InUseError naming its holder."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _PATIENCE_S  # `running` holds it for an instant to look
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise InUseError(_refusal(self.path))
            time.sleep(0.02)
        self._descriptor = descriptor
        self.note(role=role, pid=os.getpid(), ready=False)

    def note(self, **facts: Any) -> None:
        """Add facts that others may read while the lock is held: `ready`, `address`."""
        assert self._descriptor is not None  # only the holder writes
        self._note.update(facts)
        text = json.dumps(self._note).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def running(data_dir: Path) -> bool:
    """Whether a launcher is alive on the data directory."""
    try:
        descriptor = os.open(data_dir / _NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def holder(data_dir: Path) -> dict[str, Any]:
    """Return what the launcher on the data directory says of itself: role, pid, ready, address."""
    try:
        note = json.loads((data_dir / _NAME).read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _refusal(path: Path) -> str:
    note = holder(path.parent)
    who = f"{note.get('role', 'another process')} (process {note.get('pid', 'unknown')})"
    where = f", at {note['address']}" if note.get("address") else ""
    return (
        f"The data directory {path.parent} is in use by {who}{where}.\n"
        "Use that one, stop it first (Ctrl-C in its terminal), or choose another directory: "
        "make run DATA_DIR=… PORT=…"
    )
