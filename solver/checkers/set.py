"""`set`: the answer has exactly the expected members, in any order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import Field
from solver.checkers.shared.members import Members


@dataclass(frozen=True, slots=True)
class SetOf(Members):
    """A member that is named twice counts once."""

    kind: ClassVar[str] = "set"
    title: ClassVar[str] = "A set"
    ordered: ClassVar[bool] = False
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "set_members",
            "Expected members, with commas or one per line",
            "2, 3, 5",
            is_long=True,
            max_chars=2_000,
        ),
    )
    terminal_examples: ClassVar[tuple[str, ...]] = ("set:2,3,5",)

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the members. Raises CheckerError."""
        return cls.of_text(given.get("set_members", ""))

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read `2, 3, 5`."""
        return {"set_members": text}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"set_members": self.fields_text()}

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return "The answer is a set: its members with commas between them, in any order."
