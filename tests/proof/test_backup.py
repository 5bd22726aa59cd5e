"""A backup is made while workers work; restored elsewhere, the books balance and other workers go on with the jobs."""

import io
import json
import os
import subprocess
import tarfile
import uuid
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from reasoning_app.backups import restore
from reasoning_app.backups.backup import BackupError
from solver.core.money import NANO_PER_CENT
from tests.jobs.conftest import undecided
from tests.jobs.workers import Worker
from tests.processes.zygote import shared
from tests.support.endpoint import Answer, Call
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "ponder_restored"
TOLD = "SELECT job_id, key, seq, charged_nano FROM jobs_steprecord WHERE state = 'told' AND charged_nano > 0"


def url_of(database: str) -> str:
    parameters = connection.get_connection_params()
    return f"postgresql://{parameters['user']}@/{database}?host={parameters['host']}"


def ask(sql: str, database: str = OTHER) -> list[tuple]:
    """Return the rows of a query; nobody stays connected."""
    with psycopg.connect(url_of(database), autocommit=True) as looked:
        cursor = looked.execute(sql)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def other():
    """An empty database beside that of the tests."""
    ask(f"CREATE DATABASE {OTHER}", "postgres")
    yield OTHER
    ask(f"DROP DATABASE {OTHER} WITH (FORCE)", "postgres")


@pytest.fixture
def workers(tmp_path, endpoint, alice):
    started: list[Worker] = []

    def start(**env: str) -> Worker:
        started.append(Worker(tmp_path / f"worker-{len(started)}.log", PONDER_CALLS_PER_JOB="4", **env))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def manage(data_dir: Path, database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"DATABASE_URL": url_of(database), "DATA_DIR": str(data_dir)}
    env.pop("SECRET_KEY", None)
    return shared().run(["manage", *arguments], env=env)


def test_jobs_go_on_from_a_backup_that_was_made_while_they_ran(
    alice, workspace, endpoint, workers, other, tmp_path
):
    """No earlier lease blocks, what was in flight is in doubt, and nothing that was settled is bought again."""
    settled, hangs = 40, True

    def behave(call: Call) -> Answer:
        return replace(undecided(call), delay_s=3600 if hangs and call.number >= settled else 0.02)

    endpoint.behaviour = behave
    for number in range(3):
        submit_for(alice, f"Undecidable {number}?", budget_nano=4 * NANO_PER_CENT, strategy="vote")
    first = workers()
    first.wait_for(lambda: len(ask(TOLD, connection.settings_dict["NAME"])) == settled)
    first.wait_for(lambda: endpoint.in_flight == 12)
    old, new, file = tmp_path / "old", tmp_path / "new", tmp_path / "backup.tar"
    (old / "mail").mkdir(parents=True)
    (old / "mail" / "20261125T120000Z-0123456789abcdef.eml").write_text("Subject: kept\n\nkept")
    attached = Path("files", str(uuid.uuid4()), str(uuid.uuid4()))
    (old / attached).parent.mkdir(parents=True)
    (old / attached).write_bytes(b"attached")
    made = manage(old, connection.settings_dict["NAME"], "backup", str(file))
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o077 == 0
    first.kill()
    hangs = False

    restored = manage(new, OTHER, "restore", str(file))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "3 jobs were running then" in restored.stdout
    assert "0 violations" in restored.stdout
    assert (new / "mail" / "20261125T120000Z-0123456789abcdef.eml").exists()
    assert (new / attached).read_bytes() == b"attached"
    assert (new / "secret_key").read_text() == (old / "secret_key").read_text()
    states = dict(ask("SELECT state, count(*) FROM billing_call GROUP BY state"))
    assert states == {"settled": settled, "in_doubt": 12}
    before = set(ask(TOLD))
    assert len(before) == settled
    with psycopg.connect(url_of(OTHER)):
        again = manage(new, OTHER, "restore", str(file), "--replace")
    assert again.returncode == 1
    assert "connections are using the database" in again.stderr

    bought_before = len(endpoint.calls)
    rows_before = len(ask("SELECT id FROM billing_call"))
    second = workers(DATABASE_URL=url_of(OTHER), DATA_DIR=str(new))
    second.wait_for(lambda: ask("SELECT DISTINCT state FROM jobs_job") == [("exhausted",)])
    second.terminate()
    told = ask(TOLD)
    assert before < set(told)
    assert len({(job, key) for job, key, *_ in told}) == len(told)
    # Every call of the new execution has its row, and none of them is for a step that was told before.
    rows = len(ask("SELECT id FROM billing_call"))
    assert len(endpoint.calls) - bought_before <= rows - rows_before
    audit = manage(new, OTHER, "audit", "--json")
    assert (audit.returncode, json.loads(audit.stdout)["violations"]) == (0, [])


def test_a_database_is_not_replaced_by_mistake(alice, other, tmp_path):
    """What is there stays unless one says --replace, and comes back whole where a restore fails midway."""
    file, new = tmp_path / "backup.tar", tmp_path / "new"
    assert manage(new, connection.settings_dict["NAME"], "backup", str(file)).returncode == 0
    ask("CREATE TABLE precious AS SELECT 7 AS n")
    refused = manage(new, OTHER, "restore", str(file))
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    _spoil(file, tmp_path / "spoilt.tar")
    failed = manage(new, OTHER, "restore", str(tmp_path / "spoilt.tar"), "--replace")
    assert failed.returncode == 1
    assert ask("SELECT n FROM precious") == [(7,)]
    replaced = manage(new, OTHER, "restore", str(file), "--replace")
    assert replaced.returncode == 0, replaced.stderr
    assert ask("SELECT to_regclass('precious'), count(*) FROM accounts_user") == [(None, 1)]


def _spoil(source: Path, target: Path) -> None:
    """Copy a backup with the last part of its dump cut off."""
    with tarfile.open(source) as whole, tarfile.open(target, "w") as cut:
        for member in whole.getmembers():
            content = whole.extractfile(member).read()
            content = content[: -len(content) // 4] if member.name == "database.dump" else content
            member.size = len(content)
            cut.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(("changes", "words"), [
    ({"migrations": ["jobs.9999_from_the_future"]}, "is from a newer version"),
    ({"format": 2}, "format 2, this version reads format 1"),
])  # fmt: skip
def test_a_backup_of_another_version_is_refused_before_anything_is_touched(tmp_path, changes, words):
    """The message says which version is needed."""
    file = tmp_path / "backup.tar"
    manifest = {"format": 1, "made_at": "2026-11-25", "postgres": 18, "migrations": []} | changes
    with tarfile.open(file, "w") as archive:
        content = json.dumps(manifest).encode()
        member = tarfile.TarInfo("manifest.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    with pytest.raises(BackupError, match=words):
        restore.restore_backup(file, replace=True)


def test_a_file_that_is_no_backup_is_refused(tmp_path):
    """Whatever is handed in, the message is one sentence."""
    (tmp_path / "notes.txt").write_text("no tar")
    with pytest.raises(BackupError, match="is not a backup of Ponder"):
        restore.restore_backup(tmp_path / "notes.txt", replace=True)
