"""What crosses the line between tests and the program that they test, as JSON: plain data, and handles on the rest.

Given to both sides as a text, so it imports nothing of the project. A reader makes data of what it reads, and nothing
else: whoever writes cannot have it run anything.
"""

import builtins
import collections
import datetime as dt
import decimal
import fractions
import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any

_WRAPPED: Mapping[str, tuple[type, Callable[[Any], Any]]] = {
    "tuple": (tuple, tuple),
    "set": (set, set),
    "frozenset": (frozenset, frozenset),
    "deque": (collections.deque, collections.deque),
    "range": (range, lambda parts: range(*parts)),
    "slice": (slice, lambda parts: slice(*parts)),
}
_AS_TEXT: Mapping[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "int": (int, hex, lambda text: int(text, 16)),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "bytearray": (bytearray, bytearray.hex, bytearray.fromhex),
    "complex": (complex, repr, complex),
    "Decimal": (decimal.Decimal, str, decimal.Decimal),
    "Fraction": (fractions.Fraction, str, fractions.Fraction),
    "datetime": (dt.datetime, lambda it: it.isoformat(), dt.datetime.fromisoformat),
    "date": (dt.date, lambda it: it.isoformat(), dt.date.fromisoformat),
    "time": (dt.time, lambda it: it.isoformat(), dt.time.fromisoformat),
    "timedelta": (
        dt.timedelta,
        lambda it: str(it // dt.timedelta(microseconds=1)),
        lambda text: dt.timedelta(microseconds=int(text)),
    ),
}
_NAMES = {kind: name for name, (kind, _) in _WRAPPED.items()}
_TEXT_NAMES = {kind: name for name, (kind, *_) in _AS_TEXT.items()}
_JSON_BITS = 4_000
"""Longer integers are written in base 16: Python refuses to read that many decimal digits."""
_ARRAY_KINDS = frozenset("biufcU")
"""Of numpy: numbers, truth values and texts."""
_MAPPINGS = (dict, collections.Counter, collections.OrderedDict)
_MAPPING_NAMES: Mapping[str, Callable[[dict[Any, Any]], Any]] = {kind.__name__: kind for kind in _MAPPINGS}
_MUTABLE = (list, *_MAPPINGS, set, bytearray, collections.deque)


class Values:
    """Writes and reads values; what is no plain data is left to `to_handle` and `from_handle`."""

    def __init__(
        self, to_handle: Callable[[Any], dict[str, Any]], from_handle: Callable[[Mapping[str, Any]], Any]
    ) -> None:
        self._to_handle = to_handle
        self._from_handle = from_handle

    def write(self, value: Any) -> Any:
        """Return a value as JSON has it: exact types alone are plain, a subclass may behave in its own way."""
        kind = type(value)
        if kind is int and value.bit_length() > _JSON_BITS:
            return {"int": hex(value)}
        if value is None or kind in (bool, int, float, str):
            return value
        if kind is list:
            return [self.write(each) for each in value]
        if kind in _MAPPINGS:
            return {kind.__name__: [[self.write(key), self.write(each)] for key, each in value.items()]}
        if kind in (range, slice):
            return {_NAMES[kind]: [value.start, value.stop, value.step]}
        if kind in _NAMES:
            return {_NAMES[kind]: [self.write(each) for each in value]}
        if str(kind.__module__) == "numpy" and (array := _array(value)) is not None:
            return {"numpy": [*array[:2], self.write(array[2])]}
        if kind in _TEXT_NAMES:
            return {_TEXT_NAMES[kind]: _AS_TEXT[_TEXT_NAMES[kind]][1](value)}
        name = value.__name__ if isinstance(value, type | types.BuiltinFunctionType) else ""
        if name and getattr(builtins, name, None) is value:
            return {"builtin": name}
        return self._to_handle(value)

    def read(self, written: Any) -> Any:
        """Return the value that was written. Raises ValueError, TypeError or KeyError for what nobody writes."""
        if isinstance(written, list):
            return [self.read(each) for each in written]
        if not isinstance(written, dict):
            return written
        if len(written) == 1:
            [(name, held)] = written.items()
            if name in _MAPPING_NAMES:
                return _MAPPING_NAMES[name]({self.read(key): self.read(each) for key, each in held})
            if name in _WRAPPED:
                return _WRAPPED[name][1]([self.read(each) for each in held])
            if name in _AS_TEXT:
                return _AS_TEXT[name][2](held)
            if name == "numpy":
                return _from_array(held[0], held[1], self.read(held[2]))
        return self._from_handle(written)


def _array(value: Any) -> tuple[str, list[int] | None, Any] | None:
    """Return type, shape and data of an array of numbers or texts; of one number no shape. None: it is another thing."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind not in _ARRAY_KINDS or type(value).__name__ == "matrix":
        return None
    return value.dtype.str, list(value.shape) if type(value).__name__ == "ndarray" else None, value.tolist()


def _from_array(kind: Any, shape: list[int] | None, data: Any) -> Any:
    numpy = importlib.import_module("numpy")
    if not isinstance(kind, str) or numpy.dtype(kind).kind not in _ARRAY_KINDS:
        raise ValueError(kind)
    return numpy.dtype(kind).type(data) if shape is None else numpy.array(data, kind).reshape(shape)


def may_change(value: Any) -> bool:
    """Tell whether a function that is given this may change it in place."""
    kind = type(value)
    return kind in _MUTABLE or _is_array(kind) or (kind is tuple and any(map(may_change, value)))


def _is_array(kind: type) -> bool:
    return kind.__module__ == "numpy" and kind.__name__ == "ndarray"


def renew(old: Any, new: Any) -> None:
    """Change a container in place into what the other side made of its copy; what is kept inside stays the same."""
    if type(old) is not type(new):
        return
    if _is_array(type(old)):
        old[...] = new
    elif type(old) is tuple:
        for before, after in zip(old, new, strict=False):
            renew(before, after)
    elif type(old) in _MAPPINGS:
        kept = {key: _renewed(old.get(key), each) for key, each in new.items()}
        old.clear()
        old.update(kept)
    elif type(old) is set:
        old.clear()
        old.update(new)
    elif type(old) in _MUTABLE:
        kept_items = [
            _renewed(old[place] if place < len(old) else None, each) for place, each in enumerate(new)
        ]
        old.clear()
        old.extend(kept_items)


def _renewed(old: Any, new: Any) -> Any:
    if type(old) is type(new) and may_change(old):
        renew(old, new)
        return old
    return new
