"""`code_vote`: several programs, run on the same inputs; the behaviour that most of them share wins.

Mechanism: programs are written independently, a few at a time. Inputs come from the examples that the problem shows,
from variations of them and, where it shows few, from tests that one call to another model writes. All programs are run
on them (a step without a model), those that behave alike are one answer, and solver/inference/behaviour.py chooses. A
clear lead ends it. Where nothing can run code, or nothing is there to run programs on, the same text is the same answer.

Source: CodeT (Chen et al., 2022), AlphaCode's clustering (Li et al., 2022). Runs inside `auto` where a program should
come back that no test of the user's checks. Wins where errors scatter in what programs do; loses where all programs
share one misreading of the problem.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from solver.core.programs import RunOrder
from solver.core.steps import Candidate, Resources, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.inference.behaviour import Behaviour, choose_by_behaviour, groups_alike, leads_clearly
from solver.inference.explanation import count_of
from solver.strategies.inside_auto.behaviour_report import candidate_of
from solver.strategies.shared.common import Common, usable
from solver.strategies.shared.notes import JudgedPlan, Note
from solver.text.code.code_examples import examples_in, function_asked, inputs_like, tests_in

_MOST_PROGRAMS = 12
_MOST_UNRUN = 5
_FIRST_WAVE = 3
_NEXT_WAVE = 2
_FEW_EXAMPLES = 3
_TESTS = "tests/0"
_SAME_TEXT = 3
"""So many programs of the same text settle it where none can be run."""


@dataclass(frozen=True, slots=True)
class CodePlan(JudgedPlan):
    """Who writes programs and who tests, and how many programs at most; fewer where none can be run."""

    programs: int = _MOST_PROGRAMS
    unrun: int = _MOST_UNRUN


@dataclass(frozen=True, slots=True)
class Inputs(Note):
    """On what programs are run: calls, and what the problem's examples and a model's tests say of some of them."""

    calls: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    """Each a call, with its value in the same place of `expected`."""
    expected: tuple[str, ...] = ()
    tests: int = 0
    """How many of the examples, the last ones, a model wrote."""
    prints: bool = False
    """Whether programs are run as they stand, for what they print."""


class CodeVote(Common[CodePlan]):
    """The state of one such vote; derived from tells alone."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._programs: list[StepResult] = []
        self._behaviours: dict[str, Behaviour] = {}
        self._inputs: Inputs | None = None
        self._tests = ""
        self._off = ""
        self._runs = 0

    def make_plan(self) -> CodePlan:
        """Choose who writes, and a model of another family for the tests."""
        solvers = self.roles.rotation()
        most = min(int(self.setting.options.get("max_tries") or _MOST_PROGRAMS), _MOST_PROGRAMS)
        return CodePlan(solvers, self.roles.choose_judge(solvers), most, min(most, _MOST_UNRUN))

    # Asking ---------------------------------------------------------------------------------------------------

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for a wave of programs; once it is home, for tests and for a run of what was not run yet."""
        unrun, upto = self._unrun(), min(self._wave_end(), self._most())
        steps = self.samples(resources, "sample", upto=upto)
        if steps or resources.in_flight:
            return steps
        if not unrun:
            return self.samples(resources, "sample", upto=min(upto + _NEXT_WAVE, self._most()))
        inputs = self._inputs or self._derived()
        return (self._ask_for_tests() if self._needs_tests(inputs, resources) else self._run(inputs),)

    def _wave_end(self) -> int:
        """Return how many programs there are once the present wave is home."""
        begun = self.evidence.tries - _FIRST_WAVE
        return _FIRST_WAVE + (-(-begun // _NEXT_WAVE) * _NEXT_WAVE if begun > 0 else 0)

    def _unrun(self) -> list[StepResult]:
        """Return programs that were not run, one for each text."""
        if self._off:
            return []
        unrun = {p.answer_key or "": p for p in self._programs if p.answer_key not in self._behaviours}
        return list(unrun.values())

    def _function(self) -> str:
        """Return the signature of the function that is asked for; empty where a program is to print something."""
        return function_asked(self.problem.text, [program.answer or "" for program in self._programs])

    def _derived(self) -> Inputs:
        """Return what to run programs on, from the problem, the programs and the tests so far."""
        name = self._function().partition("(")[0]
        shown, written = examples_in(self.problem.text, name), tests_in(self._tests, name)
        tests = [test for test in written if test.call not in {each.call for each in shown}]
        both = [*shown, *tests]
        if not name or not both:
            return Inputs(prints=True)
        return Inputs(
            calls=tuple(inputs_like(both)),
            examples=tuple(each.call for each in both),
            expected=tuple(each.expected for each in both),
            tests=len(tests),
        )

    def _needs_tests(self, inputs: Inputs, resources: Resources) -> bool:
        return (
            bool(self._function())
            and len(inputs.examples) < _FEW_EXAMPLES
            and self.untried(_TESTS, resources)
            and any(card.name == self.plan.judge for card in self.roles.readers)
            and self.roles.can_afford(self.plan.judge, resources, shown=1)
        )

    def _ask_for_tests(self) -> Step:
        extra = f"The function is called as in `{self._function()}`."
        return self.about(_TESTS, StepKind.TESTS, self.plan.judge, [], purpose="Write tests", extra=extra)

    def _run(self, inputs: Inputs) -> Step:
        programs = self._unrun()
        purpose = f"Ran {count_of(len(programs), 'program', 'programs')}"
        return Step(
            f"run/{self._runs}",
            StepKind.RUN,
            purpose,
            parents=tuple(program.key for program in programs),
            note=inputs.as_note(),
            run=RunOrder(
                tuple(program.answer or "" for program in programs),
                inputs.calls,
                tuple(zip(inputs.examples, inputs.expected, strict=True)),
            ),
        )

    def _most(self) -> int:
        return self.plan.unrun if self._nothing_seen() else self.plan.programs

    def _nothing_seen(self) -> bool:
        """Tell whether programs cannot be told apart by what they do."""
        return bool(self._off or self._runs) and not self._observed()[0]

    # Being told -----------------------------------------------------------------------------------------------

    def take(self, result: StepResult) -> None:
        """Keep programs, tests, and what the programs did."""
        if result.kind is StepKind.SAMPLE and usable(result) and result.answer_key is not None:
            self._programs.append(result)
        elif result.key == _TESTS:
            self._tests = result.text
        elif result.kind is StepKind.RUN:
            self._take_run(result)

    def _take_run(self, result: StepResult) -> None:
        note = result.note or {}
        seen = note.get("seen")
        if not isinstance(seen, list):
            self._off = str(note.get("off") or result.error or "the run came to nothing.")
            return
        self._inputs = Inputs.from_note(note)
        self._runs += 1
        keys = {program.key: program.answer_key for program in self._programs}
        for place, parent in enumerate(result.parents):
            if key := keys.get(parent):
                did = seen[place] if place < len(seen) else {}
                self._behaviours[key] = _behaviour(did, self._inputs)

    # Answering ------------------------------------------------------------------------------------------------

    def _observed(self) -> tuple[list[StepResult], list[Behaviour]]:
        """Return the programs that were run, and what each did; nothing where no program gave any output."""
        ran = [program for program in self._programs if program.answer_key in self._behaviours]
        did = [self._behaviours[program.answer_key or ""] for program in ran]
        return (ran, did) if any(not one.is_dead and one.outputs for one in did) else ([], [])

    def best(self) -> Candidate | None:
        """Return the program that was chosen by behaviour, else the one that came most often."""
        ran, did = self._observed()
        if self.evidence.proven or not ran or self._inputs is None:
            best = self.evidence.best()
            return (
                replace(best, confidence=None, explanation=self._unrun_sentence() or best.explanation)
                if best
                else None
            )
        chosen = choose_by_behaviour(did)
        return candidate_of(ran, did, chosen, self._inputs)

    def _unrun_sentence(self) -> str:
        if not self._programs:
            return ""
        written = count_of(len(self._programs), "program", "programs")
        most = max(cluster.tries for cluster in self.evidence.clusters.values())
        if self._off:
            why = f"none was run: {self._off[:1].lower()}{self._off[1:].rstrip('.')}"
        elif self._inputs and self._inputs.prints:
            why = "run as they stand they print nothing, and no inputs for them were found"
        elif self._inputs:
            why = f"none of them gave a value on {count_of(len(self._inputs.calls), 'input', 'inputs')}"
        else:
            why = "none was run yet"
        same = f"; {most} of them are the same" if most > 1 else ""
        return f"{written}{same}; {why}."

    def is_sure(self) -> bool:
        """Tell whether one behaviour is clearly ahead; of programs that cannot be run, whether enough are the same."""
        if self._nothing_seen():
            return any(cluster.tries >= _SAME_TEXT for cluster in self.evidence.clusters.values())
        return not self._unrun() and leads_clearly(self._observed()[1])

    def done(self) -> StopReason | None:
        """Stop also when as many programs were written and run as are planned."""
        reason = super().done()
        if reason is None and self.evidence.tries >= self._most() and not self._unrun():
            return StopReason.NO_PROGRESS
        return reason

    def stage(self) -> str:
        """Say how many ways of behaving there are."""
        groups = len(groups_alike(self._observed()[1]))
        return f"Run, {count_of(groups, 'behaviour', 'behaviours')}" if groups else "Explore"


def _behaviour(seen: Any, inputs: Inputs) -> Behaviour:
    """Return what a program did; one that prints nothing gave no output."""
    outputs = tuple(seen.get("outputs", (None,)))
    holds = tuple(bool(each) for each in seen.get("examples", ()))
    shown = len(inputs.examples) - inputs.tests
    if inputs.prints:
        outputs = tuple(output if output and output.strip() else None for output in outputs)
    return Behaviour(outputs, holds[:shown], holds[shown:])
