"""The embedded Redis: `redis-server` or `valkey-server` where the system has one, else a stand-in written in Python."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from reasoning_app.embedded.child import Child, wait_until
from reasoning_app.embedded.errors import UpError

_START_TIMEOUT_S = 30.0


def program() -> str | None:
    """Return the server's program, or None where the stand-in must do (or PONDER_REDIS=fake asks for it)."""
    if os.environ.get("PONDER_REDIS") == "fake":
        return None
    return shutil.which("redis-server") or shutil.which("valkey-server")


class Redis:
    """One Redis without a port and without a disk: only a unix socket that nobody else may open."""

    def __init__(
        self, data_dir: Path, run_dir: Path, logs: Path, env: Mapping[str, str], check: Callable[[], None]
    ) -> None:
        self.socket_path = run_dir / "redis.sock"
        self.data_dir = data_dir
        self.log = logs / "redis.log"
        self.env = dict(env)
        self.check = check
        self.program = program()

    def child(self) -> Child:
        """Return the server's process, not yet started."""
        if self.program is None:
            command = [
                sys.executable,
                "-m",
                "reasoning_app.embedded.stores.fake_redis",
                str(self.socket_path),
            ]
        else:
            command = [
                self.program, "--port", "0", "--unixsocket", str(self.socket_path), "--unixsocketperm", "600",
                "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction",
                "--dir", str(self.data_dir), "--daemonize", "no", "--loglevel", "warning",
            ]  # fmt: skip
        return Child(
            "redis", command, env=self.env, log=self.log, grace_s=5, before_start=self._remove_stale_socket
        )

    def _remove_stale_socket(self) -> None:
        self.socket_path.unlink(missing_ok=True)

    def wait_ready(self, child: Child) -> None:
        """Wait until it answers PING."""
        if (
            wait_until(lambda: self.is_ready() or not child.alive, _START_TIMEOUT_S, self.check)
            and child.alive
        ):
            return
        raise UpError(f"Redis did not start. Its last output ({self.log}):\n{child.last_lines()}")

    def is_ready(self) -> bool:
        """Whether it answers PING."""
        return answers_ping(self.socket_path)


def answers_ping(path: Path) -> bool:
    """Whether a Redis behind this socket answers PING."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(b"*1\r\n$4\r\nPING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
