"""The self-test: hostile programs are run, and each must be contained.

It looks at what a program could do, not at this process: other threads of a worker open and close files meanwhile.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sandbox.attacks import SMALL, attacks
from sandbox.bubblewrap import Bubblewrap
from sandbox.monty import Monty
from sandbox.request import CallRequest, CodeRequest, Ending, SandboxOff

_QUICK = (
    "a plain program",
    "network",
    "files of the host",
    "system calls by ctypes",
    "2 GB of memory",
    "a fork bomb",
)


@dataclass(frozen=True, slots=True)
class Report:
    """What the self-test found of one backend: what was not contained, by case, and why it is off."""

    backend: str
    cases: Mapping[str, str]
    """By name; an empty text where it was contained."""
    refused: str = ""
    """Why the backend cannot run here at all."""
    wall_s: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether it may be trusted with hostile programs."""
        return not self.refused and not self.faults

    @property
    def faults(self) -> Mapping[str, str]:
        """What was not contained."""
        return {name: fault for name, fault in self.cases.items() if fault}

    def why_off(self) -> str:
        """Return in a sentence why it is not used; empty where it passed."""
        if self.refused:
            return self.refused
        return "; ".join(
            f"{self.backend} does not contain {name}: {fault}" for name, fault in self.faults.items()
        )

    def to_json(self) -> Mapping[str, Any]:
        """Return the report by names."""
        return {
            "backend": self.backend,
            "passed": self.passed,
            "why_off": self.why_off(),
            "cases": {name: fault or "contained" for name, fault in self.cases.items()},
            "wall_s": round(self.wall_s, 3),
        }


def try_programs(backend: Bubblewrap, *, quick: bool = False) -> Report:
    """Run the attacks on the backend of programs, or only those that tell most."""
    began_s, cases = time.monotonic(), {}
    warm_up()
    try:
        with _listening() as (port, abstract):
            every = attacks(port=port, parent=os.getpid(), abstract_socket=abstract)
            for name, attack in every.items():
                if quick and name not in _QUICK:
                    continue
                cases[name] = attack.fault(backend.run(CodeRequest(attack.source, limits=attack.limits)))
    except SandboxOff as error:
        return Report(backend.name, cases, str(error), time.monotonic() - began_s)
    return Report(backend.name, cases, "", time.monotonic() - began_s)


def try_calls(backend: Monty) -> Report:
    """Run the attacks on the backend of calls."""
    began_s, cases = time.monotonic(), {}
    try:
        right = backend.call(CallRequest("def check(a):\n    return int(a) % 3 == 0, 'n'", "check", "9"))
        cases["a plain call"] = (
            "" if right.value == [True, "n"] else f"It returned {right.value!r}: {right.error}"
        )
        for name, (body, ending) in _CALLS.items():
            source = "def check(a):\n" + "".join(f"    {line}\n" for line in body.splitlines())
            # A busy machine takes its time to fill the memory, and that must end it all the same.
            time_s = 20 if ending is Ending.MEMORY else 1
            limits = replace(SMALL, wall_s=float(time_s), cpu_s=time_s, memory_bytes=64 << 20)
            got = backend.call(CallRequest(source, "check", "x", limits))
            is_contained = bool(got.error) and (ending is None or got.ending is ending)
            cases[name] = "" if is_contained else f"It returned {got.value!r} {got.error}."
    except SandboxOff as error:
        return Report(backend.name, cases, str(error), time.monotonic() - began_s)
    return Report(backend.name, cases, "", time.monotonic() - began_s)


_CALLS: Mapping[str, tuple[str, Ending | None]] = {
    "files of the host": ("return open('/etc/passwd').read()", None),
    "network": ("import socket\nreturn socket.create_connection(('1.1.1.1', 80))", None),
    "a process": ("import os\nreturn os.fork()", None),
    "a program": ("import subprocess\nreturn subprocess.run(['id'])", None),
    "ctypes": ("import ctypes\nreturn ctypes.CDLL(None)", None),
    "an endless loop": ("while True:\n    pass", Ending.TIME),
    "2 GB of memory": ("return 'x' * (2 << 30)", Ending.MEMORY),
    "memory bit by bit": ("x = []\nwhile True:\n    x.append('x' * 1000000 + str(len(x)))", Ending.MEMORY),
    "endless recursion": ("return check(a)", None),
    "much output": ("while True:\n    print('x' * 10000)", None),
}


@cache
def warm_up() -> None:
    """Have the interpreter keep its bytecode of the packages, which a read-only program would compile each time."""
    subprocess.run(
        [sys.executable, "-c", "import os; os.nice(10); import numpy, sympy"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )


@contextmanager
def _listening() -> Iterator[tuple[int, str]]:
    """Listen as a service of the host would: on a port of the loopback and on an abstract socket."""
    name = f"sandbox-{secrets.token_hex(8)}"
    with socket.socket() as port, socket.socket(socket.AF_UNIX) as abstract:
        port.bind(("127.0.0.1", 0))
        port.listen()
        abstract.bind(f"\0{name}")
        abstract.listen()
        yield port.getsockname()[1], name
