"""Steps a strategy asks for, and the results it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from solver.core.request import Message, Reply
from solver.core.verdict import Judgement, Verdict


class StepKind(StrEnum):
    """What a step is for. A note records a decision and makes no call."""

    SAMPLE = "sample"
    REVISE = "revise"
    GRADE = "grade"
    COMPARE = "compare"
    AGGREGATE = "aggregate"
    PLAN = "plan"
    WRITE_UP = "write_up"
    NOTE = "note"

    @property
    def answers(self) -> bool:
        """Whether a reply of this kind holds an answer of the problem, to be extracted, named and checked."""
        return self in {StepKind.SAMPLE, StepKind.REVISE, StepKind.AGGREGATE, StepKind.WRITE_UP}


class Status(StrEnum):
    """How a told step ended."""

    OK = "ok"
    FAILED = "failed"
    NOTE = "note"


class StopReason(StrEnum):
    """Why a job ended; always set, always shown in words."""

    SOLVED = "solved"
    CONFIDENT = "confident"
    BUDGET_REACHED = "budget_reached"
    TIME_LIMIT = "time_limit"
    NO_PROGRESS = "no_progress"
    FINISHED_BY_USER = "finished_by_user"
    CANCELLED = "cancelled"
    FAULT = "fault"
    """It could not be continued: of another release, or it crashed each worker that took it."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a strategy wants. `key` is its path in the strategy, such as `sample/3`: the same in every execution.

    `parents` are the keys of the candidates that the prompt shows, in their order. `subproblem` marks a step about
    another question than the job's, to whose answers the job's checker does not apply. `at_length` asks a model that
    reasons to do so for as long as it can, and allows it the output for that.
    """

    key: str
    kind: StepKind
    purpose: str = ""
    model: str = ""
    messages: tuple[Message, ...] = ()
    parents: tuple[str, ...] = ()
    note: Mapping[str, Any] | None = None
    subproblem: bool = False
    at_length: bool = False


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a strategy is told. `seq` orders the tellings of a job; `charged_nano` is what the user pays, in nano-USD."""

    key: str
    kind: StepKind
    status: Status
    attempt: int = 1
    seq: int = 0
    model: str = ""
    purpose: str = ""
    parents: tuple[str, ...] = ()
    text: str = ""
    reasoning: str = ""
    answer: str | None = None
    answer_key: str | None = None
    verdict: Verdict | None = None
    note: Mapping[str, Any] | None = None
    finish_reason: str = ""
    error: str = ""
    charged_nano: int = 0
    tokens: int = 0
    subproblem: bool = False

    @classmethod
    def of(
        cls,
        step: Step,
        reply: Reply,
        judgement: Judgement,
        *,
        charged_nano: int,
        tokens: int,
        attempt: int = 1,
    ) -> "StepResult":
        """Return what a step's reply came to: how it was judged, and what the user pays for it."""
        return cls(
            key=step.key,
            kind=step.kind,
            status=Status.OK,
            attempt=attempt,
            model=step.model,
            purpose=step.purpose,
            parents=step.parents,
            text=reply.text,
            reasoning=reply.reasoning,
            answer=judgement.answer,
            answer_key=judgement.key,
            verdict=judgement.verdict,
            finish_reason=reply.finish_reason,
            charged_nano=charged_nano,
            tokens=tokens,
            subproblem=step.subproblem,
        )

    @classmethod
    def failed(cls, step: Step, error: str, *, attempt: int) -> "StepResult":
        """Return what a step came to that was given up."""
        return cls(
            step.key, step.kind, Status.FAILED, attempt, model=step.model, purpose=step.purpose,
            parents=step.parents, error=error, subproblem=step.subproblem,
        )  # fmt: skip

    @classmethod
    def noted(cls, step: Step) -> "StepResult":
        """Return what a note came to: itself."""
        return cls(
            step.key, step.kind, Status.NOTE, purpose=step.purpose, parents=step.parents, note=step.note
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed answer with the evidence for it."""

    answer: str
    text: str
    key: str | None
    step_key: str
    confidence: float
    explanation: str
    checked: str = ""
    dissent: tuple[tuple[str, int], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what a page shows of it while the job runs."""
        return {
            "answer": self.answer,
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "explanation": self.explanation,
            "checked": self.checked,
            "dissent": [{"answer": answer, "votes": votes} for answer, votes in self.dissent],
        }

    @classmethod
    def from_json(cls, shown: Mapping[str, Any]) -> "Candidate | None":
        """Return the candidate that `as_json` described, without its keys; None where nothing was shown."""
        if not (shown.get("answer") or shown.get("text")):
            return None
        dissent = tuple((other["answer"], other["votes"]) for other in shown.get("dissent", ()))
        return cls(
            answer=shown.get("answer") or "", text=shown.get("text") or "", key=None, step_key="",
            confidence=shown.get("confidence") or 0.0, explanation=shown.get("explanation") or "",
            checked=shown.get("checked") or "", dissent=dissent,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resources:
    """What a strategy may use at this moment.

    `affordable` names the models of which one more call of typical length fits into the free money; `in_flight` holds
    the keys being executed now, so that a strategy's own state derives from what it was told alone.
    """

    free_slots: int
    free_nano: int
    affordable: frozenset[str] = frozenset()
    in_flight: Mapping[str, Step] = field(default_factory=dict)
