"""`regex`: the whole answer fits a regular expression."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.core.checker import ChildTools
from solver.core.problem.result_kind import ResultKind
from solver.core.verdict import Verdict
from solver.text.values.latex import strip_wrappers

_MAX_PATTERN_CHARS = 500
_MAX_ANSWER_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Regex(BaseChecker):
    """Matches in a child of the judge: a pattern that takes for ever costs that child, and the answer stays undecided."""

    kind: ClassVar[str] = "regex"
    title: ClassVar[str] = "A regular expression"
    result: ClassVar[ResultKind | None] = None
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "pattern",
            "Regular expression of the whole answer",
            "[A-Z]{2}[0-9]{4}",
            max_chars=_MAX_PATTERN_CHARS,
        ),
    )
    form_hint: ClassVar[str] = (
        "Python’s syntax. The whole answer has to fit; begin with (?i) to leave capitals aside."
    )
    terminal_examples: ClassVar[tuple[str, ...]] = ("regex:[A-Z]{2}[0-9]{4}",)

    pattern: str

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the pattern. Raises CheckerError."""
        pattern = given.get("pattern", "").strip()
        if not pattern or len(pattern) > _MAX_PATTERN_CHARS:
            raise CheckerError(
                f"Regular expression: enter one of at most {_MAX_PATTERN_CHARS} characters, such as [A-Z]{{2}}[0-9]{{4}}."
            )
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise CheckerError(
                f"Regular expression: {error}. Correct it; Python’s syntax is expected."
            ) from error
        return cls(pattern)

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read the pattern."""
        return {"pattern": text}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"pattern": self.pattern}

    @property
    def needs_child(self) -> bool:
        """Every pattern is matched in a child."""
        return True

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return f"The answer fits the regular expression {self.pattern} as a whole, with nothing around it."

    def check(self, _answer: str, /) -> Verdict:
        """Leave it to the child."""
        return self.undecided("Whether the answer fits the regular expression took too long to find out.")

    def check_in_child(self, answer: str, _tools: ChildTools, /) -> Verdict:
        """Match the answer, as it is and without its wrappings."""
        if len(answer) > _MAX_ANSWER_CHARS:
            return self.undecided("The answer is too long to be matched.")
        pattern = re.compile(self.pattern)
        fits = any(
            pattern.fullmatch(tried)
            for tried in dict.fromkeys((answer, answer.strip(), strip_wrappers(answer)))
        )
        return self.verdict(
            f"The answer {'fits' if fits else 'does not fit'} the regular expression.", passed=fits
        )

    def trials(self) -> tuple[str, ...]:
        """Return a text that no pattern of an answer fits: one that does fits anything."""
        return ("⟦ this is no answer ⟧ 7#?",)

    def describe(self) -> str:
        """Return what is checked, in words."""
        return f"fits the regular expression {self.pattern}"
