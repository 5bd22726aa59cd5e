"""Run one command so that it dies with its parent: `spawn.py PARENT_PID SIGNAL IDENTITY command …`.

The supervisor starts every child through this file. It is run by path with `python -I -S`, imports only what it
needs and takes about 15 ms. It is a program of its own, not a `preexec_fn`, because code between fork and exec in a
process that has threads can hang.

On Linux the kernel sends SIGNAL when the parent dies, and the command replaces this process. Elsewhere this process
stays, watches its parent and passes signals on.

IDENTITY: `same` keeps the user; `userns` (PostgreSQL refuses to run as root) maps root to user 1000 in a user
namespace, so files still belong to root outside; `nobody` changes to user 65534 and keeps the right to pass
through directories that only root may enter.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
NOBODY = 65534
MAPPED_USER = 1000
_WATCH_S = 0.5


def _enter_user_namespace() -> None:
    uid, gid = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{MAPPED_USER} {uid} 1"),
        ("gid_map", f"{MAPPED_USER} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123  # pathlib would double this program's start
            file.write(text)


def _become_nobody() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    # One capability stays, in every set (otherwise the loader ignores the libraries beside PostgreSQL's programs).
    wanted = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(wanted, wanted, wanted, 0, 0, 0)
    if libc.capset(header, sets) or libc.prctl(
        _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0
    ):
        raise OSError(ctypes.get_errno(), "cannot keep the right to enter directories of root")


def _guard(parent: int, death_signal: int, command: list[str]) -> int:
    """Run the command as a child, pass signals on, and end it when the parent is gone."""
    os.environ["PONDER_PARENT_PID"] = str(os.getpid())
    child = subprocess.Popen(command)  # noqa: S603  # the supervisor's own commands
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    while child.poll() is None:
        if os.getppid() != parent:
            child.send_signal(death_signal)
            parent = os.getppid()
        time.sleep(_WATCH_S)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def main() -> None:
    """Become the command, tied to the parent's life."""
    parent, death_signal, identity = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    command = sys.argv[4:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    if identity == "userns":
        _enter_user_namespace()
    elif identity == "nobody":
        _become_nobody()
    if not sys.platform.startswith("linux") or os.environ.get("PONDER_GUARD"):
        sys.exit(_guard(parent, death_signal, command))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
