"""What strategies have in common: evidence, a plan noted once, tries in rotation, and when to stop."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.request import Message
from solver.core.steps import Candidate, Resources, Status, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.inference.data_evidence import DataEvidence
from solver.inference.emptiness import emptiness_of
from solver.inference.evidence import Evidence
from solver.inference.explanation import count_of
from solver.strategies.shared.missing_indices import MissingIndices
from solver.strategies.shared.notes import Plan
from solver.strategies.shared.panel_roles import PanelRoles
from solver.text.prompting.prompts import messages_for

DEFAULT_TARGET = 0.95
_ANY = Problem("")
"""What a refusal refuses does not matter."""
MAX_TRIES = 20_000
_MAX_FAILED_IN_A_ROW = 8
_MAX_EMPTY_IN_A_ROW = 24
_MAX_EMPTY_FROM_THE_START = 8
"""After so many replies, none of them with an answer, each model that was not asked yet is asked once."""


class Common[P: Plan]:
    """The base of the strategies that plan, sample, judge and stop by evidence.

    A subclass says what it plans (`make_plan`), what it wants (`wanted`) and what it does with a new result (`take`).
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.problem = setting.problem
        self.roles = PanelRoles(setting)
        self.evidence = Evidence(setting.problem, setting.panel, setting.parameters)
        self.data = DataEvidence(setting.problem) if setting.problem.result is ResultKind.DATA else None
        self.target = float(setting.options.get("confidence_target", DEFAULT_TARGET))
        self.max_tries = MAX_TRIES
        self._noted_plan: P | None = None
        self._messages = setting.problem.messages()
        # A raised budget may pay for a model that was too dear to be asked.
        self._given_up_key = f"given-up/{setting.budget_nano}"
        self._has_given_up = False
        self._missing: defaultdict[str, MissingIndices] = defaultdict(MissingIndices)

    # To be filled in ------------------------------------------------------------------------------------------

    def make_plan(self) -> P:
        """Return the plan, made from the setting alone; it is noted, so that another execution keeps to it."""
        raise NotImplementedError

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Return the steps wanted now, at most `resources.free_slots`."""
        raise NotImplementedError

    def take(self, result: StepResult) -> None:
        """Take in a result told for the first time."""

    # The protocol ---------------------------------------------------------------------------------------------

    def ask(self, resources: Resources) -> Sequence[Step]:
        """Return the plan first, then what is wanted."""
        if self._noted_plan is None:
            note = Step("plan", StepKind.NOTE, "Plan", note=self._made_plan.as_note())
            return () if note.key in resources.in_flight else (note,)
        if resources.free_slots <= 0:
            return ()
        empties = self.evidence.empties
        if not empties.answered and empties.in_a_row >= _MAX_EMPTY_FROM_THE_START:
            return self._from_others(resources)
        return self.wanted(resources)

    def tell(self, result: StepResult) -> None:
        """Take in one result; the same key twice counts once."""
        if not self.evidence.tell(result):
            return
        if self.data:
            self.data.tell(result)
        path, _, number = result.key.rpartition("/")
        if result.kind.answers and number.isdigit():
            self._missing[path].tell(int(number))
        if result.key == "plan":
            self._noted_plan = self._read_plan(result)
        elif result.key.startswith("given-up/"):
            self._has_given_up = self._has_given_up or result.key == self._given_up_key
        else:
            self.take(result)

    def best(self) -> Candidate | None:
        """Return the proven answer, else the most probable one, else any reply at all."""
        best = (self.data.best() if self.data else None) or self.evidence.best()
        # What was not proven has a probability only where tries are counted answer by answer.
        if best is None or self.problem.result.is_short or self.evidence.proven:
            return best
        return replace(best, confidence=None)

    def done(self) -> StopReason | None:
        """Stop when proven, when sure enough, or when nothing helps."""
        known = self.evidence
        if known.proven:
            return StopReason.SOLVED
        if not self.problem.is_checkable and self.is_sure():
            return StopReason.CONFIDENT
        is_useless = (
            known.failed_in_a_row >= _MAX_FAILED_IN_A_ROW
            or known.empties.in_a_row >= _MAX_EMPTY_IN_A_ROW
            or self._has_given_up
        )
        return StopReason.NO_PROGRESS if is_useless or known.tries >= self.max_tries else None

    def is_sure(self) -> bool:
        """Tell whether the evidence suffices where no checker decides."""
        return self.evidence.confidence() >= self.target

    def phase(self) -> str:
        """Return how many attempts and answers there are, in words."""
        if not self.evidence.tries:
            return "Plan"
        answers = count_of(len(self.evidence.clusters), "answer", "answers")
        return f"{self.stage()} — {count_of(self.evidence.tries, 'attempt', 'attempts')}, {answers}"

    def stage(self) -> str:
        """Return the current stage in a word."""
        return "Explore"

    # The plan -------------------------------------------------------------------------------------------------

    @property
    def plan(self) -> P:
        """The plan that was noted; before that, the one that will be."""
        return self._noted_plan or self._made_plan

    @cached_property
    def _made_plan(self) -> P:
        return self.make_plan()

    def _read_plan(self, result: StepResult) -> P:
        """Read a noted plan; what an earlier release did not note is planned now, as is who tries if all have left."""
        plan = self._made_plan.from_note(result.note, self._made_plan)
        known = tuple(name for name in plan.solvers if name in self.roles.cards)
        return replace(plan, solvers=known or self._made_plan.solvers)

    # Steps ----------------------------------------------------------------------------------------------------

    def untried(self, key: str, resources: Resources) -> bool:
        """Tell whether a step is neither told nor in flight."""
        return not self.evidence.told(key) and key not in resources.in_flight

    def missing(self, path: str, resources: Resources) -> Iterator[int]:
        """Yield the numbers of the steps `path/0`, `path/1`… that are neither told nor in flight, without end."""
        return (index for index in self._missing[path] if f"{path}/{index}" not in resources.in_flight)

    def samples(self, resources: Resources, path: str, *, upto: int, most: int | None = None) -> list[Step]:
        """Return independent tries `path/0`, `path/1`… below `upto` that are still missing, within the free slots."""
        most = resources.free_slots if most is None else min(most, resources.free_slots)
        steps: list[Step] = []
        for index in self.missing(path, resources):
            if index >= upto or len(steps) >= most:
                break
            model = self.solver(index, resources)
            if model is None:
                break
            steps.append(self.sample(path, index, model))
        return steps

    def sample(self, path: str, index: int, model: str) -> Step:
        """Return one independent try."""
        return Step(f"{path}/{index}", StepKind.SAMPLE, f"Attempt {index + 1}", model, self._messages)

    def _from_others(self, resources: Resources) -> Sequence[Step]:
        """Return a try of each model that has not shown yet that it gives no answer; a note once there is none left."""
        heard = self.evidence.empties.models | {step.model for step in resources.in_flight.values()}
        others = [
            card.name
            for card in self.roles.solvers
            if card.name not in heard and card.name in resources.affordable
        ]
        if others:
            pairs = zip(others[: resources.free_slots], self.missing("other", resources), strict=False)
            return [self.sample("other", number, model) for model, number in pairs]
        if resources.in_flight:
            return ()
        return (Step(self._given_up_key, StepKind.NOTE, "No reply holds an answer"),)

    def solver(self, index: int, resources: Resources, *, shown: int = 0) -> str | None:
        """Return the model whose turn it is, another one if that costs too much, or None if none is affordable."""
        names = self.plan.solvers
        for name in (names[index % len(names)], *names, *self.roles.cards):
            if name in self.roles.cards and self.roles.can_afford(name, resources, shown=shown):
                return name
        return None

    def about(
        self,
        key: str,
        kind: StepKind,
        model: str,
        shown: Sequence[StepResult],
        *,
        purpose: str,
        extra: str = "",
    ) -> Step:
        """Return a step whose prompt shows candidates, in their order."""
        messages: tuple[Message, ...] = messages_for(
            kind, self.problem.text, [each.text for each in shown], extra=extra, result=self.problem.result
        )
        return Step(key, kind, purpose, model, messages, parents=tuple(result.key for result in shown))


def usable(result: StepResult) -> bool:
    """Tell whether a result holds a text that is worth showing to another step: a refusal is not."""
    if result.status is not Status.OK or not result.text.strip():
        return False
    emptiness = emptiness_of(result, _ANY) if result.kind.answers else None
    return emptiness is None or not emptiness.says_nothing
