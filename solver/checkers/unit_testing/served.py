"""What one side of the line between tests and program does when the other asks (`link.py`)."""

import copy
import importlib
import numbers
import sys
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from solver.checkers.unit_testing.remote import OPERATORS, ORDER

_BASES = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
_OF_TESTS = frozenset({"tests", "unittest.mock", "_io"})
"""The modules of those types whose instances show the program their public attributes."""


def is_of_tests(value: Any) -> bool:
    """Tell whether a value is an object of the tests' own, or a function: no data that they could expect of a program."""
    return callable(value) or type(value).__module__ in _OF_TESTS


def base_of(kind: type) -> str:
    """Return the name of the built-in class of data that a class is made of, empty where there is none."""
    return next((each.__name__ for each in _BASES if issubclass(kind, each)), "")


def _plain(value: Any) -> list[Any]:
    """Return whether a value is data in a class of its own, and that data: a subclass of int, an array, a set of keys."""
    for base in _BASES:
        if isinstance(value, base):
            return [True, _made(base, value)]
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return [True, value.tolist()]
    for kind, make in ((numbers.Integral, int), (numbers.Real, float), (AbstractSet, set)):
        if isinstance(value, kind):
            return [True, _made(make, value)]
    return [False, None]


# Each is looked up when it is asked for: tests put others in their places.
def _input(*prompt: str) -> str:
    return input(*prompt)


def _read() -> str:
    return sys.stdin.read()


def _readline() -> str:
    return sys.stdin.readline()


def _made(kind: Callable[[Any], Any], value: Any) -> Any:
    return kind(value)


def _call(function: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
    return function(*args, **named)


BY_BOTH: Mapping[str, Callable[..., Any]] = {
    **OPERATORS,
    **ORDER,
    "call": _call,
    "get": getattr,
    "set": setattr,
    "contains": lambda owner, item: item in owner,
    "isinstance": isinstance,
}
BY_TESTS: Mapping[str, Callable[..., Any]] = {
    **BY_BOTH,
    "input": _input,
    "read": _read,
    "readline": _readline,
}
BY_PROGRAM: Mapping[str, Callable[..., Any]] = {
    **BY_BOTH,
    "delete": delattr,
    "plain": _plain,
    "copy": copy.deepcopy,
    # Which takes longer to import than most tests to run.
    "await": lambda it: importlib.import_module("asyncio").run(it),
}


def check_access(what: str, args: list[Any]) -> None:
    """Raise AttributeError where the program may not look at what the tests made, or change it."""
    if what not in {"get", "set"}:
        return
    owner, name = args[:2]
    is_hidden = name.startswith("_") or type(owner).__module__ not in _OF_TESTS
    if is_hidden or (what == "set" and hasattr(type(owner), name)):
        raise AttributeError(name)
