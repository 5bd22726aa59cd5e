"""PostgreSQL and Redis as `Services` runs them: started, stopped, found again after a crash."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import redis

from reasoning_app import paths
from reasoning_app.embedded import InUseError, Services, UpError, ensure, running
from reasoning_app.embedded.processes import working_in
from reasoning_app.embedded.stores.redis_server import answers_ping
from tests.processes.services import ROOT, plain_environment

# Starts services in a process of its own, says so, and waits to be killed.
_HOLDER = """
import sys, time
from pathlib import Path
from reasoning_app.embedded import Services
with Services(Path(sys.argv[1]), sync=False) as services:
    services.postgres.sql("CREATE TABLE IF NOT EXISTS kept (a int)")
    services.postgres.sql("INSERT INTO kept VALUES (1)")
    print(*[child.pid for child in services.children], flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="session")
def used_data_dir(tmp_path_factory):
    """A data directory after its first start; copying it is quicker than a first start."""
    directory = tmp_path_factory.mktemp("used") / "data"
    with fast(directory):
        pass
    return directory


@pytest.fixture
def data_dir(tmp_path, used_data_dir):
    """A data directory of its own; nothing works in it afterwards."""
    directory = tmp_path / "data"
    shutil.copytree(used_data_dir, directory)
    yield directory
    assert not running(directory)
    assert working_in(directory / "postgres-18") == []


def fast(data_dir, **more):
    """Return services that do not wait for the disk while they make their files."""
    return Services(data_dir, env=plain_environment(), sync=False, **more)


