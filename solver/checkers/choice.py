"""`choice`: the answer is one of several options, and the right one where that is known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field, listed
from solver.checkers.recognise import ProblemKind
from solver.core.verdict import Verdict
from solver.text.extract import bounded_key, text_key
from solver.text.latex import strip_wrappers

MAX_OPTIONS = 20
MAX_OPTION_CHARS = 40
_MAX_ANSWER_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Choice(BaseChecker):
    """Reads an option from `(b)`, `B. Paris` or `option B`. Without `expected` no answer is known to be right."""

    kind: ClassVar[str] = "choice"
    title: ClassVar[str] = "One of several choices"
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field("options", "Choices, one per line", is_long=True, max_chars=2_000),
        Field("choice_expected", "The correct one, if you know it", max_chars=200),
    )
    terminal_examples: ClassVar[tuple[str, ...]] = ("choice:A,B,C", "choice:A,B,C=B")

    options: tuple[str, ...]
    expected: str | None = None

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the options and the right one. Raises CheckerError."""
        parts = re.split(r"[,;\n]", given.get("options", ""))
        names = tuple(part.strip() for part in parts if part.strip())
        folded = {name.casefold(): name for name in names}
        if not 2 <= len(names) <= MAX_OPTIONS or len(folded) < len(names):
            raise CheckerError(
                f"Choice checker: enter 2 to {MAX_OPTIONS} different options, such as A, B, C."
            )
        if any(len(name) > MAX_OPTION_CHARS for name in names):
            raise CheckerError(
                f"Choice checker: an option is longer than {MAX_OPTION_CHARS} characters. Use its letter."
            )
        expected = given.get("choice_expected", "").strip()
        if expected and expected.casefold() not in folded:
            raise CheckerError(
                f"Choice checker: “{expected[:20]}” is not one of {', '.join(names)}. Choose one."
            )
        return cls(names, folded[expected.casefold()] if expected else None)

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read `A,B,C` or `A,B,C=B`."""
        options, _, expected = text.partition("=")
        return {"options": options, "choice_expected": expected}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"options": "\n".join(self.options), "choice_expected": self.expected or ""}

    @property
    def is_checkable(self) -> bool:
        """Whether the right option is known."""
        return bool(self.expected)

    @property
    def answer_count(self) -> int | None:
        """How many options there are."""
        return len(self.options)

    def problem_kind(self, _text: str, /) -> ProblemKind:
        """A choice, whatever it is about."""
        return "choice"

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return f"The answer is one of: {', '.join(self.options)}."

    def check(self, answer: str, /) -> Verdict:
        """Compare the option that the answer names; undecided where the right one is unknown."""
        option = self._option_of(answer)
        if option is None:
            return self.verdict(f"The answer is not one of {listed(self.options)}.", passed=False)
        if not self.expected:
            return self.undecided(f"The answer is {option}; which one is right is not known.")
        passed = option == self.expected
        return self.verdict(
            f"The answer is {option}{'' if passed else f', not {self.expected}'}.", passed=passed
        )

    def key(self, answer: str, /) -> str | None:
        """Name an answer by its option."""
        option = self._option_of(answer)
        return text_key(answer) if option is None else bounded_key("choice", option)

    def describe(self) -> str:
        """Return what is checked, in words."""
        return f"is one of {listed(self.options)}" + (f", namely {self.expected}" if self.expected else "")

    def _option_of(self, answer: str) -> str | None:
        """Return the option that an answer names, or None."""
        if len(answer) > _MAX_ANSWER_CHARS:
            return None
        options = {option.casefold(): option for option in self.options}
        plain = strip_wrappers(answer).casefold().removeprefix("option ").removeprefix("choice ").strip()
        for tried in (plain, plain.strip("()[]{}.:*\"' ")):
            if tried in options:
                return options[tried]
        head = plain.lstrip("([ ")
        named = [
            option
            for folded, option in options.items()
            if head.startswith((f"{folded})", f"{folded}.", f"{folded}:", f"{folded}]"))
        ]
        return named[0] if len(named) == 1 else None
