"""Backups: one file with the database as `pg_dump` writes it, and the files of the data directory that belong to it.

A backup is a tar of `manifest.json`, `database.dump` (custom format), `mail/*.eml`, `files/…` (attached files that lie
in the data directory; a bucket is not in it) and, where the installation made
its own, `secret_key`. The database may be in use: a dump is one snapshot, whatever commits meanwhile.
"""

import contextlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from files.store import storage, stored_names
from jobs.core.database import connection_string
from jobs.mail import eml_backend as mail_files
from reasoning_app.backups.postgres_programs import ProgramMissingError, client_program
from reasoning_app.embedded.stores.postgres import clean_env

FORMAT = 1
MANIFEST, DUMP, MAIL, FILES, SECRET_KEY = "manifest.json", "database.dump", "mail/", "files/", "secret_key"


class BackupError(Exception):
    """A backup that cannot be made or restored; the message says what to do."""


class Made(NamedTuple):
    """What a backup holds."""

    size_bytes: int
    mails: int
    files: int
    has_secret_key: bool


def make_backup(target: Path) -> Made:
    """Write a backup, readable by its owner alone, whole or not at all. Raises BackupError."""
    if target.exists():
        raise BackupError(f"{target} already exists. Name a new file, or move the existing one.")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as directory:
            dump, draft = Path(directory) / DUMP, Path(directory) / "draft"
            run_tool(
                "pg_dump",
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                "--lock-wait-timeout=60s",
                f"--file={dump}",
            )
            made = _pack(draft, dump)
            draft.rename(target)
    except OSError as error:
        raise BackupError(f"{target} could not be written: {error}. Nothing was left there.") from error
    return made


def _pack(draft: Path, dump: Path) -> Made:
    names = mail_files.stored_names()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            _add(archive, MANIFEST, json.dumps(_manifest(), indent=2).encode())
            archive.add(dump, DUMP)
            for name in names:
                with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                    _add(archive, MAIL + name, (Path(settings.MAIL_DIR) / name).read_bytes())
            files = _add_files(archive)
            key = own_secret_key()
            if key:
                _add(archive, SECRET_KEY, key.encode())
        file.flush()
        os.fsync(file.fileno())
        return Made(file.tell(), len(names), files, bool(key))


def _add_files(archive: tarfile.TarFile) -> int:
    """Add the attached files; return how many. They are there: bytes are written before their row, deleted after it."""
    place, added = storage(), 0
    if not isinstance(place, FileSystemStorage):
        return 0
    for name in stored_names():
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            archive.add(place.path(name), FILES + name, filter=_private)
            added += 1
    return added


def _private(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode, member.uid, member.gid, member.uname, member.gname = 0o600, 0, 0, "", ""
    return member


def _manifest() -> dict[str, Any]:
    return {
        "format": FORMAT,
        "ponder": settings.PONDER_VERSION,
        "made_at": datetime.now(UTC).isoformat(),
        "postgres": server_major(),
        "migrations": sorted(
            f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()
        ),
    }


def server_major() -> int:
    """Return the major version of the database's server, asked for once."""
    return int(connection.pg_version) // 10_000  # type: ignore[attr-defined]  # PostgreSQL's own


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, int(datetime.now(UTC).timestamp())
    archive.addfile(member, io.BytesIO(content))


def own_secret_key() -> str:
    """Return the key that lies in the data directory, if it is the one in use; else nothing."""
    path = settings.DATA_DIR / "secret_key"
    key = path.read_text().strip() if path.is_file() else ""
    return key if key == settings.SECRET_KEY else ""


def run_tool(program: str, *arguments: str) -> str:
    """Run one of PostgreSQL's own programs on the database of the settings; return its output. Raises BackupError."""
    # The password belongs on no command line.
    password = str(connection.settings_dict["PASSWORD"] or "")
    env = clean_env(os.environ) | ({"PGPASSWORD": password} if password else {})
    return run_program([program, *arguments, f"--dbname={connection_string(with_password=False)}"], env)


def run_program(command: Sequence[str], env: dict[str, str] | None = None) -> str:
    """Run a program of PostgreSQL; return its output. Raises BackupError with what it said."""
    try:
        path = client_program(command[0], server_major=server_major())
    except ProgramMissingError as error:
        raise BackupError(str(error)) from error
    done = subprocess.run([str(path), *command[1:]], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupError(f"{command[0]} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout
