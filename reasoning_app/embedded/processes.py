"""Looking at other processes: which of them still work in a directory that should be free."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from reasoning_app.embedded.child import wait_until

_ORDERLY_S = 10.0


def working_in(directory: Path) -> list[int]:
    """Return the PostgreSQL processes of the cluster in `directory`.

    They work in it, and its first process names it as an argument, which can be read where the former cannot.
    """
    if not sys.platform.startswith("linux"):
        return _named_in_pid_file(directory)
    wanted = str(directory.resolve())
    argument = os.fsencode(f"\0-D\0{wanted}\0")
    others = [
        entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and entry.name != str(os.getpid())
    ]
    return [int(entry.name) for entry in others if _belongs(entry, wanted, argument)]


def _belongs(entry: Path, directory: str, argument: bytes) -> bool:
    with contextlib.suppress(OSError):
        if os.readlink(entry / "cwd") == directory:  # noqa: PTH115  # one Path per process is enough
            return (entry / "stat").read_text().split(" (", 1)[1].startswith("postgres)")
    with contextlib.suppress(OSError):
        return argument in (entry / "cmdline").read_bytes()
    return False


def _named_in_pid_file(directory: Path) -> list[int]:
    """Where there is no /proc: the process of the pid file, if it is a PostgreSQL of this directory."""
    try:
        pid = int((directory / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return []
    command = ["ps", "-p", str(pid), "-o", "command="]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return [pid] if str(directory) in done.stdout else []


def end_orphans_in(directory: Path) -> None:
    """End the processes a killed launcher left in `directory`: orderly, then by force.

    Only the holder of the launcher's lock may call this: whoever works there then has no owner any more.
    """
    for number, patience_s in (
        (signal.SIGINT, _ORDERLY_S),
        (signal.SIGQUIT, _ORDERLY_S),
        (signal.SIGKILL, _ORDERLY_S),
    ):
        found = working_in(directory)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        wait_until(lambda: not working_in(directory), patience_s)
