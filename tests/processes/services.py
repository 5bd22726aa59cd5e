"""The tests' own PostgreSQL and Redis, and whole instances of Ponder: real processes in a temporary directory.

They die with the test run, however it ends, and leave no directory behind when it ends in order.
"""

import atexit
import contextlib
import dataclasses
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from reasoning_app.embedded import Services, running
from tests.processes import prepared

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
DEMO_WEIGHTS = tuple(sorted((ROOT / "demo_model" / "weights").glob("*.gguf")))
_STALE_S = 3600
_session: Services | None = None


def start_for_session() -> Services:
    """Start PostgreSQL with a migrated database and Redis once, and point Django's settings at them."""
    global _session  # noqa: PLW0603  # one per test run, by design
    if _session is None:
        _remove_stale()
        directory = Path(tempfile.mkdtemp(prefix="ponder-test-"))
        prepared.copy_into(directory)
        _session = start(directory)
        atexit.register(_stop_session, _session, directory, os.getpid())
    return _session


def start(directory: Path) -> Services:
    """Start PostgreSQL and Redis in a directory, and point Django's settings at them through the environment."""
    clean = plain_environment()
    started = Services(directory, env=clean, sync=False, role="the tests")
    started.start()
    for name in set(os.environ) - set(clean):
        del os.environ[name]
    os.environ.update({name: started.environ[name] for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR")})
    os.environ["PONDER_RUN_CODE"] = "False"
    os.environ["DJANGO_SETTINGS_MODULE"] = "reasoning_app.settings"
    os.environ["SECRET_KEY"] = "a key for tests, long enough and of no use elsewhere: 0123456789"
    return started


def _stop_session(services: Services, directory: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked child of the tests runs this too
        services.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _remove_stale() -> None:
    """Remove what runs that were killed left behind, an hour later."""
    for left in Path(tempfile.gettempdir()).glob("ponder-test-*"):
        with contextlib.suppress(FileNotFoundError):  # another run beside this one removes them, too
            if time.time() - left.stat().st_mtime > _STALE_S and not running(left):
                shutil.rmtree(left, ignore_errors=True)


# Whatever the developer's shell says of Ponder and of providers must not reach the tests.
_OURS = {
    "DATABASE_URL",
    "REDIS_URL",
    "DATA_DIR",
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "EMAIL_URL",
    "STATIC_ROOT",
}
_FOREIGN = re.compile(
    r"^(PG|PONDER_(?!NO_SKIP|PROOF|REDIS|PG_)|STRIPE_|DEMO_|DJANGO_|[A-Z0-9_]+_API_KEY|OPENAI_)"
)


def plain_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without any setting of Ponder's, plus `extra`."""
    kept = {
        name: value for name, value in os.environ.items() if name not in _OURS and not _FOREIGN.match(name)
    }
    # No worker of a test tests its sandbox, which takes seconds; the tests that need it turn it on.
    return kept | {"PYTHONUNBUFFERED": "1", "PONDER_RUN_CODE": "False"} | extra


def free_port() -> int:
    """Return a TCP port of the loopback interface on which nobody listens, and which nobody else is given.

    It stays bound while this process lives. A server may listen there all the same, if it sets SO_REUSEADDR, as servers
    do; the kernel gives it to no other process that asks for any port.
    """
    kept = socket.socket()
    kept.bind(("127.0.0.1", 0))
    # Not before: with it the kernel might choose a port that another run of the tests keeps.
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    atexit.register(kept.close)
    port: int = kept.getsockname()[1]
    return port


@dataclasses.dataclass(kw_only=True)
class Instance:
    """A whole Ponder, started by `manage.py up` as a user would start it."""

    process: subprocess.Popen[bytes]
    base_url: str
    data_dir: Path
    terminal: Path
    env: dict[str, str]

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self.terminal.read_text(errors="replace")

    @property
    def sign_in_link(self) -> str:
        """The one-time link it printed."""
        found = re.search(r"Sign in[^\n]*?(https?://\S+)", self.output)
        assert found, f"no sign-in link in:\n{self.output}"
        return found.group(1)

    def wait_for(self, pattern: str, timeout_s: float = 400) -> str:
        """Wait until the terminal shows a match of `pattern`, and return it."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.output):
                return found.group(0)
            assert self.process.poll() is None, f"it ended ({self.process.returncode}):\n{self.output}"
            time.sleep(0.05)
        raise AssertionError(f"no “{pattern}” within {timeout_s:.0f} s in:\n{self.output}")

    def wait_healthy(self, timeout_s: float = 400) -> float:
        """Wait until /healthz answers, and return after how many seconds it did."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            if answers(f"{self.base_url}/healthz"):
                return time.monotonic() - began
            assert self.process.poll() is None, f"it ended ({self.process.returncode}):\n{self.output}"
            time.sleep(0.05)
        raise AssertionError(f"/healthz does not answer within {timeout_s:.0f} s:\n{self.output}")

    def stop(self, number: int = signal.SIGINT, timeout_s: float = 180) -> int:
        """Stop it as Ctrl-C would, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout_s)


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def start_instance(data_dir: Path, *arguments: str, port: int | None = None, **extra: str) -> Instance:
    """Start `manage.py up` on a free port in `data_dir`; does not wait."""
    port = port or free_port()
    data_dir.mkdir(parents=True, exist_ok=True)
    terminal = data_dir.with_name(f"{data_dir.name}.terminal")
    env = plain_environment(**extra)
    command = [PYTHON, "manage.py", "up", "--port", str(port), "--data-dir", str(data_dir), *arguments]
    with terminal.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    return Instance(
        process=process, base_url=f"http://127.0.0.1:{port}", data_dir=data_dir, terminal=terminal, env=env
    )
