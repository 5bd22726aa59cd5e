"""Restoring a backup: into an empty database, or in place of what is there; whole or not at all."""

import json
import re
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import psycopg
from django.conf import settings
from django.core.files import File
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from files.store import storage
from jobs.core.database import connection_string
from jobs.mail import eml_backend as mail_files
from jobs.upkeep.after_restore import free_held_jobs
from reasoning_app.backups.backup import (
    DUMP,
    FILES,
    FORMAT,
    MAIL,
    MANIFEST,
    SECRET_KEY,
    BackupError,
    own_secret_key,
    run_program,
    run_tool,
)

# The schema is there already; a dump of a database that was restored itself would make it once more.
_SCHEMA_LINE = re.compile(r"^\d+; \d+ \d+ (SCHEMA - public|COMMENT - SCHEMA public|ACL - SCHEMA public)\b")
# As files/store.py names them: no path leads out of the storage.
_FILE_NAME = re.compile(r"[0-9a-f-]{36}/[0-9a-f-]{36}(\.[0-9]{1,2})?")
_KEPT = "before_restore"
_PATIENCE_S = 3.0


class Restored(NamedTuple):
    """What came back."""

    made_at: str
    mails: int
    jobs_to_continue: int


def restore_backup(source: Path, *, replace: bool) -> Restored:
    """Restore database and files. Raises BackupError; then the database is what it was before.

    1. Nothing is touched until the backup is known to fit this version, and nobody else uses the database.
    2. What was there stays aside until everything is in place.
    3. Tables are brought up to date; old leases end, and calls that were in flight are in doubt.
    """
    try:
        archive = tarfile.open(source)  # noqa: SIM115  (closed below)
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"{source} is not a backup of Ponder, or cannot be read: {error}") from error
    with archive, tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.DATA_DIR) as directory:
        manifest = _manifest_of(archive, source)
        dump = Path(directory) / DUMP
        with dump.open("wb") as whole:
            shutil.copyfileobj(_open(archive, DUMP), whole)
        wanted = Path(directory) / "wanted"
        lines = run_program(["pg_restore", "--list", str(dump)]).splitlines(keepends=True)
        wanted.write_text("".join(line for line in lines if not _SCHEMA_LINE.match(line)))
        with _emptied(manifest, replace=replace):
            run_tool(
                "pg_restore",
                "--single-transaction",
                "--exit-on-error",
                "--no-owner",
                "--no-privileges",
                f"--use-list={wanted}",
                str(dump),
            )
            call_command("migrate", interactive=False, verbosity=0)
            jobs = _free_held_jobs()
        mails = _restore_files(archive)
    return Restored(manifest["made_at"], mails, jobs)


def _manifest_of(archive: tarfile.TarFile, source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(_read(archive, MANIFEST))
    except (KeyError, ValueError) as error:
        raise BackupError(f"{source} is not a backup of Ponder: it has no {MANIFEST}.") from error
    if manifest["format"] != FORMAT:
        raise BackupError(
            f"{source} has format {manifest['format']}, this version reads format {FORMAT}. Restore it with the version "
            "that wrote it."
        )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown := sorted(set(manifest["migrations"]) - known):
        raise BackupError(
            f"{source} is from a newer version ({manifest.get('ponder', 'version unknown')}): this version does not "
            f"know {', '.join(unknown[:3])}"
            f"{' and others' if len(unknown) > 3 else ''}. Update Ponder, then restore."
        )
    return manifest


def _open(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    return _open(archive, name).read()


@contextmanager
def _emptied(manifest: dict[str, Any], *, replace: bool) -> Iterator[None]:
    """Move the tables that are there aside for the block: dropped after it, put back where it fails."""
    _let_go()
    with psycopg.connect(connection_string(), autocommit=True) as own:
        _refuse(own, manifest, replace=replace)
        own.execute(f"DROP SCHEMA IF EXISTS {_KEPT} CASCADE")
        own.execute(f"ALTER SCHEMA public RENAME TO {_KEPT}")
        own.execute("CREATE SCHEMA public")
        try:
            yield
        except BaseException:
            _let_go()
            own.execute("DROP SCHEMA public CASCADE")
            own.execute(f"ALTER SCHEMA {_KEPT} RENAME TO public")
            raise
        own.execute(f"DROP SCHEMA {_KEPT} CASCADE")


def _let_go() -> None:
    """Close every connection of Django's: the names of what it prepared are about to mean something else."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own


def _refuse(own: "psycopg.Connection[Any]", manifest: dict[str, Any], *, replace: bool) -> None:
    server = own.info.server_version // 10_000
    if server < manifest["postgres"]:
        raise BackupError(
            f"The backup is of PostgreSQL {manifest['postgres']}, this server is {server}. Restore into "
            f"{manifest['postgres']} or newer."
        )
    # Connections that were just closed, such as our own, are seen for some milliseconds more.
    patience_ends = time.monotonic() + _PATIENCE_S
    while others := _others(own):
        if time.monotonic() > patience_ends:
            raise BackupError(
                f"{others} connections are using the database. Stop web, workers and clock first, then restore."
            )
        time.sleep(0.1)
    tables = own.execute("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')").fetchone()
    assert tables is not None, "EXISTS returns a row"
    if tables[0] and not replace:
        raise BackupError(
            "The database is not empty. Restore into an empty one, or use --replace to permanently replace its contents."
        )


def _others(own: "psycopg.Connection[Any]") -> int:
    """Return how many others are connected to the database."""
    row = own.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    ).fetchone()
    assert row is not None, "count() returns a row"
    return int(row[0])


def _free_held_jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    jobs = free_held_jobs()
    _let_go()
    return jobs


def _restore_files(archive: tarfile.TarFile) -> int:
    """Write the emails, the attached files that are missing, and the secret key where this installation has its own.

    Return how many emails.
    """
    directory = Path(settings.MAIL_DIR)
    mails = 0
    for name in archive.getnames():
        mail = name.removeprefix(MAIL)
        if (
            (file := name.removeprefix(FILES)) != name
            and _FILE_NAME.fullmatch(file)
            and not storage().exists(file)
        ):
            storage().save(file, File(_open(archive, name)))
        if mail != name and mail_files.is_stored_name(mail):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            (directory / mail).write_bytes(_read(archive, name))
            mails += 1
    # With another key, sessions and the unsubscribe links of old emails would end.
    if SECRET_KEY in archive.getnames() and own_secret_key():
        path = settings.DATA_DIR / "secret_key"
        path.touch(mode=0o600)
        path.write_bytes(_read(archive, SECRET_KEY))
    return mails
