"""The line between tests and the program that they test, each in a sandbox of its own; both have one end of it.

Given to both as a text. Each side asks, and serves what the other asks while it waits: functions of the tests may be
arguments. The tests' side is careful: it serves calls, operators and public attributes of what the tests made, and
compares with values of the program itself, so that no object of the program can call itself equal to what is expected.
"""

import builtins
import importlib
import inspect
import io
import json
import os
import sys
import threading
import types
from collections.abc import Callable, Mapping
from typing import Any

from solver.checkers.unit_testing.errors import Errors
from solver.checkers.unit_testing.remote import ARITHMETIC, Remote, awaited, handle_of
from solver.checkers.unit_testing.served import BY_PROGRAM, BY_TESTS, base_of, check_access, is_of_tests
from solver.checkers.unit_testing.values import Values, may_change, renew

DESCRIPTOR = 3


class GoneError(BaseException):
    """The other side has ended, or speaks otherwise than this one."""


class Link:
    """One end. `knows` are the classes of the program that careful tests speak of by name; None: this is its end."""

    def __init__(
        self, knows: frozenset[str] | None = None, serves: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self._knows = knows
        self._serves = {**(BY_TESTS if self.is_careful else BY_PROGRAM), **(serves or {})}
        self._in = os.fdopen(DESCRIPTOR, "rb", closefd=False)
        self._kept: list[Any] = []
        self._places: dict[int, int] = {}
        self._remotes: dict[int, Any] = {}
        self._named: set[int] = set()
        self._made: set[int] = set()
        self._returned: set[int] = set()
        self._lock = threading.RLock()  # guards the line: one question at a time, with those that it leads to
        self._values = Values(self._to_handle, self._from_handle)
        self._errors = Errors(self._values)

    @property
    def is_careful(self) -> bool:
        """Whether this is the tests' end."""
        return self._knows is not None

    def is_known(self, remote: Any) -> bool:
        """Tell whether tests name the class of an object of the program; at the program's end every one is known."""
        return self._knows is None or handle_of(remote).type in self._knows

    def has_made(self, remote: Any) -> bool:
        """Tell whether tests made an object of the program themselves: by calling a class that they name."""
        return not self.is_careful or handle_of(remote).place in self._made

    def may_tell(self, remote: Any, other: Any) -> bool:
        """Tell whether an object may learn what tests compare it or compute with: it may be what they expect of it."""
        return self.has_made(remote) or type(other) is Remote or is_of_tests(other)

    def ask(self, what: str, /, *args: Any, **named: Any) -> Any:
        """Ask the other side and return its answer. Raises what it raised, and GoneError."""
        write, given = self._values.write, [*args, *named.values()]
        question = {
            "ask": what,
            "args": [write(each) for each in args],
            "named": {key: write(each) for key, each in named.items()},
        }
        with self._lock:
            self._send(question)
            while "ask" in (told := self._receive()):
                self._serve(told)
            for place, new in told["changed"]:
                renew(given[place], self._values.read(new))
            if "error" in told:
                raise self._errors.read(told["error"])
            got = self._values.read(told["is"])
            if self.is_careful and type(got) is Remote and args and type(args[0]) is Remote:
                self._note_origin(what, args, handle_of(got).place)
            return got

    def _note_origin(self, what: str, args: list[Any] | tuple[Any, ...], place: int) -> None:
        """Note whether tests made an object themselves; what any other call returned, they did not make."""
        assert self._knows is not None  # see the caller
        of = handle_of(args[0]).place
        if what == "get":
            if args[1] in self._knows or of in self._named:
                self._named.add(place)  # a class that they name, or a method of it
        elif place not in self._returned and (
            (what == "call" and of in self._named) or (what in {*ARITHMETIC, "copy"} and of in self._made)
        ):
            self._made.add(place)
        elif what in {"call", "await", "__next__"}:
            self._made.discard(place)
            self._returned.add(place)

    def serve(self) -> None:
        """Serve until the other side has ended. Raises GoneError."""
        while True:
            self._serve(self._receive())

    def _send(self, message: dict[str, Any]) -> None:
        if isinstance(sys.stdout, Printed):
            message["printed"] = sys.stdout.taken()
        data = json.dumps(message).encode() + b"\n"
        while data:
            try:
                data = data[os.write(DESCRIPTOR, data) :]
            except OSError as error:
                raise self._gone() from error

    def _receive(self) -> Any:
        try:
            told = json.loads(self._in.readline())
        except (ValueError, RecursionError) as error:  # nothing, or what no side of this line says
            raise self._gone() from error
        if not isinstance(told, dict) or told.keys().isdisjoint({"ask", "changed"}):
            raise self._gone()
        if self.is_careful and told.get("printed"):
            sys.stdout.write(str(told["printed"]))
        return told

    def _gone(self) -> GoneError:
        """End tests at once, whose `except:` would take it for what they expect; return what the program is to raise."""
        if self.is_careful:
            os._exit(0)
        return GoneError()

    def _serve(self, told: Mapping[str, Any]) -> None:
        read, write = self._values.read, self._values.write
        given: list[Any] = []
        before: dict[int, Any] = {}
        try:
            args = [read(each) for each in told["args"]]
            named = {key: read(each) for key, each in told["named"].items()}
            given = [*args, *named.values()]
            before = {place: write(each) for place, each in enumerate(given) if may_change(each)}
            answer = {"is": write(self._done(told["ask"], args, named))}
        except GoneError:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is for the side that asked
            answer = {"error": self._errors.write(error)}
        changed = [[place, now] for place, was in before.items() if (now := write(given[place])) != was]
        self._send({**answer, "changed": changed})

    def _done(self, what: str, args: list[Any], named: Mapping[str, Any]) -> Any:
        if self.is_careful:
            check_access(what, args)
        # Of what could be called here, tests have given the program these alone.
        if what not in self._serves or (
            what == "call" and self.is_careful and id(args[0]) not in self._places
        ):
            raise PermissionError(what)
        return self._serves[what](*args, **named)

    def _to_handle(self, value: Any) -> dict[str, Any]:
        kind = type(value)
        if kind is Remote:
            return {"yours": handle_of(value).place}
        if issubclass(kind, types.ModuleType) and self.is_careful:
            return {"module": value.__name__}
        if issubclass(kind, BaseException):
            return {"error": self._errors.write(value)}
        place = self._places.setdefault(id(value), len(self._kept))
        if place == len(self._kept):
            self._kept.append(value)
        if issubclass(kind, type) and issubclass(value, BaseException):
            return self._errors.write_class(value, place)
        named = value if issubclass(kind, type) else kind
        return {
            "mine": place,
            "type": named.__name__,
            "base": base_of(kind),
            "is_awaited": inspect.iscoroutine(value),
        }

    def _from_handle(self, written: Mapping[str, Any]) -> Any:
        if "yours" in written:
            return self._kept[written["yours"]]
        if "error" in written:
            return self._errors.read(written["error"])
        if "class" in written:
            return self._errors.read_class(written)
        if "builtin" in written:
            found = getattr(builtins, written["builtin"])
            if self.is_careful and not isinstance(found, type):
                raise ValueError(written)
            return found
        if "module" in written and not self.is_careful:
            return importlib.import_module(written["module"])
        place = written["mine"]
        if place not in self._remotes:
            self._remotes[place] = Remote(self, int(place), str(written["type"]), str(written["base"]))
        remote = self._remotes[place]
        return awaited(remote) if written["is_awaited"] else remote


class Printed(io.StringIO):
    """What a program prints; it goes to the tests' side with the next message."""

    def taken(self) -> str:
        """Return what was printed since this was asked before."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text
