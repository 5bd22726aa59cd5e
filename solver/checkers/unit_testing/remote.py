"""An object of the other side of the line between tests and program (`link.py`), as this side has it."""

import builtins
import contextlib
import importlib
import operator
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from solver.checkers.unit_testing.errors import BrokenError

_BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift"),
    *("and", "or", "xor", "divmod"),
)


def _operator(name: str) -> Callable[..., Any]:
    """Return the function that does what a method of two underscores stands for."""
    return getattr(operator, name, None) or getattr(operator, f"{name}_", None) or getattr(builtins, name)  # type: ignore[no-any-return]


OPERATORS: dict[str, Callable[..., Any]] = {
    **{f"__{name}__": _operator(name) for name in _BINARY},
    **{
        f"__{name}__": _operator(name)
        for name in (
            *(
                "abs",
                "neg",
                "pos",
                "invert",
                "index",
                "getitem",
                "setitem",
                "delitem",
                "iadd",
                "isub",
                "imul",
            ),
            *("len", "iter", "next", "str", "repr", "int", "float", "complex", "bool", "hash", "round"),
            *("reversed", "format", "bytes", "dir"),
        )
    },
    "__enter__": lambda it: type(it).__enter__(it),
    "__exit__": lambda it, *why: type(it).__exit__(it, *why),
}
ARITHMETIC = frozenset(f"__{name}__" for name in (*_BINARY, "iadd", "isub", "imul"))
ORDER: dict[str, Callable[[Any, Any], Any]] = {
    f"__{name}__": getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")
}


class _Handle(NamedTuple):
    link: Any
    place: int
    type: str
    """The name of its class, or its own if it is one."""
    base: str
    """The built-in class that it is a subclass of, if any."""


def handle_of(remote: "Remote") -> _Handle:
    """Return what a stand-in stands for."""
    handle: _Handle = object.__getattribute__(remote, "_remote")
    return handle


class Remote:
    """Does there what is done to it here. What it is equal to, careful tests find out for themselves."""

    __slots__ = ("_remote",)

    def __init__(self, link: Any, place: int, type_name: str, base: str) -> None:
        object.__setattr__(self, "_remote", _Handle(link, place, type_name, base))

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """Tell isinstance() of the built-in class that it is a subclass of."""
        return getattr(builtins, self._remote.base) if self._remote.base else Remote

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__array_"):
            raise AttributeError(name)  # numpy would read the memory of this process that the program names
        return self._remote.link.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._remote.link.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._remote.link.ask("delete", self, name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call it."""
        return self._remote.link.ask("call", self, *args, **named)

    def __instancecheck__(self, value: object) -> bool:
        return bool(self._remote.link.ask("isinstance", value, self))

    def __deepcopy__(self, _: Any) -> Any:
        return self._remote.link.ask("copy", self)

    def __array__(self, *args: Any, **named: Any) -> Any:
        """Return it as numpy's, where it is plain data."""
        is_plain, value = self._remote.link.ask("plain", self)
        if not is_plain:
            raise TypeError(f"“{self._remote.type}” is no array")
        return importlib.import_module("numpy").asarray(value, *args, **named)

    def __contains__(self, item: Any) -> bool:
        """Look for the item here where that can be: a container may say that it has everything."""
        link = self._remote.link
        if not link.may_tell(self, item):
            is_plain, value = link.ask("plain", self)
            if is_plain:
                return item in value
            with contextlib.suppress(TypeError):
                return item in iter(self)
            if not link.is_known(self):
                raise TypeError(f"“{self._remote.type}” cannot be looked through")
        return bool(link.ask("contains", self, item))


def _forwarded(name: str) -> Callable[..., Any]:
    def forward(self: Remote, *args: Any) -> Any:
        return handle_of(self).link.ask(name, self, *args)

    return forward


def _computed(name: str, *, is_reflected: bool = False) -> Callable[..., Any]:
    def compute(self: Remote, other: Any, *more: Any) -> Any:
        link = handle_of(self).link
        if link.may_tell(self, other):
            return link.ask(name, *((other, self) if is_reflected else (self, other)), *more)
        # `f(3) - 3` would tell the program what is expected, and it could answer 0.
        is_plain, mine = link.ask("plain", self)
        if not is_plain:
            return _not_told(self)
        return OPERATORS[name](*((other, mine) if is_reflected else (mine, other)), *more)

    return compute


def _compared(name: str) -> Callable[[Remote, Any], Any]:
    is_equality = name in {"__eq__", "__ne__"}

    def compare(self: Remote, other: Any) -> Any:
        link, is_other_remote = handle_of(self).link, type(other) is Remote
        # Among objects of classes that tests name, and for the order of those that tests made, the class has the word.
        is_known = is_other_remote and (link.is_known(self) or link.is_known(other))
        if not link.is_careful or is_known or (not is_equality and link.has_made(self)):
            return link.ask(name, self, other)
        is_plain, mine = link.ask("plain", self)
        if is_plain and is_other_remote:
            is_plain, other = link.ask("plain", other)
        if is_plain:
            return ORDER[name](mine, other)
        return NotImplemented if is_equality else _not_told(self)

    return compare


def _not_told(self: Remote) -> Any:
    """Return that nothing can be computed; of a class that tests name it may be otherwise. Raises BrokenError."""
    link, name = handle_of(self).link, handle_of(self).type
    if link.is_careful and link.is_known(self):
        raise BrokenError(
            f"a “{name}” that the program made may not know what it is compared or computed with"
        )
    return NotImplemented


Remote.__name__ = "object of the program"  # people read it in the message of a test that fails
for _name in OPERATORS:
    setattr(Remote, _name, (_computed if _name in ARITHMETIC else _forwarded)(_name))
for _name in _BINARY:
    setattr(Remote, f"__r{_name}__", _computed(f"__{_name}__", is_reflected=True))
for _name in ORDER:
    setattr(Remote, _name, _compared(_name))


async def _asked(remote: Remote) -> Any:
    return handle_of(remote).link.ask("await", remote)


def awaited(remote: Remote) -> Coroutine[Any, Any, Any]:
    """Return in place of the other side's coroutine one of this side, which asyncio accepts."""
    return _asked(remote)
