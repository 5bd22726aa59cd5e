"""The words of pytest that tests use, for the sandbox, which does not have pytest: `raises`, `approx`, fixtures, marks.

Given to the tests' side as a text, where it is the module `pytest`. A function with parameters is one test: of each of
its sets of values one after the other. What is not here is told as a fault of the tests, not of the program.
"""

import cmath
import contextlib
import inspect
import itertools
import numbers
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

from solver.checkers.unit_testing.errors import BrokenError

_MARKS = "_marks_of_tests"
_FIXTURE = "_fixture_of_tests"


class Skipped(Exception):  # pytest's name
    """A test that does not count here."""


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise BrokenError(f"“pytest.{name}” is not known here")


def skip(reason: str = "", **_: Any) -> None:
    """Leave the test out."""
    raise Skipped(reason)


def fail(reason: str = "", **_: Any) -> None:
    """Fail the test."""
    raise AssertionError(reason)


class _Raises:
    """What a block has raised; what pytest calls ExceptionInfo."""

    def __init__(self, expected: Any, match: str | None) -> None:
        self._expected, self._match = expected, match
        self.type: type[BaseException] | None = None
        self.value: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if kind is None:
            raise AssertionError(f"it did not raise {self._expected}")
        if not issubclass(kind, self._expected):
            return False
        self.type, self.value = kind, error
        if self._match is not None:
            self.match(self._match)
        return True

    def match(self, pattern: str) -> bool:
        """Tell that the message fits. Raises AssertionError."""
        if not re.search(pattern, str(self.value)):
            raise AssertionError(f"{str(self.value)!r} does not fit {pattern!r}")
        return True


def raises(expected: Any, *args: Any, match: str | None = None, **named: Any) -> _Raises:
    """Expect an exception of a block, or of a function that is given."""
    made = _Raises(expected, match)
    if args:
        with made:
            args[0](*args[1:], **named)
    return made


class approx:  # noqa: N801  # pytest's name
    """Equals numbers that are near, and sequences, mappings and arrays of them."""

    __array_ufunc__ = None  # numpy leaves the comparison to this class
    __hash__ = None  # type: ignore[assignment]  # as pytest's

    def __init__(
        self,
        expected: Any,
        rel: float | None = None,
        abs: float | None = None,  # noqa: A002  # pytest's name
        *,
        nan_ok: bool = False,
    ) -> None:
        # As in pytest: an absolute tolerance alone leaves no relative one.
        self._rel = (1e-6 if abs is None else 0.0) if rel is None else rel
        self._expected, self._abs, self._nan_ok = expected, 1e-12 if abs is None else abs, nan_ok

    def __repr__(self) -> str:
        return f"approx({self._expected!r})"

    def __eq__(self, actual: object) -> bool:
        return self._is_near(actual, self._expected)

    def _is_near(self, actual: Any, expected: Any) -> bool:
        if hasattr(expected, "tolist"):
            is_array = hasattr(actual, "tolist")
            return self._is_near(actual.tolist() if is_array else actual, expected.tolist())
        if hasattr(actual, "tolist"):
            actual = actual.tolist()
        if isinstance(expected, Mapping):
            return (
                isinstance(actual, Mapping)
                and actual.keys() == expected.keys()
                and all(self._is_near(actual[key], each) for key, each in expected.items())
            )
        if isinstance(expected, Sequence) and not isinstance(expected, str | bytes):
            return (
                isinstance(actual, Sequence)
                and len(actual) == len(expected)
                and all(map(self._is_near, actual, expected))
            )
        if isinstance(expected, bool) or not (_is_number(expected) and _is_number(actual)):
            return bool(actual == expected)
        if actual == expected:
            return True
        if cmath.isnan(expected):
            return self._nan_ok and cmath.isnan(actual)
        far = abs(complex(actual) - complex(expected))
        return cmath.isfinite(expected) and far <= max(self._rel * abs(complex(expected)), self._abs)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Number)


class param(tuple[Any, ...]):  # noqa: N801  # pytest's name
    """A set of values; its name and its marks are of no use here."""

    __slots__ = ()

    def __new__(cls, *values: Any, **_: Any) -> Self:
        """Keep the values."""
        return super().__new__(cls, values)


