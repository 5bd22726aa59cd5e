"""Exceptions that cross the line between tests and program (`link.py`)."""

from collections.abc import Mapping
from typing import Any

from solver.checkers.unit_testing.values import Values


class BrokenError(Exception):
    """No fault of the program: the tests cannot be run, or cannot be believed."""


class Errors:
    """Writes and reads exceptions; a class of the other side's own gets one here in its place, for `except`."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._classes: dict[int, type[BaseException]] = {}

    def write(self, error: BaseException) -> dict[str, Any]:
        """Return an exception as JSON has it."""
        try:
            text, with_it = str(error), dict(vars(error))
        except BaseException:  # noqa: BLE001  # an exception may raise when it is asked for its text
            text, with_it = "", {}
        return {
            "class": self._values.write(type(error)),
            "args": [self._values.write(each) for each in error.args],
            "text": text,
            "with": {key: self._values.write(each) for key, each in with_it.items()},
        }

    def read(self, written: Mapping[str, Any]) -> BaseException:
        """Return the exception that was written. Raises TypeError for what is none."""
        cls = self._values.read(written["class"])
        args = [self._values.read(each) for each in written["args"]]
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):
            raise TypeError(written)
        try:
            made = cls(*args)
        except Exception:  # noqa: BLE001  # some need other arguments than they keep
            made = cls.__new__(cls)
            made.args = tuple(args)
        vars(made).update({key: self._values.read(each) for key, each in written["with"].items()})
        vars(made)["_text"] = str(written["text"])
        return made

    def write_class(self, cls: type[BaseException], place: int) -> dict[str, Any]:
        """Return a class of exceptions as JSON has it."""
        bases = [self._values.write(base) for base in cls.__bases__ if issubclass(base, BaseException)]
        return {"class": place, "name": cls.__name__, "bases": bases}

    def read_class(self, written: Mapping[str, Any]) -> type[BaseException]:
        """Return this side's class in place of one of the other. Raises TypeError."""
        place = written["class"]
        if place not in self._classes:
            bases = tuple(self._values.read(base) for base in written["bases"])
            if not bases or not all(issubclass(base, BaseException) for base in bases):
                raise TypeError(written)
            made = type(str(written["name"]), bases, {"__str__": lambda error: vars(error).get("_text", "")})
            self._classes[place] = made
        return self._classes[place]
