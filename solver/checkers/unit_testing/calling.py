"""Calls one test: a function, or a method of a class, unittest's or not. Given to the tests' side as a text."""

import contextlib
import importlib
import inspect
import io
import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from solver.checkers.unit_testing import pytest_words
from solver.checkers.unit_testing.pytest_words import Fixtures, is_left_out, sets_of_values


class _Said(NamedTuple):
    out: str
    err: str


class _Captured:
    """What pytest calls capsys."""

    def __init__(self) -> None:
        self._before = sys.stdout, sys.stderr
        sys.stdout = self._out = io.StringIO()
        sys.stderr = self._err = io.StringIO()

    def readouterr(self) -> _Said:
        """Return what was written since this was asked before."""
        said = _Said(self._out.getvalue(), self._err.getvalue())
        for each in (self._out, self._err):
            each.seek(0)
            each.truncate()
        return said

    def close(self) -> None:
        """Write where it was written before."""
        sys.stdout, sys.stderr = self._before


class _Patches:
    """What pytest calls monkeypatch."""

    def __init__(self) -> None:
        self._undo = contextlib.ExitStack()

    def setattr(self, target: Any, name: Any, *value: Any, raising: bool = True) -> None:
        """Set an attribute of an object, or of what a dotted name stands for, until the test ends."""
        if isinstance(target, str):
            owner, _, attribute = target.rpartition(".")
            target, name, value = importlib.import_module(owner), attribute, (name,)
        mock = importlib.import_module("unittest.mock")
        self._undo.enter_context(mock.patch.object(target, name, *value, create=not raising))

    def setitem(self, mapping: Any, key: Any, value: Any) -> None:
        """Set a value of a mapping until the test ends."""
        mock = importlib.import_module("unittest.mock")
        self._undo.enter_context(mock.patch.dict(mapping, {key: value}))

    def setenv(self, name: str, value: str) -> None:
        """Set a variable of the environment until the test ends."""
        self.setitem(os.environ, name, value)

    def close(self) -> None:
        """Make all as it was."""
        self._undo.close()


def _directory() -> Any:
    """Return what pytest calls tmp_path; the sandbox forgets it."""
    pathlib, tempfile = importlib.import_module("pathlib"), importlib.import_module("tempfile")
    kind = type("Directory", (type(pathlib.Path()),), {"close": lambda _: None})
    return kind(tempfile.mkdtemp())


class Caller:
    """Calls tests by their names."""

    def __init__(self, space: dict[str, Any]) -> None:
        self._space = space
        self._fixtures = Fixtures(
            space, {"tmp_path": _directory, "capsys": _Captured, "monkeypatch": _Patches}
        )
        self._prepared: set[str] = set()

    def call(self, name: str) -> None:
        """Call one test, once for each set of its values. Raises what it raises, and BrokenError."""
        owner, _, method = name.rpartition(".")
        cls = self._space[owner] if owner else None
        if cls is not None and hasattr(cls, "assertEqual"):
            _run_case(cls, method)
            return
        function = getattr(cls, method) if cls else self._space[name]
        if is_left_out(function, cls):
            return
        if cls is not None and owner not in self._prepared:
            self._prepared.add(owner)
            _call_if_there(cls, "setup_class")
        for values in sets_of_values(function, cls):
            try:
                self._once(cls, method, values)
            except pytest_words.Skipped:
                continue
            except Exception as error:
                if values:
                    error.add_note(f"with {values!r}")
                raise

    def close(self) -> None:
        """Put away what was kept for several tests."""
        self._fixtures.close()

    def _once(self, cls: Any, name: str, values: Mapping[str, Any]) -> None:
        made = cls() if cls else None
        function = getattr(made, name) if cls else self._space[name]
        try:
            _call_if_there(made, "setup_method", function)
            with self._fixtures.given(function, made, values) as arguments:
                result = function(**arguments)
                if inspect.iscoroutine(result):
                    importlib.import_module("asyncio").run(result)
        finally:
            _call_if_there(made, "teardown_method", function)


def _call_if_there(owner: Any, name: str, *args: Any) -> None:
    function = getattr(owner, name, None)
    if function is not None:
        function(*args[: len(inspect.signature(function).parameters)])


def _run_case(cls: Any, method: str) -> None:
    """Run a method of a class of unittest as unittest does. Raises what it raised."""
    unittest = sys.modules["unittest"]
    if any(getattr(each, "__unittest_skip__", False) for each in (cls, getattr(cls, method))):
        return
    result = _result(unittest)
    unittest.TestSuite([cls(method)])(result)
    if result.raised:
        raise result.raised[0]


def _result(unittest: Any) -> Any:
    class Result(unittest.TestResult):  # type: ignore[misc]  # the tests' own unittest
        """Keeps what was raised. A test that is skipped while it runs has not passed: a program may have done it."""

        def __init__(self) -> None:
            super().__init__()
            self.raised: list[BaseException] = []

        def addError(self, _: Any, error: Any) -> None:  # noqa: N802  # unittest's name
            self.raised.append(error[1])

        addFailure = addError  # noqa: N815  # unittest's name

        def addSubTest(self, _test: Any, _sub: Any, error: Any) -> None:  # noqa: N802  # unittest's name
            if error is not None:
                self.raised.append(error[1])

        def addSkip(self, _: Any, reason: str) -> None:  # noqa: N802  # unittest's name
            self.raised.append(unittest.SkipTest(reason))

        def addUnexpectedSuccess(self, _: Any) -> None:  # noqa: N802  # unittest's name
            self.raised.append(AssertionError("it was expected to fail"))

    return Result()
