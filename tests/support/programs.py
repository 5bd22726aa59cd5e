"""Runs programs of this repository without a sandbox: the program, and its partner if it has one."""

import socket
import subprocess
import sys

from solver.core.programs import Program

_BEFORE = """
import os
if {link} != 3:
    os.dup2({link}, 3)
    os.close({link})
"""


def said_by(wanted: Program) -> str:
    """Return what a program wrote."""
    if not wanted.partner:
        command = [sys.executable, "-I", "-c", wanted.source]
        return subprocess.run(command, input=wanted.stdin, capture_output=True, text=True, check=False).stdout
    ours, theirs = socket.socketpair()
    partner = _start(wanted.partner, theirs)
    first = _start(wanted.source, ours)
    stdout, _ = first.communicate(wanted.stdin)
    partner.kill()
    partner.communicate()
    return stdout


def _start(source: str, link: socket.socket) -> subprocess.Popen[str]:
    """Start a program whose descriptor 3 is its end of a link."""
    with link:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", _BEFORE.format(link=link.fileno()) + source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            pass_fds=[link.fileno()],
        )
