"""Make the cluster that prepared.py copies: `python -m tests.processes.prepare`. Those unused for a day are removed."""

import contextlib
import fcntl
import shutil
import tempfile
import time
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection

from reasoning_app.embedded.stores.schema import mark_current
from tests.processes import prepared, services
from tests.support import tables

_UNUSED_S = 24 * 3600


def make() -> None:
    """Make the cluster, unless another run of the tests makes it just now: then wait for it."""
    place = prepared.place()
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.exists():
            return
        _remove_unused()
        new = Path(tempfile.mkdtemp(prefix=f"{prepared.PREFIX}new-"))
        try:
            _fill(new)
            new.rename(place)
        finally:
            shutil.rmtree(new, ignore_errors=True)


def _fill(directory: Path) -> None:
    """Migrate a new cluster's database as `up` does, and remember its first rows."""
    own = services.start(directory)
    try:
        assert own.postgres is not None
        django.setup()
        call_command("migrate", verbosity=0, skip_checks=True)
        mark_current(own.postgres.sql)
        tables.remember()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own
    finally:
        own.stop()


def _remove_unused() -> None:
    for left in Path(tempfile.gettempdir()).glob(f"{prepared.PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or another run removes it, too
            if time.time() - left.stat().st_mtime > _UNUSED_S:
                left.unlink() if left.is_file() else shutil.rmtree(left)


if __name__ == "__main__":
    make()
