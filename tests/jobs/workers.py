"""Real Celery workers on the test database, started and killed as an operator's machine would."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from reasoning_app.embedded import commands
from tests.processes.zygote import shared


class Worker:
    """One `celery worker` process. Its log goes to a file, shown when a wait fails."""

    def __init__(self, log: Path, **env: str) -> None:
        parameters = connection.get_connection_params()
        url = f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"
        self.log = log
        # `python -m celery …`, from a process that has imported what takes seconds.
        command = commands.worker()[2:-1]
        self.process = shared().start(
            [*command, "WARNING"],
            env=os.environ | {"DATABASE_URL": url, "PONDER_LEASE_S": "12"} | env,
            log=log,
        )

    def wait_for(self, condition: Callable[[], object], timeout_s: float = 400) -> None:
        """Wait until `condition()` is true. Fails at once where the worker ends before."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            status = self.process.poll()
            assert status is None, f"the worker ended ({status}); it said:\n{self._last_words()}"
            assert time.monotonic() < deadline, (
                f"not within {timeout_s} s; the worker says:\n{self._last_words()}"
            )
            time.sleep(0.05)

    def _last_words(self) -> str:
        return self.log.read_text()[-4000:]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(180)

    def terminate(self) -> int:
        """End it as a deploy would, and return its exit status."""
        self.process.terminate()
        return self.process.wait(300)

    def peak_mb(self) -> float:
        """Return the most memory it ever had, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024

    def open_files(self) -> int:
        """Return how many file descriptors it holds."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))
