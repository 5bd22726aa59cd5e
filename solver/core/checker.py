"""What every checker is: it says of an answer whether it is right, and goes into JSON and back."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple, Protocol

from solver.core.problem.result_kind import ResultKind
from solver.core.problem.rubric import Criterion
from solver.core.programs import FunctionCall, Program, Ran
from solver.core.verdict import Verdict


class SchemaError(NamedTuple):
    """Where a value does not fit a JSON Schema, and why."""

    path: tuple[str | int, ...]
    message: str


class ChildTools(Protocol):
    """What takes heavy libraries, at hand in a child of the judge; solver/judging/child_tools.py has the real ones."""

    def same(self, one: str, other: str, /) -> bool | None:
        """Return whether two texts mean the same; None: one of them can't be read as mathematics."""
        ...

    def converted(self, value: Fraction, given: str, wanted: str, /) -> Fraction | None:
        """Return what an amount of one unit is in another, None where a unit is unknown.

        Raises ValueError where the two measure different things.
        """
        ...

    def schema_errors(self, schema: Mapping[str, Any], value: Any, /, *, most: int) -> list[SchemaError]:
        """Return the first errors of a value. Raises ValueError for a schema that cannot be used."""
        ...


class Checker(Protocol):
    """Checks answers to one problem in-process; hostile answers must not make it slow or raise.

    What would need more than bounded work is left undecided: where `reads_values` holds, the judge works the answer's
    value out in a process that can be killed, and asks `check_value`; where `needs_child` holds, `check_in_child` is
    called in such a process.
    """

    kind: ClassVar[str]
    computes: ClassVar[bool]
    """Whether it computes what is right; others compare with an answer that somebody typed."""
    result: ClassVar[ResultKind | None]
    """What should come back where it is to check; None: it checks whatever does."""
    runs_code: ClassVar[bool]
    """Whether what `check` leaves undecided is decided by running untrusted code."""

    @property
    def reads_values(self) -> bool:
        """Whether the exact value of an undecided answer decides."""
        ...

    @property
    def needs_child(self) -> bool:
        """Whether an undecided answer is worth a process of its own: its check may be slow, or needs heavy libraries."""
        ...

    @property
    def is_checkable(self) -> bool:
        """Whether it can ever say that an answer is right."""
        ...

    @property
    def passes_nothing(self) -> str:
        """Why no answer can be right, as a sentence; empty where one may be, or where nobody can tell."""
        ...

    @property
    def answer_count(self) -> int | None:
        """How many different answers there are; None: any number."""
        ...

    @property
    def rubric(self) -> tuple[Criterion, ...]:
        """By which criteria models are to judge, for money; none: it does not ask for that."""
        ...

    def hint(self) -> str:
        """Return what a model is told about the form of the answer, as a sentence."""
        ...

    def answer_in(self, reply: str, /) -> str | None:
        """Return the answer of a reply, None where it has none."""
        ...

    def check(self, answer: str, /) -> Verdict:
        """Return whether an answer is right, wrong or undecided."""
        ...

    def check_value(self, value: Fraction | None, /) -> Verdict:
        """Return the verdict on the exact value of an answer that was undecided; None: it is no number."""
        ...

    def check_in_child(self, answer: str, tools: ChildTools, /) -> Verdict:
        """Return the verdict on an undecided answer; runs in a child of the judge, which is killed when it takes long."""
        ...

    def to_run(self, answer: str, /) -> Program | FunctionCall:
        """Return what has to be run to decide on an answer, if it `runs_code`."""
        ...

    def verdict_on(self, wanted: Program | FunctionCall, ran: Ran, /) -> Verdict:
        """Return the verdict that follows from a run."""
        ...

    def trials(self) -> tuple[str, ...]:
        """Return answers that it must not pass, if it is worth its name."""
        ...

    def fault_in(self, verdict: Verdict, ran: Ran, /) -> str:
        """Return in a sentence what the verdict on such an answer says against the checker; empty: nothing."""
        ...

    def undecided(self, detail: str) -> Verdict:
        """Return that it cannot tell, and why, in a sentence."""
        ...

    def key(self, answer: str, /) -> str | None:
        """Return the canonical key by which equal answers are known, None to name it as any answer is named."""
        ...

    def describe(self) -> str:
        """Return what is checked, as the end of a sentence without its full stop: `equals 58`."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what `checker_from_json` reads."""
        ...

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        ...