def hold(data_dir, **extra):
    """Start services in another process; return it and the pids of its children."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(data_dir)],
        cwd=ROOT,
        env=plain_environment(**extra),
        stdout=subprocess.PIPE,
        text=True,
    )
    pids = [int(pid) for pid in process.stdout.readline().split()]
    process.stdout.close()
    assert len(pids) == 2
    return process, pids


def wait_gone(pids, timeout_s=180):
    """Wait until none of the processes exists."""
    deadline = time.monotonic() + timeout_s
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, f"still there: {[p for p in pids if Path(f'/proc/{p}').exists()]}"
        time.sleep(0.02)


def test_services_keep_their_data_and_leave_nothing_running(data_dir):
    """What was written is there after the next start; the sockets are gone after a stop."""
    with fast(data_dir) as services:
        assert running(data_dir)
        services.postgres.sql("CREATE TABLE kept (a int)")
    assert list(paths.run_dir(data_dir).iterdir()) == []
    with fast(data_dir) as services:
        assert services.postgres.sql("SELECT count(*) FROM kept") == "0"


def test_only_the_owner_may_enter(data_dir):
    """The data directory, its sockets and its logs are for their owner alone."""
    data_dir.chmod(0o755)
    with fast(data_dir) as services:
        for directory in (data_dir, services.run_dir, services.logs):
            assert directory.stat().st_mode & 0o777 == 0o700
        assert (services.run_dir / "redis.sock").stat().st_mode & 0o777 == 0o600
        assert {path.stat().st_mode & 0o777 for path in services.logs.iterdir()} == {0o600}


def test_redis_never_forgets_a_message_by_itself(data_dir):
    """Redis is told to refuse rather than drop when memory is short, and to write nothing."""
    with fast(data_dir) as services:
        client = redis.Redis(unix_socket_path=str(services.run_dir / "redis.sock"))
        if services.redis.program:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("save") == {"save": ""}
        client.close()


def test_stand_in_redis_serves_a_queue_and_a_script(data_dir, monkeypatch):
    """Without a Redis the stand-in answers what Celery and the rate limits ask."""
    monkeypatch.setenv("PONDER_REDIS", "fake")
    with fast(data_dir) as services:
        assert services.redis.program is None
        client = redis.Redis(unix_socket_path=str(services.run_dir / "redis.sock"))
        client.lpush("queue", "bell")
        assert client.brpop("queue", timeout=1) == (b"queue", b"bell")
        assert client.eval("return ARGV[1]", 0, "x") == b"x"
        client.close()
        assert (services.run_dir / "redis.sock").stat().st_mode & 0o777 == 0o600


def test_second_owner_is_refused_by_name(data_dir):
    """The refusal names the process that owns the directory, and nothing of it is disturbed."""
    with fast(data_dir, role="the first") as services:
        services.lock.note(address="http://127.0.0.1:9")
        with pytest.raises(InUseError, match=rf"the first \(process {os.getpid()}\), at http://127.0.0.1:9"):
            fast(data_dir).start()
        assert answers_ping(services.run_dir / "redis.sock")
    assert InUseError.exit_code == 2


@pytest.mark.parametrize("guard", ["", "1"])
def test_children_die_with_a_killed_owner(data_dir, guard):
    """After kill -9 of the owner its services end by themselves, and the next start has what was committed."""
    process, pids = hold(data_dir, PONDER_GUARD=guard)
    process.kill()
    process.wait()
    wait_gone(pids)
    with fast(data_dir) as services:
        assert services.postgres.sql("SELECT count(*) FROM kept") == "1"


def test_start_works_after_everything_was_killed(data_dir):
    """After kill -9 of the owner and of PostgreSQL the pid file and sockets that stay behind do no harm."""
    process, pids = hold(data_dir)
    for pid in [*pids, process.pid]:
        os.kill(pid, signal.SIGKILL)
    process.wait()
    assert (data_dir / "postgres-18" / "postmaster.pid").exists()
    with fast(data_dir) as services:
        assert services.postgres.sql("SELECT count(*) FROM kept") == "1"


def test_pid_file_that_names_a_living_stranger_is_not_believed(data_dir):
    """A pid file of a crash may name a process that has nothing to do with PostgreSQL: it is neither obeyed nor hurt."""
    with fast(data_dir):
        pass
    stranger = subprocess.Popen(["sleep", "60"])
    (data_dir / "postgres-18" / "postmaster.pid").write_text(f"{stranger.pid}\n{data_dir}/postgres-18\n")
    with fast(data_dir) as services:
        assert services.postgres.sql("SELECT 1") == "1"
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_half_made_cluster_is_made_again(tmp_path):
    """A first start that was killed in the middle leaves nothing that a second could take for a cluster."""
    data_dir = tmp_path / "data"
    (data_dir / "postgres-18.new1").mkdir(parents=True)
    (data_dir / "postgres-18").mkdir()
    (data_dir / "postgres-18" / "someone's file").touch()
    with fast(data_dir) as services:
        assert services.postgres.sql("SELECT 1") == "1"
    assert not (data_dir / "postgres-18.new1").exists()
    assert [path.name for path in next(data_dir.glob("postgres-18.broken*")).iterdir()] == ["someone's file"]


@pytest.mark.parametrize("name", ["long" * 20, "50% off, “a+b” & c=d?"])
def test_long_or_odd_path_of_the_data_directory(tmp_path, used_data_dir, name):
    """A path too long for a socket, or with signs that mean something in addresses, works."""
    data_dir = tmp_path / name
    shutil.copytree(used_data_dir, data_dir)
    with fast(data_dir) as services:
        assert services.run_dir.parent == Path(tempfile.gettempdir())
        assert services.postgres.sql("SELECT 1") == "1"
        assert answers_ping(services.run_dir / "redis.sock")
    shutil.rmtree(services.run_dir)


def test_ordinary_user_runs_postgresql_as_itself(data_dir):
    """A user without any rights of root starts and stops the services."""
    command = [sys.executable, "-c", _HOLDER.replace("time.sleep(600)", ""), str(data_dir)]
    if os.geteuid() == 0:
        command = ["unshare", "--user", "--map-user=1234", "--map-group=1234", *command]
    done = subprocess.run(
        command, cwd=ROOT, env=plain_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")
def test_root_without_user_namespaces_runs_postgresql_as_nobody(tmp_path):
    """Where root may not make a user namespace (in many containers), PostgreSQL runs as nobody."""
    data_dir = tmp_path / "data"
    done = subprocess.run(
        [sys.executable, "-c", _HOLDER.replace("time.sleep(600)", ""), str(data_dir)],
        cwd=ROOT,
        env=plain_environment(PONDER_PG_IDENTITY="nobody"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (data_dir / "postgres-18").stat().st_uid == 65534


def test_postgresql_that_cannot_start_says_why(data_dir):
    """A cluster with a broken configuration is reported with PostgreSQL's own words."""
    with fast(data_dir):
        pass
    (data_dir / "postgres-18" / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(UpError, match=r'PostgreSQL did not start(.|\n)*"nonsense"'):
        fast(data_dir).start()


def test_ensure_starts_what_is_missing_and_joins_what_runs(data_dir, monkeypatch):
    """A single command brings its own services, or uses those that another process runs."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    with ensure(data_dir, models=False, role="manage.py solve"):
        assert running(data_dir)
        with ensure(data_dir, models=False):
            assert answers_ping(paths.run_dir(data_dir) / "redis.sock")
        with pytest.raises(InUseError, match=r"manage\.py solve"):
            fast(data_dir).start()
    assert not running(data_dir)
