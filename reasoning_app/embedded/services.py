"""PostgreSQL, Redis and this machine's models as a unit: what `manage.py up`, the tests and single commands start.

with Services(data_dir, models=True) as services:
    ...  # services.environ holds DATABASE_URL, REDIS_URL and the demo models' addresses
"""

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

from reasoning_app import paths
from reasoning_app.embedded import checks, commands, demo
from reasoning_app.embedded.child import Child, wait_until
from reasoning_app.embedded.errors import UpError
from reasoning_app.embedded.lock import LauncherLock, holder, running
from reasoning_app.embedded.stores.postgres import Postgres, clean_env
from reasoning_app.embedded.stores.redis_server import Redis

_JOIN_TIMEOUT_S = 120.0
_DEMO_TIMEOUT_S = 60.0


def _nothing(*_: object) -> None:
    """Do nothing: the default for messages and checks."""


class Services:
    """The services of one data directory, owned by this process while the lock is held.

    A service whose address the environment already holds (DATABASE_URL, REDIS_URL) is used, not started.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        redis: bool = True,
        models: bool = False,
        env: Mapping[str, str] | None = None,
        role: str = "another command",
        sync: bool = True,
        redis_later: bool = False,
        say: Callable[[str, str, float], None] = _nothing,
        check: Callable[[], None] = _nothing,
    ) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.environ = dict(os.environ if env is None else env) | {"DATA_DIR": str(self.data_dir)}
        self.lock = LauncherLock(self.data_dir)
        self.children: list[Child] = []
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self.run_dir = paths.run_dir(self.data_dir)
        self.first = False
        self._wants_redis = redis
        self._wants_models = models
        self._redis_later = redis_later
        self._redis_child: Child | None = None
        self._role = role
        self._sync = sync
        self._say = say
        self._check = check

    @property
    def logs(self) -> Path:
        """The directory of the log files."""
        return self.data_dir / "logs"

    def start(self) -> None:
        """Take the lock and start what is missing; on any failure nothing is left running."""
        self.run_dir = checks.prepare_directories(self.data_dir)
        self.lock.acquire(role=self._role)
        try:
            self.first = not (self.data_dir / "postgres-18").exists()
            checks.check_room(self.data_dir, first=self.first)
            self._start_stores()
            if not self._redis_later:
                self.wait_redis()
            if self._wants_models:
                self.start_models()
                self.wait_models()
        except BaseException:
            self.stop()
            raise

    def _start_stores(self) -> None:
        """Start Redis and PostgreSQL side by side, and wait for PostgreSQL."""
        began = time.monotonic()
        if self._wants_redis and not self.environ.get("REDIS_URL"):
            self._redis_child = self._start_redis()
        if not self.environ.get("DATABASE_URL"):
            self.environ = clean_env(self.environ) | {
                "DATABASE_URL": paths.default_database_url(self.data_dir)
            }
            self.postgres = Postgres(
                self.data_dir, self.run_dir, self.logs, self.environ, self._check, sync=self._sync
            )
            child = self._launch(self.postgres.child())
            self.postgres.wait_ready(child)
            self._say("PostgreSQL", "ready", time.monotonic() - began)
        else:
            self._say("PostgreSQL", "the server named by DATABASE_URL", 0)

    def wait_redis(self) -> None:
        """Wait until Redis answers; `start` does, unless it is told that its caller will (`redis_later`)."""
        if self._redis_child is not None and self.redis is not None:
            self.redis.wait_ready(self._redis_child)
            note = (
                "ready"
                if self.redis.program
                else "ready (a stand-in: no redis-server or valkey-server found)"
            )
            self._say("Redis", note, time.monotonic() - self._redis_child.started_at)
        elif self._wants_redis:
            self._say("Redis", "the server named by REDIS_URL", 0)

    def _start_redis(self) -> Child:
        self.redis = Redis(self.data_dir, self.run_dir, self.logs, self.environ, self._check)
        child = self._launch(self.redis.child())
        self.environ["REDIS_URL"] = paths.default_redis_url(self.data_dir)
        return child

    def start_models(self) -> None:
        """Start the servers of this machine's models that the environment asks for, without waiting for them."""
        if demo.wants_demo_model(self.environ):
            self.start_demo()
        self._start_local()

    def name_demo_addresses(self) -> None:
        """Put the demo model's addresses into the environment of the children to come."""
        for model, address in demo.addresses(self.run_dir, self.environ).items():
            self.environ[demo.url_variable(model)] = address

    def start_demo(self) -> None:
        """Start the demo model's servers, without waiting for them."""
        self.name_demo_addresses()
        for model in demo.trained():
            path = demo.socket_path(self.environ[demo.url_variable(model)])
            if path:
                self._launch(self._demo_child(model, path))

    def _demo_child(self, model: str, path: Path) -> Child:
        return Child(
            f"demo-{model}",
            commands.demo(model, ["--socket", str(path)]),
            env=self.environ,
            log=self.logs / f"demo-{model}.log",
            before_start=lambda: path.unlink(missing_ok=True),
        )

    def _start_local(self) -> None:
        """Start the server of the files of PONDER_GGUF, if there are any; it loads none of them yet."""
        files, path = demo.local_files(self.environ), demo.socket_path(self.local_address)
        if not files or not path:
            return
        context = self.environ.get(demo.LOCAL_CONTEXT)
        more = {"context": context} if context else {}
        self._launch(
            Child(
                "local",
                commands.local(files, ["--socket", str(path)], **more),
                env=self.environ,
                log=self.logs / "local.log",
                before_start=lambda: path.unlink(missing_ok=True),
            )
        )

    @property
    def local_address(self) -> str:
        """Where the models of PONDER_GGUF listen."""
        return demo.local_address(self.run_dir, self.environ)

    def wait_models(self) -> None:
        """Wait until the servers of the demo models and of PONDER_GGUF answer."""
        for child in [child for child in self.children if child.name.startswith(("demo-", "local"))]:
            model = child.name.removeprefix("demo-")
            address = self.local_address if model == "local" else self.environ[demo.url_variable(model)]
            ready = wait_until(
                lambda a=address, c=child: demo.is_ready(a) or not c.alive,  # type: ignore[misc]
                _DEMO_TIMEOUT_S,
                self._check,
            )
            if not ready or not child.alive:
                raise UpError(
                    f"{child.name} did not start. Its last output ({child.log}):\n{child.last_lines()}"
                )

    def _launch(self, child: Child) -> Child:
        child.start()
        self.children.append(child)
        return child

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Stop everything, PostgreSQL last, and give the lock back."""
        for child in sorted(self.children, key=lambda child: child.name == "postgres"):
            child.stop(hurry=hurry if child.name != "postgres" else lambda: False)
        self.children.clear()
        for leftover in self.run_dir.glob("*.sock"):
            leftover.unlink(missing_ok=True)
        self.lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextlib.contextmanager
def ensure(data_dir: Path, *, models: bool = True, role: str = "manage.py") -> Iterator[dict[str, str]]:
    """Join the services running on a data directory, or run them for the duration of the block.

    Yields an environment with their addresses, for child processes; this process's settings hold them already.
    """
    data_dir = data_dir.expanduser().resolve()
    checks.prepare_directories(data_dir)
    with _registered_user(data_dir) as wait_for_others:
        if running(data_dir):
            yield _join(data_dir)
            return
        services = Services(data_dir, models=models, role=role)
        with services:
            services.lock.note(ready=True)
            try:
                yield services.environ
            finally:
                wait_for_others()


def _join(data_dir: Path) -> dict[str, str]:
    """Wait until the launcher that owns the directory says that its services are ready."""
    if not wait_until(lambda: bool(holder(data_dir).get("ready")) or not running(data_dir), _JOIN_TIMEOUT_S):
        raise UpError(
            f"The services of {data_dir} are not ready after {_JOIN_TIMEOUT_S:.0f} s; see {data_dir}/logs."
        )
    if not running(data_dir):
        raise UpError(f"The services of {data_dir} ended while this command was starting. Start it again.")
    return dict(os.environ)


@contextlib.contextmanager
def _registered_user(data_dir: Path) -> Iterator[Callable[[], None]]:
    """Mark this process as a user of the services; yields what their owner calls to wait for the other users."""
    descriptor = os.open(data_dir / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)

        def wait_for_others() -> None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Another command still uses these services; waiting for it to end.", file=sys.stderr)  # noqa: T201
                fcntl.flock(descriptor, fcntl.LOCK_EX)

        yield wait_for_others
    finally:
        os.close(descriptor)
