"""What strategies note: decisions that depend on money, panel or learned values, for other executions to keep."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Note:
    """The content of a note step. A subclass gives each field a default, which stands where a note lacks it."""

    @classmethod
    def from_note(cls, note: Mapping[str, Any] | None, otherwise: Self | None = None) -> Self:
        """Read a note, also one that another release made: what it lacks, or holds as another type, is `otherwise`."""
        otherwise = otherwise or cls()
        kept = note or {}
        defaults = {each.name: getattr(otherwise, each.name) for each in fields(cls)}
        return cls(**{name: _like(default, kept.get(name)) for name, default in defaults.items()})

    def as_note(self) -> dict[str, Any]:
        """Return the note as it goes into the journal."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Plan(Note):
    """Who tries, in turn; a strategy adds what else it plans."""

    solvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedPlan(Plan):
    """Who tries, and who grades or compares."""

    judge: str = ""


def _like(default: Any, value: Any) -> Any:
    """Return the value if it is of the default's type, else the default; a tuple is one of texts, a list in JSON."""
    if isinstance(default, tuple):
        texts = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        return tuple(value) if texts else default
    return value if type(value) is type(default) else default
