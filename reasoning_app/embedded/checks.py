"""What must hold before anything starts; each failure says what to do."""

import os
import shutil
import socket
import stat
from pathlib import Path

from reasoning_app import paths
from reasoning_app.embedded.errors import UpError

# A new cluster takes 40 MB, its write-ahead log up to 512 MB more under load.
_ROOM_FIRST_BYTES = 300 * 1024 * 1024
_ROOM_LATER_BYTES = 50 * 1024 * 1024


def check_port(host: str, port: int) -> None:
    """Raise UpError unless the web server can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except PermissionError as error:
            raise UpError(
                f"Port {port} needs more rights than this user has. Choose one above 1023: make run PORT=8000"
            ) from error
        except socket.gaierror as error:
            raise UpError(
                f"Unknown host “{host}”. Use an address of this machine, such as 127.0.0.1."
            ) from error
        except OSError as error:
            if error.errno is not None and os.strerror(error.errno).startswith("Address already"):
                raise UpError(
                    f"Port {port} on {host} is taken by another program. "
                    f"Stop it, or choose another port: make run PORT={port + 1 if port < 65535 else 8000}"
                ) from error
            raise UpError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def prepare_directories(data_dir: Path) -> Path:
    """Make the data directory, its logs and its run directory, all for this user alone. Return the run directory."""
    run_dir = paths.run_dir(data_dir)
    try:
        for directory in (data_dir, data_dir / "logs"):
            _make_private(directory)
        if run_dir != data_dir / "run":
            _refuse_foreign(run_dir)
        _make_private(run_dir)
        probe = data_dir / f".write-test-{os.getpid()}"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise UpError(
            f"Cannot write in the data directory {data_dir}: {error.strerror} ({error.filename}).\n"
            "Free some space, correct its permissions, or choose another one: make run DATA_DIR=…"
        ) from error
    return run_dir


def check_room(data_dir: Path, *, first: bool) -> None:
    """Raise UpError when the disk is nearly full: PostgreSQL would stop in the middle of its work."""
    needed = _ROOM_FIRST_BYTES if first else _ROOM_LATER_BYTES
    free = shutil.disk_usage(data_dir).free
    if free < needed:
        raise UpError(
            f"The disk of {data_dir} has {free // 2**20} MB left; Ponder needs {needed // 2**20} MB to start.\n"
            "Free some space, or choose a directory on another disk: make run DATA_DIR=…"
        )


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(directory.stat().st_mode) & 0o077:
        directory.chmod(0o700)


def _refuse_foreign(directory: Path) -> None:
    """The directory in /tmp must be ours: anyone may have made one of that name before."""
    try:
        found = directory.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {
        os.getuid(),
        65534 if os.getuid() == 0 else os.getuid(),
    }:
        raise UpError(f"{directory} belongs to another user. Remove it, or choose a shorter DATA_DIR.")
