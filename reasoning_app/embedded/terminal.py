"""What the person at the terminal sees: a line for each step, and the warnings of the processes' logs."""

import re
import sys
import time
from pathlib import Path

_WORTH_SHOWING = re.compile(
    r"(?<![%\w])(WARNING|ERROR|CRITICAL|FATAL|PANIC)\b|^Traceback|^[\w.]+(Error|Exception): "
)
# Lines that say nothing a person could act on.
_NOISE = re.compile(r"overcommit|django\.request|terminating connection|superuser privileges")
_LINE_LIMIT = 200
_BURST_LINES = 12
_BURST_S = 10.0


def say(text: str = "") -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def step(name: str, note: str, seconds: float) -> None:
    """Print that a step is done and how long it took."""
    say(f"  {name:<12} {note}" + (f"  ({seconds:.1f} s)" if seconds >= 0.05 else ""))


def complain(text: str) -> None:
    """Print an error to stderr."""
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class LogWatcher:
    """Follows log files and prints new lines that warn, each with its process's name before it."""

    def __init__(self) -> None:
        self._positions: dict[Path, int] = {}
        self._names: dict[Path, str] = {}
        self._window_began = 0.0
        self._shown = 0

    def follow(self, name: str, log: Path) -> None:
        """Follow a log file from its present end."""
        self._names[log] = name
        self._positions[log] = log.stat().st_size if log.exists() else 0

    def poll(self) -> None:
        """Print what is new and worth showing."""
        for log, position in self._positions.items():
            size = log.stat().st_size if log.exists() else 0
            if size < position:  # trimmed
                position = 0  # noqa: PLW2901  # the file began anew
            if size > position:
                with log.open("rb") as file:
                    file.seek(position)
                    new = file.read(size - position)
                whole = new.rfind(b"\n") + 1
                self._positions[log] = position + whole
                for line in new[:whole].decode(errors="replace").splitlines():
                    self._show(log, line)

    def _show(self, log: Path, line: str) -> None:
        if not _WORTH_SHOWING.search(line) or _NOISE.search(line):
            return
        if time.monotonic() - self._window_began > _BURST_S:
            self._window_began, self._shown = time.monotonic(), 0
        self._shown += 1
        if self._shown <= _BURST_LINES:
            say(f"  {self._names[log]} | {line[:_LINE_LIMIT]}")
        elif self._shown == _BURST_LINES + 1:
            say(f"  … more in {log.parent}")
