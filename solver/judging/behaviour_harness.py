"""Calls a function on many inputs, inside the sandbox: it is given there as a text and imports nothing of the project.

Reads one JSON object: `mark`, `program`, `calls`, `examples`. Says, each behind the mark, the value of each call as
Python writes it, those of examples as plain data; null where a call raised or took more than two seconds, and from the
third such call on. What an example should come to is not known here, where a program could call itself equal to it.
Without calls and examples it runs the program as it stands and says what it prints, null where it raised.
"""

import contextlib
import decimal
import io
import json
import numbers
import os
import signal
import sys
import types
from typing import Any

_LIMIT_S = 2
_MAX_SLOW = 2
_MAX_CHARS = 2_000
_MAX_EXAMPLE_CHARS = 10_000
_PLAIN: tuple[Any, ...] = (bool, int, float, complex, str, bytes)
_MAX_PRINTED_CHARS = 20_000


def _stop(*_: object) -> None:
    raise TimeoutError


def main() -> None:
    """Make the calls and say their values."""
    order = json.loads(sys.stdin.read())
    mark, reports = order["mark"], os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    signal.signal(signal.SIGALRM, _stop)

    def say(**told: Any) -> None:
        os.write(reports, f"{mark}{json.dumps(told)}\n".encode())

    if not order["calls"] and not order["examples"]:
        say(output=_printed(order["program"]))
        os._exit(0)
    program = types.ModuleType("solution")
    sys.modules["solution"] = program
    try:
        exec(compile(order["program"], "solution.py", "exec"), program.__dict__)  # noqa: S102  # likewise
    except BaseException:  # noqa: BLE001  # a program may raise anything
        os._exit(0)
    values = Values(program)
    for call in order["calls"]:
        try:
            say(output=repr(values.of(call))[:_MAX_CHARS])
        except BaseException:  # noqa: BLE001  # likewise
            say(output=None)
    for call in order["examples"]:
        try:
            say(value=repr(plain(values.of(call)))[:_MAX_EXAMPLE_CHARS])
        except BaseException:  # noqa: BLE001  # likewise
            say(value=None)
    os._exit(0)


class Values:
    """The values of calls of a program's functions; too many slow calls end the patience with it."""

    def __init__(self, program: types.ModuleType) -> None:
        self._program = program
        self._slow = 0

    def of(self, call: str) -> Any:
        """Return the value of a call. Raises whatever it raises, and TimeoutError."""
        if self._slow >= _MAX_SLOW:
            raise TimeoutError
        signal.alarm(_LIMIT_S)
        try:
            return eval(compile(call, "call", "eval"), dict(self._program.__dict__))  # noqa: S307  # that is its purpose
        except TimeoutError:
            self._slow += 1
            raise
        finally:
            signal.alarm(0)


def plain(value: Any) -> Any:
    """Return a value as Python's own data, what is kept inside too: a subclass of a list is a list."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items()}
    for collection in (list, tuple, set, frozenset):
        if isinstance(value, collection):
            return collection(plain(each) for each in value)
    for kind in _PLAIN:
        if isinstance(value, kind):
            return kind(value)
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real | decimal.Decimal) else value


def _printed(source: str) -> str | None:
    """Run a program as it stands; return what it prints, None where it raises."""
    printed = io.StringIO()
    sys.stdin = io.StringIO()
    main_module = types.ModuleType("__main__")
    sys.modules["__main__"] = main_module
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "solution.py", "exec"), main_module.__dict__)  # noqa: S102  # that is its purpose
    except SystemExit as ended:
        if ended.code is not None and ended.code != 0:
            return None
    except BaseException:  # noqa: BLE001  # a program may raise anything
        return None
    return printed.getvalue()[-_MAX_PRINTED_CHARS:]


if __name__ == "__main__":
    main()
