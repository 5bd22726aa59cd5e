"""The program that is tested, inside a sandbox of its own, where this is given as a text.

It knows nothing of the tests: it is told the program, then which of its functions to call with what.
"""

import builtins
import os
import sys
import types
from typing import Any

from solver.checkers.unit_testing.link import GoneError, Link, Printed


class _Input:
    """Reads what the tests have for it to read."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def read(self) -> str:
        """Return all of it."""
        return str(self._link.ask("read"))

    def readline(self) -> str:
        """Return a line of it."""
        return str(self._link.ask("readline"))

    def readlines(self) -> list[str]:
        """Return all of it by lines."""
        return self.read().splitlines(keepends=True)

    def __iter__(self) -> Any:
        return iter(self.readline, "")


def _load(program: str) -> tuple[list[str], types.ModuleType]:
    """Run the program; return its names and its module."""
    module = types.ModuleType("solution")
    sys.modules["solution"] = sys.modules["main"] = module
    exec(compile(program, "solution.py", "exec"), module.__dict__)  # noqa: S102  # that is its purpose
    return [name for name in vars(module) if not name.startswith("__")], module


def main() -> None:
    """Serve the tests until they end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    link = Link(serves={"load": _load, "depth": sys.setrecursionlimit})
    sys.stdout, sys.stdin = Printed(), _Input(link)
    builtins.input = lambda *prompt: str(link.ask("input", *prompt))
    try:
        link.serve()
    except GoneError:
        os._exit(0)


if __name__ == "__main__":
    main()
