"""`choice`: the answer is one of several options, and the right one where that is known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field, listed
from solver.checkers.recognise import ProblemKind
from solver.checkers.recognise_result import options_of
from solver.checkers.shared.option_names import (
    REASON,
    after,
    bare,
    denied_name,
    is_denied,
    is_marked,
    mentions,
    names_of,
    plain_answer,
    same_formula,
    without_subject,
)
from solver.core.problem.result_kind import ResultKind
from solver.core.verdict import Verdict
from solver.text.keys import bounded_key, quick_key, split_key, text_key

MAX_OPTIONS = 20
MAX_OPTION_CHARS = 40
_MAX_ANSWER_CHARS = 2_000
_TWO = 2
# `2 + 1 =` of `2 + 1 = 3`
_WORKED_OUT = re.compile(r"^[-+*/×·÷0-9.() ]{1,100}= ?(?=\S)")
_LABEL = re.compile(
    r"(?:option |choice )?(?:[(\[](?:[A-Za-z]|[0-9]{1,2})[)\]][.:]?|(?:[A-Za-z]|[0-9]{1,2})[).:])\s+(?=\S)",
    re.IGNORECASE,
)


def _is_label_like(name: str, label: str) -> bool:
    """Tell whether an option's name is a letter as a label is, or begins with a digit as a label does."""
    return name[:1].isdigit() if re.search("[0-9]", label) else len(name) == 1 and name.isalpha()


@dataclass(frozen=True, slots=True)
class Choice(BaseChecker):
    """Reads an option from `(b)`, `B. Paris`, `B because …` or `The answer is B`.

    Without `expected` no answer is known to be right.
    """

    kind: ClassVar[str] = "choice"
    title: ClassVar[str] = "One of several choices"
    result: ClassVar[ResultKind | None] = ResultKind.CHOICE
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
        typed = given.get("options", "").strip()
        # On lines of their own, or between semicolons, options may hold commas.
        separator = next((sign for sign in "\n;" if sign in typed), ",")
        parts = typed.split(separator)
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

    @classmethod
    def recognise(cls, problem: str, /) -> Self | None:
        """Return the choice among the options that a problem offers; long ones go by their letters alone."""
        offered = options_of(problem)
        if offered is None:
            return None
        if all(len(option) <= MAX_OPTION_CHARS for option in offered.options):
            return cls(offered.options)
        letters = tuple(option.partition(") ")[0] for option in offered.options)
        return cls(letters) if all(len(letter) == 1 for letter in letters) else None

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
        separator = "; " if any("," in option for option in self.options) else ", "
        return f"The answer is one of: {separator.join(self.options)}."

    def check(self, answer: str, /) -> Verdict:
        """Compare the option that the answer names; undecided where the right one is unknown, or the answer is unread."""
        option = self._option_of(answer)
        if option is None:
            denied = denied_name(plain_answer(answer)) if self.expected else None
            if denied and self._option_of(denied) == (self._option_of(self.expected or "") or self.expected):
                return self.verdict(f"The answer is not {self.expected}.", passed=False)
            if self._may_name_one(answer):
                return self.undecided(f"It is not clear which of {listed(self.options)} the answer names.")
            return self.verdict(f"The answer is not one of {listed(self.options)}.", passed=False)
        if not self.expected:
            return self.undecided(f"The answer is {option}; which one is right is not known.")
        passed = option == (self._option_of(self.expected) or self.expected)
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
        """Return the option that an answer names, or None; what names two names none."""
        if len(answer) > _MAX_ANSWER_CHARS:
            return None
        names = names_of(self.options)
        plain = plain_answer(answer)
        label = _LABEL.match(plain)
        if label and not any(_is_label_like(name, label[0]) for name in names):
            # `(A) Paris` where no option is a letter: the problem's own letters, which need not go by place.
            plain = plain[label.end() :]
        exact = names.get(bare(plain)) or names.get(plain.casefold()) or same_formula(plain, names)
        exact = exact or names.get(bare(without_subject(plain)))
        if exact is not None:
            return exact
        begun = {
            option
            for name, option in names.items()
            if (rest := after(plain, name)) is not None
            and not is_denied(rest)
            and not self._named_in(rest, names, besides=option, is_marked=is_marked(plain, name))
        }
        if len(begun) == 1:
            return begun.pop()
        ended = re.search(r"\(([A-Za-z0-9])\)$", plain)
        if ended and not begun:
            option = names.get(ended[1].casefold())
            before = plain[: ended.start()]
            return option if option and not self._named_in(before, names, besides=option) else None
        return None if begun else self._of_equal_value(answer)

    def _of_equal_value(self, answer: str) -> str | None:
        """Return the one option that is the same number, or the number of the same amount: `15` of `15 apples`."""
        key = quick_key(_WORKED_OUT.sub("", answer.strip(), count=1))
        if key is None or not key.startswith(("num:", "pct:")):
            return None
        for wanted in dict.fromkeys((key, split_key(key)[0])):
            equal = [option for option in self.options if quick_key(option) == wanted]
            if equal:
                return equal[0] if len(equal) == 1 else None
        return None

    def _named_in(
        self, rest: str, names: Mapping[str, str], *, besides: str, is_marked: bool = False
    ) -> bool:
        """Tell whether another option is named before a reason begins."""
        said = REASON.split(rest, maxsplit=1)[0]
        if names.get(bare(said), besides) != besides:
            # `(B) increases`, where that is what A says.
            return True
        if is_marked and not re.match(r"\s*(?:,|/|or\b|and\b|&)", said):
            # `(D) All of A, B and C`: the text of the option may speak of others.
            return False
        return any(mentions(said, name) for name, option in names.items() if option != besides)

    def _may_name_one(self, answer: str) -> bool:
        """Tell whether a sentence speaks of an option, or a letter may stand for one by its place."""
        if len(answer) > _MAX_ANSWER_CHARS:
            return True
        plain = plain_answer(answer)
        if re.fullmatch(r"[(\[]?[a-tA-T][)\].]?", plain):
            place = ord(plain.strip("()[].").casefold()) - ord("a")
            return place < len(self.options) and all(len(option) > 1 for option in self.options)
        if len(self.options) == _TWO and re.match(r"(?:not|never)\b", plain, re.IGNORECASE):
            # Of two options the one that it is not leaves the other.
            return True
        named = {option for name, option in names_of(self.options).items() if mentions(plain, name)}
        return len(named) == 1 and (len(plain.split()) > 3 or is_denied(plain.partition(" ")[2]))
