"""What a person may choose of how a job runs; `Job.options` keeps it as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from jobs.core.errors import SubmitError
from solver.core.problem.result_kind import ResultKind

LEAST_TARGET = 0.5
MAX_EXAMPLE_CHARS = 20_000
LEAST_WAIT_S = 3_600
LONGEST_WAIT_S = 24 * 3_600
WAITS = {3_600: "within an hour", 43_200: "by tonight"}
"""How long a person can let a job take, in seconds from its start, in words; terminal and programs take any time."""
LEAST_ANSWER_S = 60
LONGEST_ANSWER_S = 30 * 24 * 3_600
ANSWER_TIMES = {3_600: "an hour", 86_400: "a day", 3 * 86_400: "three days", 7 * 86_400: "a week"}
"""How long a person can let a job wait for an answer, in words; terminal and programs take any time."""
_BEYOND_REACH = 2.0
"""A confidence target that no answer reaches."""


def waiting_words(may_wait_s: int | None) -> str:
    """Return how long a job may take, in words that follow a time or stand before a colon."""
    if may_wait_s is None:
        return "within minutes"
    return WAITS.get(may_wait_s, f"within {may_wait_s / 3_600:.4g} hours")


def answer_time_words(within_s: int) -> str:
    """Return how long a job waits for an answer, in words that follow “for”."""
    return ANSWER_TIMES.get(within_s, f"{within_s / 3_600:.3g} hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """A job's options; what is None is left to the strategy. No models means the whole panel."""

    models: tuple[str, ...] = ()
    confidence_target: float | None = None
    value_nano: int | None = None
    max_tries: int | None = None
    passes: int | None = None
    depth: int | None = None
    result: ResultKind | None = None
    """What should come back; None: what the checker and the problem's words say."""
    may_wait_s: int | None = None
    """How long after its start it may take, so that calls may wait for a cheaper service tier; None: not at all."""
    example: str | None = None
    """An answer that the check should pass; it is tried on it before the first call."""
    asks_first: bool = False
    """Whether it may ask its person one question before the first attempt, where the problem is unclear."""
    ask_above_nano: int | None = None
    """Its person is asked before each single step that may cost more; None: before none."""
    answer_within_s: int | None = None
    """How long it waits for an answer to a question; None: as long as the site says."""
    is_never_sure: bool = False
    """No answer ends the job: it goes on until its tries or its money are used up. Measurements want that; neither form
    nor terminal offers it."""
    checks_tools: bool = False
    """Its models have one tool that adds, and no other: `manage.py models check` looks whether they call it."""

    @property
    def may_wait(self) -> bool:
        """Whether its calls may wait for a cheaper service tier."""
        return self.may_wait_s is not None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the options of a row. Keys that this release does not know are left out.

        Releases before this one kept the confidence target as text when it came from the form.
        """
        target = data.get("confidence_target")
        known = {
            name: data.get(name)
            for name in (
                "value_nano",
                "may_wait_s",
                "max_tries",
                "passes",
                "depth",
                "ask_above_nano",
                "answer_within_s",
            )
        }
        return cls(
            models=tuple(data.get("models") or ()),
            confidence_target=float(target) if target else None,
            result=ResultKind(data["result"]) if data.get("result") in set(ResultKind) else None,
            example=str(data["example"]) if data.get("example") else None,
            asks_first=data.get("asks_first") is True,
            is_never_sure=data.get("is_never_sure") is True,
            checks_tools=data.get("checks_tools") is True,
            **{name: None if value is None else int(value) for name, value in known.items()},
        )

    def to_json(self) -> dict[str, Any]:
        """Return what goes into `Job.options`: only what was chosen."""
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen["models"] = list(self.models) or None
        return {name: value for name, value in chosen.items() if value is not None and value is not False}

    def for_strategy(self) -> dict[str, Any]:
        """Return what a strategy reads; which models there are, its panel says, and what comes back, its problem."""
        unread = {
            "models", "result", "example", "may_wait_s", "is_never_sure", "asks_first", "ask_above_nano",
            "answer_within_s", "checks_tools",
        }  # fmt: skip
        read = {name: value for name, value in self.to_json().items() if name not in unread}
        return read | ({"confidence_target": _BEYOND_REACH} if self.is_never_sure else {})

    def check(self) -> None:
        """Raise SubmitError for a choice that no job can have."""
        target = self.confidence_target
        if target is not None and not LEAST_TARGET <= target < 1:
            raise SubmitError(
                f"A confidence of {target:g} is out of range: enter a probability from {LEAST_TARGET} to 0.999.",
                field="confidence_target",
                code="out_of_range",
            )
        if self.value_nano is not None and self.value_nano <= 0:
            raise SubmitError(
                "The value of a correct answer must be more than nothing: enter an amount such as 2.50, or none.",
                field="value",
                code="out_of_range",
            )
        if self.may_wait_s is not None and not LEAST_WAIT_S <= self.may_wait_s <= LONGEST_WAIT_S:
            raise SubmitError(
                f"A job can wait for {LEAST_WAIT_S // 3600} to {LONGEST_WAIT_S // 3600} hours, or not at all.",
                field="may_wait",
                code="out_of_range",
            )
        if self.ask_above_nano is not None and self.ask_above_nano <= 0:
            raise SubmitError(
                "The price above which to ask must be more than nothing: enter an amount such as 0.50, or none.",
                field="ask_above",
                code="out_of_range",
            )
        if (
            self.answer_within_s is not None
            and not LEAST_ANSWER_S <= self.answer_within_s <= LONGEST_ANSWER_S
        ):
            raise SubmitError(
                f"A job can wait for an answer for {LEAST_ANSWER_S // 60} minutes to {LONGEST_ANSWER_S // 86_400} days.",
                field="answer_within",
                code="out_of_range",
            )
        if self.example is not None and len(self.example) > MAX_EXAMPLE_CHARS:
            raise SubmitError(
                f"The answer that should pass is longer than {MAX_EXAMPLE_CHARS:,} characters. "
                "Enter a shorter one, or none.",
                field="example",
                code="too_long",
            )


NOTHING_CHOSEN = JobOptions()