class _Marks:
    """What `pytest.mark` is; marks that change nothing here are taken as they come."""

    def __getattr__(self, name: str) -> Any:
        def mark(*args: Any, **named: Any) -> Any:
            if len(args) == 1 and callable(args[0]) and not named and name != "parametrize":
                return mark()(args[0])

            def decorate(owner: Any) -> Any:
                setattr(owner, _MARKS, [(name, args, named), *getattr(owner, _MARKS, [])])
                return owner

            return decorate

        return mark


mark = _Marks()


def fixture(function: Any = None, **named: Any) -> Any:
    """Have the function make what tests ask for by its name."""
    if function is None:
        return lambda given: fixture(given, **named)
    setattr(function, _FIXTURE, {"scope": "function", "params": None, **named})
    return function


def _about(function: Any) -> Mapping[str, Any]:
    """Return what a fixture says of itself; of anything else nothing, without asking an object of the program."""
    return getattr(function, _FIXTURE, {}) if type(function) is types.FunctionType else {}


def is_left_out(*owners: Any) -> bool:
    """Tell whether marks leave a test out, or expect it to fail."""
    marks = [each for owner in owners for each in getattr(owner, _MARKS, [])]
    return any(
        name in {"skip", "xfail"} or (name == "skipif" and bool(next(iter(args), named.get("condition"))))
        for name, args, named in marks
    )


def sets_of_values(*owners: Any) -> Iterator[Mapping[str, Any]]:
    """Return the sets of values that marks give to a test: one, with nothing, where there are none."""
    lists = []
    for name, args, named in (each for owner in owners for each in getattr(owner, _MARKS, [])):
        if name != "parametrize":
            continue
        names, values = [*args, *(named[key] for key in ("argnames", "argvalues") if key in named)][:2]
        if named.get("indirect"):
            raise BrokenError("“indirect” parameters are not known here")
        words = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)
        is_one = isinstance(names, str) and len(words) == 1
        rows = [[each] if is_one and type(each) is not param else list(each) for each in values]
        if any(len(row) != len(words) for row in rows):
            raise BrokenError(f"“parametrize” does not give each of {', '.join(words)} a value")
        lists.append([dict(zip(words, row, strict=True)) for row in rows])
    for chosen in itertools.product(*lists):
        yield {name: value for each in chosen for name, value in each.items()}


class Fixtures:
    """Makes what tests ask for by the names of their arguments."""

    def __init__(self, space: Mapping[str, Any], built_in: Mapping[str, Callable[[], Any]]) -> None:
        self._space, self._built_in = space, built_in
        self._kept: dict[str, Any] = {}
        self._at_end = contextlib.ExitStack()

    def close(self) -> None:
        """Run what fixtures of more than one test have behind their `yield`."""
        self._at_end.close()

    @contextlib.contextmanager
    def given(self, function: Any, made: Any, values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Return the arguments of a test of an object or of none; afterwards all is put away. Raises BrokenError."""
        with contextlib.ExitStack() as stack:
            here = dict(values)
            automatic = [
                name
                for name, each in [*self._space.items(), *inspect.getmembers(type(made))]
                if _about(each).get("autouse")
            ]
            marks = [each for owner in (function, type(made)) for each in getattr(owner, _MARKS, [])]
            asked = [each for name, args, _ in marks if name == "usefixtures" for each in args]
            for name in [*automatic, *asked]:
                self._value(name, made, here, stack)
            yield {name: self._value(name, made, here, stack) for name in _arguments(function)}

    def _value(self, name: str, made: Any, here: dict[str, Any], stack: contextlib.ExitStack) -> Any:
        if name in here or name in self._kept:
            return here.get(name, self._kept.get(name))
        named = (each for each in self._space.values() if _about(each).get("name") == name)
        function: Any = next(named, None) or getattr(made, name, None) or self._space.get(name)
        about = _about(getattr(function, "__func__", function))
        if not about or about["params"]:
            if name not in self._built_in:
                raise BrokenError(f"the fixture “{name}” is not known here")
            here[name] = stack.enter_context(contextlib.closing(self._built_in[name]()))
            return here[name]
        is_kept = about["scope"] != "function"
        until = self._at_end if is_kept else stack
        value = function(**{each: self._value(each, made, here, stack) for each in _arguments(function)})
        if inspect.isgenerator(value):
            generator, value = value, next(value)
            until.callback(next, generator, None)
        (self._kept if is_kept else here)[name] = value
        return value


def _arguments(function: Any) -> list[str]:
    return [
        each.name
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
