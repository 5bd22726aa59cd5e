"""`program`: models write programs that compute the answer; the sandbox runs them, and equal outputs vote.

Mechanism: programs are written independently, a few at a time. Each is run as it stands, by a step without a model; the
last line that it prints is an answer like any other, judged, checked and counted as its model's try. It ends as a vote
does, by evidence. Where code cannot be run, or the first programs all fail, plain attempts take over.

Source: program-aided language models (Gao et al., 2022), program of thoughts (Chen et al., 2022).
Wins where an answer follows from a computation that models describe better than they carry it out: counting, search,
long arithmetic; loses where there is nothing to compute, for a program then prints what the model believed anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solver.core.programs import RunOrder
from solver.core.steps import Resources, Step, StepKind, StepResult
from solver.core.strategy import Setting
from solver.strategies.shared.common import MAX_TRIES, Common
from solver.strategies.shared.notes import Plan
from solver.text.code.code_blocks import program_in

_FIRST_WAVE = 3
_NEXT_WAVE = 2
_ATTEMPTS_AT_ONCE = 4
_MOST_FAILURES = 4
"""So many more programs without an answer than with one, and attempts are made instead."""


@dataclass(frozen=True, slots=True)
class ProgramPlan(Plan):
    """Who writes programs, or makes attempts where `computes` is false: no program prints an essay."""

    computes: bool = True


class Program(Common[ProgramPlan]):
    """The state of one vote of programs; derived from tells alone."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._unrun: dict[str, tuple[str, str]] = {}
        """By key of the step that is to run it: a program, and the model that wrote it."""
        self._written = 0
        self._failures = 0
        self._answers = 0
        self._off = False

    def make_plan(self) -> ProgramPlan:
        """Choose who writes in turn."""
        return ProgramPlan(self.roles.rotation(), self.problem.result.is_short)

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for runs of what was written, then for more programs; for attempts where programs come to nothing."""
        if self._is_useless():
            wave = 0 if resources.in_flight else _ATTEMPTS_AT_ONCE
            return self.samples(resources, "sample", upto=MAX_TRIES, most=wave)
        if self._unrun:
            runs = [self._run(key) for key in self._unrun if key not in resources.in_flight]
            return runs[: resources.free_slots]
        return self._programs(resources)

    def _programs(self, resources: Resources) -> list[Step]:
        """Return the programs of this wave that are missing."""
        begun = self._written - _FIRST_WAVE
        upto = _FIRST_WAVE + (begun // _NEXT_WAVE + 1) * _NEXT_WAVE if begun >= 0 else _FIRST_WAVE
        steps: list[Step] = []
        hint = self.problem.checker.hint() if self.problem.checker else ""
        for index in self.missing("program", resources):
            can_ask = index < upto and len(steps) < resources.free_slots
            model = self.solver(index, resources) if can_ask else None
            if model is None:
                break
            purpose = f"Write program {index + 1}"
            steps.append(
                self.about(f"program/{index}", StepKind.PROGRAM, model, [], purpose=purpose, extra=hint)
            )
        return steps

    def _run(self, key: str) -> Step:
        source, model = self._unrun[key]
        parents = (f"program/{key.rpartition('/')[2]}",)
        return Step(key, StepKind.OUTPUT, "Ran its program", model, parents=parents, run=RunOrder((source,)))

    def _is_useless(self) -> bool:
        """Tell whether programs come to nothing here."""
        return not self.plan.computes or self._off or self._failures - self._answers >= _MOST_FAILURES

    def take(self, result: StepResult) -> None:
        """Keep a program that was written; count what it came to."""
        if result.kind is StepKind.PROGRAM:
            number = result.key.rpartition("/")[2]
            self._missing["program"].tell(int(number))
            self._written += 1
            source = program_in(result.text)
            if source is None:
                self._failures += 1
            else:
                self._unrun[f"output/{number}"] = (source, result.model)
        elif result.kind is StepKind.OUTPUT:
            self._unrun.pop(result.key, None)
            self._off = self._off or "off" in (result.note or {})
            self._answers += result.answer_key is not None
            self._failures += result.answer_key is None

    def stage(self) -> str:
        """Say whether programs are written or attempts made."""
        return "Explore" if self._is_useless() else "Compute"
