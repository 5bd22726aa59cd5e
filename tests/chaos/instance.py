"""A whole Ponder of real processes that chaos may hit: PostgreSQL, Redis, workers and Beat."""

import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reasoning_app.embedded import Services, commands
from reasoning_app.embedded.child import Child
from tests.processes import prepared
from tests.processes.services import plain_environment
from tests.processes.zygote import Forked, Zygote


class Instance:
    """One instance in a directory of its own; `settings` are environment variables for all its processes."""

    def __init__(self, *, workers: int, disk_mb: int = 0, settings: dict[str, str]) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ponder-chaos-"))
        self.disk_mb = disk_mb
        data = self.directory / "data"
        data.mkdir()
        if disk_mb:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={disk_mb}m,mode=0700", "ponder-chaos", str(data)]
            subprocess.run(mount, check=True)
        prepared.copy_into(data)
        self._services = Services(data, env=plain_environment(), role="chaos")
        self._services.start()
        self._clock, self._clock_library = self.directory / "clock", self._build_clock()
        self.set_clock(0)
        self.env = self._services.environ | settings | {"DJANGO_SETTINGS_MODULE": "reasoning_app.settings"}
        self.env["PATH"] = os.environ["PATH"]
        self._zygote = Zygote(self.env | self._false_clock())
        self.workers: list[Forked] = []
        for _ in range(workers):
            self.workers.append(self._start_worker())
        self.beat = self._start_beat()

    # Processes ------------------------------------------------------------------------------------------------

    def _start_worker(self) -> Forked:
        argv = [*commands.worker()[2:-1], "WARNING"]
        return self._zygote.start(argv, env=self.env | self._false_clock(), log=self.directory / "worker.log")

    def _start_beat(self) -> Forked:
        argv = commands.beat()[2:]
        return self._zygote.start(argv, env=self.env | self._false_clock(), log=self.directory / "beat.log")

    def replace_worker(self, index: int) -> None:
        """Start a worker in the place of one that ended or is ending."""
        self.workers[index] = self._start_worker()

    def replace_beat(self) -> None:
        """Kill Beat and start another."""
        self.beat.kill()
        self.beat.wait(30)
        self.beat = self._start_beat()

    def tend(self) -> list[int]:
        """Start whatever ended by itself; return the exit statuses of such workers."""
        ended = []
        for index, worker in enumerate(self.workers):
            status = worker.poll()
            if status is not None:
                ended.append(status)
                self.replace_worker(index)
        if self.beat.poll() is not None:
            self.beat = self._start_beat()
        return ended

    def _service(self, name: str) -> Child:
        return next(child for child in self._services.children if child.name == name)

    def restart_redis(self) -> None:
        """Kill Redis and start it empty."""
        child, redis = self._service("redis"), self._services.redis
        assert redis is not None
        child.kill()
        child.start()
        redis.wait_ready(child)

    def restart_postgres(self) -> float:
        """Stop PostgreSQL immediately, as `pg_ctl stop -m immediate`, start it again; return the seconds it was away."""
        child, postgres = self._service("postgres"), self._services.postgres
        assert postgres is not None
        began = time.monotonic()
        child.signal(signal.SIGQUIT)
        child.wait(30)
        child.kill()
        child.start()
        postgres.wait_ready(child)
        return time.monotonic() - began

    def ensure_postgres(self) -> None:
        """Start PostgreSQL again if it ended by itself, as the supervisor does."""
        child, postgres = self._service("postgres"), self._services.postgres
        assert postgres is not None
        if not child.alive:
            child.kill()
            child.start()
            postgres.wait_ready(child)

    # The world ------------------------------------------------------------------------------------------------

    def _build_clock(self) -> Path | None:
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        library = self.directory / "clock.so"
        source = Path(__file__).with_name("clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source], check=True)
        return library

    def _false_clock(self) -> dict[str, str]:
        """Return the environment under which a process reads its wall clock through clock.c."""
        if not self._clock_library:
            return {}
        return {"LD_PRELOAD": str(self._clock_library), "CHAOS_CLOCK": str(self._clock)}

    def set_clock(self, offset_s: int) -> bool:
        """Let the wall clock of workers and Beat jump to `offset_s` from the true time. False: impossible here."""
        with self._clock.open("r+b" if self._clock.exists() else "wb") as file:
            file.write(struct.pack("q", offset_s))
        return bool(self._clock_library)

    def fill_disk(self) -> Path:
        """Take all room that is left on the instance's disk."""
        hog = self._services.data_dir / "hog"
        with hog.open("wb") as file:
            try:
                while True:
                    file.write(b"\0" * 2**23)
                    file.flush()
            except OSError:
                return hog

    def close(self) -> None:
        """End everything and leave nothing."""
        for process in (*self.workers, self.beat):
            process.kill()
        self._zygote.close()
        self._services.stop()
        if self.disk_mb:
            subprocess.run(["umount", "-l", str(self.directory / "data")], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def tail(self, lines: int = 30) -> str:
        """Return the end of the workers' log, for a report of something stuck."""
        log = self.directory / "worker.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


assert sys.platform.startswith("linux"), (
    "chaos needs Linux: it forks, stops and fakes the time of real processes"
)
