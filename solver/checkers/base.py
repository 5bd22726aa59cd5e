"""What checkers have in common: fields declared once for form and terminal, JSON, and the three verdicts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar, Self

from solver.checkers.recognise import ProblemKind, guess_kind
from solver.core.checker import ChildTools
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.rubric import Criterion
from solver.core.programs import FunctionCall, Program, Ran
from solver.core.verdict import Verdict
from solver.text.extract import extract_answer

MAX_FIELD_CHARS = 1_000


class CheckerError(ValueError):
    """A checker that can't be used; the message says what was wrong, what is expected and what to do."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a checker in the form. Its name is one that no other checker's field has."""

    name: str
    label: str
    placeholder: str = ""
    is_long: bool = False
    max_chars: int = 500


class BaseChecker(ABC):
    """The base of the checkers: frozen dataclasses whose attributes are what goes into JSON.

    A subclass declares what form, terminal and documentation show of it, reads itself (`from_fields`), says what it
    checks (`describe`), and checks.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    """How the form offers it."""
    form_fields: ClassVar[tuple[Field, ...]]
    form_hint: ClassVar[str] = ""
    """A sentence below its fields."""
    terminal_examples: ClassVar[tuple[str, ...]]
    """How it is written behind `--check`: `number:3.14±0.01`."""
    result: ClassVar[ResultKind | None] = ResultKind.ANSWER
    """What should come back where it is to check; None: it checks whatever does."""
    computes: ClassVar[bool] = False
    """Whether it computes what is right; others compare with an answer that somebody typed."""
    runs_code: ClassVar[bool] = False
    """Whether an undecided answer is decided by running untrusted code: see `to_run`, `verdict_on`, `trials`."""
    runs_programs: ClassVar[bool] = False
    """Whether that is a whole program, and not the call of one function."""

    # Reading --------------------------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def from_fields(cls, given: Mapping[str, str], problem: str, /) -> Self:
        """Return the checker of filled-in fields, stripped texts by name. Raises CheckerError."""

    @classmethod
    @abstractmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Return the fields of what stands behind the colon of `--check KIND:…`."""

    @classmethod
    def recognise(cls, _problem: str, /) -> Self | None:
        """Return the checker that a problem describes by itself, or None when in doubt."""
        return None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return a checker from what `to_json` made. Raises CheckerError for one that lacks a value."""
        types = {each.name: each.type for each in fields(cls)}  # type: ignore[arg-type]  # every subclass is a dataclass
        kept = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        # A program that writes JSON by hand writes numbers as numbers: `"tolerance": 0.01`.
        kept |= {
            name: str(value)
            for name, value in kept.items()
            if types.get(name) in (str, str | None) and type(value) in (int, float)
        }
        try:
            return cls(**{name: value for name, value in kept.items() if name in types})
        except TypeError as error:
            raise CheckerError(
                f"The checker “{cls.kind}” lacks a value. Choose its values again and start a new job."
            ) from error

    def to_json(self) -> dict[str, Any]:
        """Return the checker as it is kept with a job; what is None is left out."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]  # likewise
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {"kind": self.kind, **{name: value for name, value in plain.items() if value is not None}}

    @abstractmethod
    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""

    # Checking -------------------------------------------------------------------------------------------------

    @property
    def reads_values(self) -> bool:
        """Whether the exact value of an undecided answer decides."""
        return False

    @property
    def needs_child(self) -> bool:
        """Whether an undecided answer is worth a process of its own."""
        return False

    @property
    def is_checkable(self) -> bool:
        """Whether it can ever say that an answer is right."""
        return True

    @property
    def passes_nothing(self) -> str:
        """Why no answer can be right, as a sentence; empty where one may be, or where nobody can tell."""
        return ""

    @property
    def answer_count(self) -> int | None:
        """How many different answers there are; None: any number."""
        return None

    @property
    def rubric(self) -> tuple[Criterion, ...]:
        """By which criteria models are to judge; none: it does not ask for that."""
        return ()

    def problem_kind(self, text: str, /) -> ProblemKind:
        """Return the kind of a problem with this checker."""
        return guess_kind(text)

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return ""

    def answer_in(self, reply: str, /) -> str | None:
        """Return the answer of a reply, None where it has none."""
        return extract_answer(reply)

    @abstractmethod
    def check(self, answer: str, /) -> Verdict:
        """Return whether an answer is right, wrong or undecided."""

    def check_value(self, _value: Fraction | None, /) -> Verdict:
        """Return the verdict on the exact value of an undecided answer."""
        return self.undecided("The value of the answer is not checked.")

    def check_in_child(self, answer: str, _tools: ChildTools, /) -> Verdict:
        """Return the verdict on an undecided answer; runs in a child of the judge, which is killed when it takes long."""
        return self.check(answer)

    def to_run(self, answer: str, /) -> Program | FunctionCall:
        """Return what has to be run to decide on an answer."""
        raise NotImplementedError

    def verdict_on(self, wanted: Program | FunctionCall, ran: Ran, /) -> Verdict:
        """Return the verdict that follows from what `to_run` wanted and what came of it."""
        raise NotImplementedError

    def trials(self) -> tuple[str, ...]:
        """Return answers that a checker worth its name does not pass; it is tried on them before the first call."""
        return ()

    def fault_in(self, verdict: Verdict, _ran: Ran, /) -> str:
        """Return in a sentence what the verdict on such an answer says against the checker; empty: nothing."""
        if verdict.passed:
            return f"It passes what cannot be right: {verdict.detail}"
        return verdict.detail if verdict.is_undecided else ""

    def key(self, _answer: str, /) -> str | None:
        """Return the canonical key of an answer, None to name it as any answer is named."""
        return None

    @abstractmethod
    def describe(self) -> str:
        """Return what is checked, as the end of a sentence without its full stop."""

    def verdict(self, detail: str, *, passed: bool, score: float | None = None) -> Verdict:
        """Return that an answer is right or wrong, and why, in a sentence; `score` is how nearly right it is."""
        return Verdict(passed, self.kind, detail, score)

    def undecided(self, detail: str) -> Verdict:
        """Return that the checker cannot tell, and why, in a sentence."""
        return Verdict(None, self.kind, detail)


def listed(items: Sequence[object]) -> str:
    """Return things in words: `3, 7 and 12`."""
    texts = [str(item) for item in items]
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]
