"""`choice`: the answer is one of several options, and the right one where that is known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field, listed
from solver.checkers.recognise import ProblemKind
from solver.core.result_kind import ResultKind
from solver.core.verdict import Verdict
from solver.text.keys import bounded_key, quick_key, text_key
from solver.text.values.latex import strip_wrappers

MAX_OPTIONS = 20
MAX_OPTION_CHARS = 40
_MAX_ANSWER_CHARS = 2_000
_TWO = 2
_LABELLED = re.compile(r"\(?([A-Za-z0-9])[).:]\s+(\S.*)")
_LABEL = re.compile(r"(?:option |choice )?(?:[(\[][A-Za-z][)\]][.:]?|[A-Za-z][).:])\s+(?=\S)", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|clearly),? )?(?:i (?:think|believe|choose|pick|say|would say"
    r"|go with|select) (?:that )?)?"
    r"(?:(?:(?:the|my) )?(?:(?:final|correct|right|best|most likely|true) )?(?:answer|option|choice"
    r"|statement|one)(?: is|:)?"
    r"(?: (?:option|choice))? |it is |it[’']s |(?:it|they|this|that|these|those) (?:will|would|should|must|can) )?",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\s*[,;:.–—-]?\s*\b(?:because|since|as|for|given|due|rather than|instead of)\b|\s*[,;(–—-]\s*(?:and )?not\b",
    re.IGNORECASE,
)


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
        names = _names_of(self.options)
        plain = _plain(answer)
        label = _LABEL.match(plain)
        if label and not any(len(name) == 1 and name.isalpha() for name in names):
            # `(A) Paris` where no option is a letter: the problem's own letters, which need not go by place.
            plain = plain[label.end() :]
        exact = names.get(_bare(plain)) or names.get(plain.casefold())
        if exact is not None:
            return exact
        begun = {option for name, option in names.items() if (rest := _after(plain, name)) is not None
                 and not self._named_in(rest, names, besides=option, is_marked=_is_marked(plain, name))}  # fmt: skip
        if len(begun) == 1:
            return begun.pop()
        ended = re.search(r"\(([A-Za-z0-9])\)$", plain)
        if ended and not begun:
            option = names.get(ended[1].casefold())
            before = plain[: ended.start()]
            return option if option and not self._named_in(before, names, besides=option) else None
        return None if begun else self._of_equal_value(answer)

    def _of_equal_value(self, answer: str) -> str | None:
        """Return the one option that is the same number."""
        key = quick_key(answer)
        if key is None or not key.startswith(("num:", "pct:")):
            return None
        equal = [option for option in self.options if quick_key(option) == key]
        return equal[0] if len(equal) == 1 else None

    def _named_in(
        self, rest: str, names: Mapping[str, str], *, besides: str, is_marked: bool = False
    ) -> bool:
        """Tell whether another option is named before a reason begins."""
        said = _REASON.split(rest, maxsplit=1)[0]
        if is_marked and not re.match(r"\s*(?:,|/|or\b|and\b|&)", said):
            # `(D) All of A, B and C`: the text of the option may speak of others.
            return False
        return any(_mentions(said, name) for name, option in names.items() if option != besides)

    def _may_name_one(self, answer: str) -> bool:
        """Tell whether a sentence speaks of an option, or a letter may stand for one by its place."""
        if len(answer) > _MAX_ANSWER_CHARS:
            return True
        plain = _plain(answer)
        if re.fullmatch(r"[(\[]?[a-tA-T][)\].]?", plain):
            place = ord(plain.strip("()[].").casefold()) - ord("a")
            return place < len(self.options) and all(len(option) > 1 for option in self.options)
        if len(self.options) == _TWO and re.match(r"(?:not|never)\b", plain, re.IGNORECASE):
            # Of two options the one that it is not leaves the other.
            return True
        named = {option for name, option in _names_of(self.options).items() if _mentions(plain, name)}
        return len(named) == 1 and len(plain.split()) > 3


def _names_of(options: tuple[str, ...]) -> dict[str, str]:
    """Return the options by the names they go by, in small letters: letter, text, or both."""
    labelled = [_LABELLED.fullmatch(option) for option in options]
    names = {_bare(option): option for option in options}
    if all(labelled):
        for option, found in zip(options, labelled, strict=True):
            assert found is not None  # all are
            names.setdefault(found[1].casefold(), option)
            names.setdefault(_bare(found[2]), option)
    return names


def _plain(answer: str) -> str:
    """Return an answer without wrappings, emphasis and the words that lead to it."""
    plain = strip_wrappers(answer).replace("**", "").replace("__", "").replace("`", "").strip()
    return _LEAD.sub("", plain, count=1).strip()


def _bare(text: str) -> str:
    return strip_wrappers(text).casefold().strip("()[]{}.:*\"'“”!, ")


def _after(plain: str, name: str) -> str | None:
    """Return what stands behind an option's name at the beginning of an answer, or None where it does not begin so."""
    head = plain.lstrip("([\"'“ ")
    if not name or not head.casefold().startswith(name):
        return None
    # A small letter may be a word (`a car`).
    rest = head[len(name) :]
    is_letter = len(name) == 1 and name.isalpha()
    opened = len(plain) > len(head)
    closing = rest[:1] in {")", "]", '"', "”", "'"} and (opened or rest[:1] in {")", "]"})
    if closing:
        return rest[1:]
    if re.match(r"[.,][0-9]|[-/:^*+=%'’]\w|\w|[+#]", rest):
        return None
    if re.match(r"[.,:;!–—]|\s?[-–—]\s|\s?\(", rest):
        return rest
    if _REASON.match(rest) or re.match(r"\s+(?:is|are|or|and|was|would)\b", rest):
        return rest
    is_capital = is_letter and head[0].isupper() and name not in {"a", "i"}
    return rest if is_capital else None


def _is_marked(plain: str, name: str) -> bool:
    """Tell whether an answer begins with an option's letter as lists have it: `(D) …`, `D) …`, `D. …`."""
    return (
        len(name) == 1
        and re.match(rf"[(\[]?{re.escape(name)}(?:[)\]]|[.:](?= ))", plain, re.IGNORECASE) is not None
    )


def _mentions(text: str, name: str) -> bool:
    """Tell whether a text names an option: a letter only where it can't be the article or a variable of a sentence."""
    if not name:
        return False
    if len(name) == 1 and name.isalpha():
        letter = re.escape(name.upper())
        # “A” before a small letter is the article, not the option.
        alone = rf"(?<![\w'’]){letter}(?![\w'’])(?! (?!and\b|or\b|is\b)[a-z])"
        marked = rf"\({letter}\)|\({re.escape(name)}\)|\b(?:option|choice|or|and) {letter}\b"
        return re.search(f"{alone}|{marked}", text) is not None
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w]|[.,][0-9])", text.casefold()) is not None
