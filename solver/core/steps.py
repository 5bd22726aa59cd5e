"""Steps a strategy asks for, and the results it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from solver.core.problem.rubric import JudgedCriterion
from solver.core.programs import Observed, RunOrder
from solver.core.request import Message, Reply, ToolCall
from solver.core.tools import ToolOrder, ToolOutcome, ToolSpec
from solver.core.verdict import Judgement, Verdict


class StepKind(StrEnum):
    """What a step is for.

    A note records a decision, a run what programs did on given inputs, an output what one printed as its answer, a tool
    what a model had looked up or computed: none of them calls a model. The program of an output comes from a step of the
    kind `program`, the inputs of a run may come from one of the kind `tests`. A sample that may use tools is told as a
    turn where its reply calls some instead of answering. A question asks whether the problem is unclear.
    """

    SAMPLE = "sample"
    REVISE = "revise"
    GRADE = "grade"
    COMPARE = "compare"
    GROUP = "group"
    RUBRIC = "rubric"
    AGGREGATE = "aggregate"
    PLAN = "plan"
    PROGRAM = "program"
    TESTS = "tests"
    WRITE_UP = "write_up"
    QUESTION = "question"
    TURN = "turn"
    TOOL = "tool"
    OUTPUT = "output"
    RUN = "run"
    NOTE = "note"

    @property
    def answers(self) -> bool:
        """Whether what comes of this kind holds an answer of the problem, to be extracted, named and checked."""
        return self in {
            StepKind.SAMPLE,
            StepKind.REVISE,
            StepKind.AGGREGATE,
            StepKind.WRITE_UP,
            StepKind.OUTPUT,
        }

    @property
    def runs_programs(self) -> bool:
        """Whether programs are run for it, in the sandbox."""
        return self in {StepKind.RUN, StepKind.OUTPUT}

    @property
    def calls_model(self) -> bool:
        """Whether a model is asked for it, for money."""
        return self not in {StepKind.NOTE, StepKind.TOOL} and not self.runs_programs


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
    NOT_ALLOWED = "not_allowed"
    """Its person did not allow a step above the price that they had set, or did not answer in time."""
    CANCELLED = "cancelled"
    FAULT = "fault"
    """It could not be continued: of another release, or it crashed each worker that took it."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a strategy wants. `key` is its path in the strategy, such as `sample/3`: the same in every execution.

    `parents` are the keys of the candidates that the prompt shows, or whose programs are run, in their order.
    `subproblem` marks a step about another question than the job's, to whose answers the job's checker does not apply.
    `at_length` asks a model that reasons to do so for as long as it can, and allows it the output for that. `run` is
    what a step of a kind that runs programs wants; its `model` is who wrote the program, if that is one. `tools` are
    those that the model may call, `order` is the one use that a step of the kind `tool` wants.
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
    run: RunOrder | None = None
    tools: tuple[ToolSpec, ...] = ()
    order: ToolOrder | None = None

    @property
    def functions(self) -> tuple[dict[str, Any], ...]:
        """The tools as providers are told of them."""
        return tuple(tool.as_function() for tool in self.tools)


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
        calls = reply.tool_calls if step.tools else ()
        return cls(
            key=step.key,
            kind=StepKind.TURN if calls else step.kind,
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
            note={"tool_calls": [asdict(call) for call in calls]} if calls else None,
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

    @classmethod
    def ran(
        cls, step: Step, seen: Sequence[Observed], judgement: Judgement | None = None, *, text: str = ""
    ) -> "StepResult":
        """Return what the programs of a step did: in its note, and for an output as its text and answer."""
        judgement = judgement or Judgement()
        note = {
            **(step.note or {}),
            "seen": [{"outputs": [*one.outputs], "examples": [*one.examples]} for one in seen],
            "seconds": round(sum(one.wall_s for one in seen), 1),
        }
        return cls(
            step.key, step.kind, Status.OK, model=step.model, purpose=step.purpose, parents=step.parents,
            text=text, answer=judgement.answer, answer_key=judgement.key, verdict=judgement.verdict,
            note=note,
        )  # fmt: skip

    @classmethod
    def used(
        cls, step: Step, outcome: ToolOutcome, *, charged_nano: int = 0, attempt: int = 1
    ) -> "StepResult":
        """Return what the use of a tool came to: its text, and in the note what was asked and the rest."""
        assert step.order is not None, "a step that uses a tool says which"
        kept = outcome.to_json()
        note = {"tool": step.order.tool, "arguments": dict(step.order.arguments), "outcome": kept}
        text = kept.pop("text")
        return cls(
            step.key, step.kind, Status.OK, attempt, model=step.model, purpose=step.purpose, parents=step.parents,
            text=text, note={**note, "seconds": kept["wall_s"]}, charged_nano=charged_nano,
        )  # fmt: skip

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Which tools a turn called."""
        return tuple(ToolCall(**call) for call in (self.note or {}).get("tool_calls", ()))

    @property
    def outcome(self) -> ToolOutcome:
        """What the use of a tool came to."""
        return ToolOutcome.from_json({**(self.note or {}).get("outcome", {}), "text": self.text})

    @classmethod
    def not_run(cls, step: Step, why: str) -> "StepResult":
        """Return that the programs of a step could not be run here, and why, in a sentence."""
        return cls(
            step.key, step.kind, Status.OK, model=step.model, purpose=step.purpose, parents=step.parents,
            note={**(step.note or {}), "off": why},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed answer with the evidence for it."""

    answer: str
    text: str
    key: str | None
    step_key: str
    confidence: float | None
    """The calibrated probability that it is right; None where nothing is calibrated for its kind of result."""
    explanation: str
    checked: str = ""
    dissent: tuple[tuple[str, int], ...] = ()
    rubric: tuple[JudgedCriterion, ...] = ()
    """What a judge said of it by the user's rubric, where there is one."""

    def as_json(self) -> dict[str, Any]:
        """Return what a page shows of it while the job runs."""
        return {
            "answer": self.answer,
            "text": self.text,
            "step": self.step_key,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "explanation": self.explanation,
            "checked": self.checked,
            "dissent": [{"answer": answer, "votes": votes} for answer, votes in self.dissent],
            "rubric": [each._asdict() for each in self.rubric],
        }

    @classmethod
    def from_json(cls, shown: Mapping[str, Any]) -> "Candidate | None":
        """Return the candidate that `as_json` described, without its key; None where nothing was shown."""
        if not (shown.get("answer") or shown.get("text")):
            return None
        dissent = tuple((other["answer"], other["votes"]) for other in shown.get("dissent", ()))
        return cls(
            answer=shown.get("answer") or "", text=shown.get("text") or "", key=None,
            step_key=str(shown.get("step") or ""),
            confidence=shown.get("confidence"), explanation=shown.get("explanation") or "",
            checked=shown.get("checked") or "", dissent=dissent,
            rubric=tuple(JudgedCriterion.from_json(each) for each in shown.get("rubric", ())),
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
