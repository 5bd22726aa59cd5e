"""`decompose`: split the problem, solve each part with a share of the budget, and combine the answers of the parts.

Mechanism: a plan step names up to six smaller problems. Each part is a job inside the job, run by `auto` with its own
share of half the budget. What the parts came to stands in the prompt of a few composing steps, beside which the whole
problem is tried directly: composed answers rest on the same parts, so only the first of them counts in full, and direct
tries can overrule them. A plan that splits nothing leaves the budget to direct tries.

Source: least-to-most prompting (Zhou et al., 2022), decomposed prompting (Khot et al., 2022).
Wins on problems of several independent parts, each too hard to get right along with the others; loses where the
difficulty is in one idea, and on short problems, where the plan costs more than a try.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from solver.checkers import pose
from solver.core.steps import Resources, Status, Step, StepKind, StepResult
from solver.core.strategy import Setting
from solver.strategies.auto import Auto
from solver.strategies.shared.child import Child
from solver.strategies.shared.common import MAX_TRIES, Common
from solver.strategies.shared.notes import Note, Plan
from solver.text.prompting.prompts import clipped, messages_for, read_parts

DEPTH = 2
_MAX_PLANS = 2
_COMPOSED = 3
_IN_FLIGHT = 4
_MAX_PART_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class SplitPlan(Plan):
    """Whether the problem is split."""

    splits: bool = False


@dataclass(frozen=True, slots=True)
class PartAnswers(Note):
    """What the parts came to, as the composing prompts show it."""

    answers: str = ""


class Decompose(Common[SplitPlan]):
    """The state of the plan, of its parts and of the tries on the whole."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._depth = int(setting.options.get("depth", DEPTH))
        self._plans = 0
        self._split: StepResult | None = None
        self._parts: dict[str, Child] = {}
        self._answers: str | None = None
        self._first_composed: str | None = None

    def make_plan(self) -> SplitPlan:
        """Choose who plans and solves, and what a part runs; splitting needs money for a plan and a dozen tries."""
        solvers = self.roles.rotation()
        affordable = 12 * self.roles.typical_nano(solvers[0], shown=1) <= self.setting.budget_nano
        return SplitPlan(solvers, self._depth > 0 and affordable)

    # Asking ---------------------------------------------------------------------------------------------------

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for the split, then for what the parts want, then for tries on the whole."""
        if self.plan.splits and self._split is None and self._plans < _MAX_PLANS:
            return self._planning(resources)
        if self._parts and self._answers is None:
            steps = self._of_parts(resources)
            if steps or any(child.owns(key) for child in self._parts.values() for key in resources.in_flight):
                return steps
            return [self._composing_note()]
        return self._on_the_whole(resources)

    def _planning(self, resources: Resources) -> list[Step]:
        key = f"split/{self._plans}"
        model = self.solver(0, resources, shown=1)
        if model is None:
            # No plan can be paid, but one more try may be.
            return self.samples(resources, "sample", upto=MAX_TRIES, most=int(not resources.in_flight))
        if not self.untried(key, resources):
            return []
        messages = messages_for(StepKind.PLAN, self.problem.text)
        return [Step(key, StepKind.PLAN, "Split the problem", model, messages)]

    def _of_parts(self, resources: Resources) -> list[Step]:
        steps: list[Step] = []
        for child in self._parts.values():
            left = replace(
                resources, free_slots=resources.free_slots - sum(s.kind is not StepKind.NOTE for s in steps)
            )
            if child.done() is None and left.free_slots > 0:
                steps += [replace(step, subproblem=True) for step in child.ask(left)]
        return steps

    def _composing_note(self) -> Step:
        """Fix what the parts came to: that nothing more was affordable for them depends on the money."""
        found = []
        for child in self._parts.values():
            best = child.best()
            answer = best.answer or clipped(best.text)[:_MAX_PART_CHARS] if best else "unknown"
            sure = f"{best.confidence or 0.0:.0%} sure" if best else "not solved"
            found.append(f"Part: {child.setting.problem.text}\nAnswer of the part ({sure}): {answer}")
        note = PartAnswers("\n\n".join(found)).as_note()
        return Step("parts", StepKind.NOTE, "Answers of the parts", note=note)

    def _on_the_whole(self, resources: Resources) -> list[Step]:
        """Ask for composed answers and direct tries, in turn, a few at a time."""
        left = min(resources.free_slots, _IN_FLIGHT - len(resources.in_flight))
        steps = [self._compose(number, resources) for number in range(_COMPOSED)] if self._answers else []
        composing = [step for step in steps if step is not None][: max(left, 0)]
        return [
            *composing,
            *self.samples(resources, "sample", upto=MAX_TRIES, most=max(left - len(composing), 0)),
        ]

    def _compose(self, number: int, resources: Resources) -> Step | None:
        key = f"compose/{number}"
        model = self.solver(number, resources, shown=1)
        if model is None or not self.untried(key, resources):
            return None
        extra = f"The problem was split, and its parts were solved:\n\n{self._answers}"
        return self.about(key, StepKind.AGGREGATE, model, [], purpose="Combine the parts", extra=extra)

    # Being told -----------------------------------------------------------------------------------------------

    def tell(self, result: StepResult) -> None:
        """Pass on what is a part's; of what is composed only the first counts in full."""
        for child in self._parts.values():
            if child.owns(result.key):
                child.tell(result)
                return
        if result.kind is StepKind.AGGREGATE and result.key != self._first_composed:
            if self._first_composed is None:
                self._first_composed = result.key
            else:
                result = replace(result, parents=(self._first_composed,))
        super().tell(result)

    def take(self, result: StepResult) -> None:
        """Take in the split and what the parts came to."""
        if result.key == "parts":
            self._answers = PartAnswers.from_note(result.note).answers
        elif result.kind is StepKind.PLAN:
            self._plans += 1
            parts = read_parts(result.text) if result.status is Status.OK else []
            if self._split is None and (len(parts) > 1 or result.status is Status.OK):
                self._split = result
                self._open_parts(parts if len(parts) > 1 else [])

    def _open_parts(self, parts: Sequence[str]) -> None:
        options = {**self.setting.options, "depth": self._depth - 1}
        for number, text in enumerate(parts):
            share_nano = self.setting.budget_nano // (2 * len(parts))
            problem = pose(text)
            setting = replace(self.setting, problem=problem, budget_nano=share_nano, options=options)
            self._parts[f"part/{number}"] = Child(f"part/{number}", Auto(setting), setting)

    def stage(self) -> str:
        """Say whether parts are solved or the whole."""
        if self._parts and self._answers is None:
            return f"Solve {len(self._parts)} parts"
        return "Compose" if self._answers else "Explore"

    def phase(self) -> str:
        """Say how far it is; parts are at work before there is any try on the whole."""
        return self.stage() if self._parts and not self.evidence.tries else super().phase()
