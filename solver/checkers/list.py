"""`list`: the answer has the expected members in the expected order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import Field
from solver.checkers.shared.members import Members


@dataclass(frozen=True, slots=True)
class ListOf(Members):
    """Members count as often as they are named."""

    kind: ClassVar[str] = "list"
    title: ClassVar[str] = "A list in order"
    ordered: ClassVar[bool] = True
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "list_members",
            "Expected members, with commas or one per line",
            "2, 3, 5",
            is_long=True,
            max_chars=2_000,
        ),
    )
    terminal_examples: ClassVar[tuple[str, ...]] = ("list:2,3,5",)

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the members. Raises CheckerError."""
        return cls.of_text(given.get("list_members", ""))

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read `2, 3, 5`."""
        return {"list_members": text}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"list_members": self.fields_text()}

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return "The answer is a list: its members with commas between them, in order."
