"""One child process of the supervisor: started through `spawn.py`, logged to a file, stopped with all its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reasoning_app.paths import BASE_DIR

_SPAWN = Path(__file__).with_name("spawn.py")
_LOG_LIMIT_BYTES = 20 * 1024 * 1024
_POLL_S = 0.02


def wait_until(
    condition: Callable[[], bool],
    timeout_s: float,
    check: Callable[[], None] = lambda: None,
    poll_s: float = _POLL_S,
) -> bool:
    """Wait until `condition` holds and return whether it did in time; `check` may raise to stop the wait."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        check()
        if time.monotonic() >= deadline:
            return False
        time.sleep(poll_s)
    return True


class Child:
    """A command that runs until it is stopped, and dies when the process that started it dies.

    Start children from the main thread only: Linux ties a child's life to the thread that started it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        stop_signal: int = signal.SIGTERM,
        death_signal: int = signal.SIGKILL,
        identity: str = "same",
        grace_s: float = 10.0,
        before_start: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.log = log
        self.stop_signal = stop_signal
        self.death_signal = death_signal
        self.identity = identity
        self.grace_s = grace_s
        self.before_start = before_start
        self.started_at = 0.0
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or None before the first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the command in a session of its own, so that Ctrl-C reaches only the supervisor."""
        self.before_start()
        trim_log(self.log)
        wrapper = [sys.executable, "-I", "-S", str(_SPAWN)]
        fate = [str(os.getpid()), str(int(self.death_signal)), self.identity]
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._log_start = os.fstat(descriptor).st_size
        try:
            self._process = subprocess.Popen(  # noqa: S603  # our own commands
                [*wrapper, *fate, *self.command],
                env={**self.env, "PONDER_PARENT_PID": str(os.getpid())},
                cwd=BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        self.started_at = time.monotonic()

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs (or before it was started)."""
        return self._process.poll() if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, timeout_s: float, *, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Wait for its end, and return whether it came in time and before `hurry` did."""
        wait_until(lambda: not self.alive or hurry(), timeout_s)
        return not self.alive

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Ask it to end, wait, then kill it and whatever it started. Return whether it ended by itself."""
        self.signal(self.stop_signal)
        by_itself = self.wait(self.grace_s, hurry=hurry)
        self.kill()
        return by_itself

    def kill(self) -> None:
        """Kill the process and every process of its session's group."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def last_lines(self, count: int = 5) -> str:
        """Return the end of what it logged since its last start, to show beside an error."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self._log_start, self.log.stat().st_size - 8192))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join([line for line in lines if line.strip()][-count:])


def trim_log(log: Path) -> None:
    """Keep a log file bounded: over 20 MB it becomes `NAME.log.1` and starts anew.

    The file is copied and emptied rather than renamed, because its writer keeps it open for appending.
    """
    try:
        if log.stat().st_size <= _LOG_LIMIT_BYTES:
            return
        log.with_name(log.name + ".1").write_bytes(log.read_bytes())
        os.truncate(log, 0)
    except OSError:
        return
