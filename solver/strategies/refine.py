"""`refine`: solve, improve, have a grader check it, repair what it found; accept what passes several times in a row.

Mechanism: each line of work starts with a try and a self-improvement. A judge of another family grades it; a failed
grade, with its reasons, goes to a repair, and the repaired version is graded anew. Passes in a row accept a line, ten
fails abandon it, and the next line starts from nothing. No version is graded again after a fail, and no answer more
than eight times, so a grader is never resampled until it passes. Accepted lines are evidence, as are lines that
agree; a free-form answer, with which nothing can agree, ends the job when accepted. Where a checker proves answers its
verdict takes the grader's place. A grader that never gives a verdict is no longer asked.

Source: verification-and-refinement (Huang and Yang, IMO 2025), Self-Refine (Madaan et al., 2023).
Wins on proofs and long derivations, whose gaps a reader can find; loses on short answers, and with a grader that is no
better than chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from solver.core.steps import Resources, Status, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.inference.cluster import Cluster
from solver.strategies.shared.common import MAX_TRIES, Common, usable
from solver.strategies.shared.notes import JudgedPlan
from solver.text.prompting.prompts import read_grade

PASSES = 3
MAX_FAILS = 10
MAX_GRADES = 8
_MAX_FAILS_OF_CHECKER = 3
_MAX_MUTE_GRADES = 4
_MAX_MUTE_OF_VERSION = 2


@dataclass(frozen=True, slots=True)
class LinesPlan(JudgedPlan):
    """Who grades, how many lines run side by side, and how many passes in a row accept one."""

    lines: int = 1
    passes: int = PASSES


class LineStatus(Enum):
    """Whether a line goes on, and why not."""

    OPEN = auto()
    ACCEPTED = auto()
    """It passed several grades in a row."""
    ABANDONED = auto()
    """It failed too often."""
    SPENT = auto()
    """A further grade would say nothing new."""


@dataclass(slots=True)
class Line:
    """One line of work: its newest version, and what was said of it."""

    number: int
    version: int = -1
    current: StepResult | None = None
    critique: str = ""
    grades: int = 0
    passes: int = 0
    fails: int = 0
    stable: int = 0
    """How many versions in a row came to the same answer as the one before."""
    status: LineStatus = LineStatus.OPEN

    def path(self, version: int) -> str:
        """Return the key of a version."""
        return f"line/{self.number}/{version}"


class Refine(Common[LinesPlan]):
    """The state of all lines."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._lines: list[Line] = []
        self._open: dict[int, Line] = {}
        self._accepted: list[StepResult] = []
        self._mute_grades = 0
        self._read_grades = 0
        self._max_fails = _MAX_FAILS_OF_CHECKER if self.problem.is_checkable else MAX_FAILS

    def make_plan(self) -> LinesPlan:
        """Choose solver and grader, and how many lines run side by side: one for each ten calls, at most four."""
        solvers = self.roles.rotation()
        judge = self.roles.choose_judge(solvers[:1])
        line_nano = self.roles.typical_nano(solvers[0]) + 4 * self.roles.typical_nano(solvers[0], shown=1)
        line_nano += 5 * self.roles.typical_nano(judge, shown=1)
        lines = min(max(self.setting.budget_nano // max(line_nano, 1), 1), 4)
        return LinesPlan(solvers, judge, lines, int(self.setting.options.get("passes", PASSES)))

    # Asking ---------------------------------------------------------------------------------------------------

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for the next step of each open line; open lines as long as fewer than planned are."""
        steps: list[Step] = []
        for line in self._running():
            if len(steps) >= resources.free_slots:
                break
            step = self._next(line, resources)
            if step and self.untried(step.key, resources):
                steps.append(step)
        if steps or resources.in_flight:
            return steps
        # No line can go on, but one more try may still be paid.
        return self.samples(resources, "spare", upto=MAX_TRIES, most=1)

    def _running(self) -> list[Line]:
        """Return the open lines and those that may be opened now; opening one is no change of state until it is told."""
        missing = max(self.plan.lines - len(self._open), 0)
        fresh = [Line(len(self._lines) + index) for index in range(missing)]
        return [*self._open.values(), *fresh]

    def _next(self, line: Line, resources: Resources) -> Step | None:
        if line.current is None:
            return self._solve(line, resources)
        if self.is_ready(line) and not line.critique and not self.problem.is_checkable:
            return self._grade(line, line.current, resources)
        return self._revise(line, line.current, resources)

    def is_ready(self, line: Line) -> bool:
        """Tell whether the newest version is worth grading: it has been improved once."""
        return line.version > 0

    def _solve(self, line: Line, resources: Resources) -> Step | None:
        model = self.solver(line.number, resources)
        if model is None:
            return None
        key = line.path(line.version + 1)
        return Step(key, StepKind.SAMPLE, f"Line {line.number + 1}: solve", model, self._messages)

    def _grade(self, line: Line, current: StepResult, resources: Resources) -> Step | None:
        judge = self.plan.judge
        if not self.roles.can_afford(judge, resources, shown=1):
            return None
        key = f"{line.path(line.version)}/grade/{line.grades}"
        purpose = f"Line {line.number + 1}: check"
        return self.about(key, StepKind.GRADE, judge, [current], purpose=purpose)

    def _revise(self, line: Line, current: StepResult, resources: Resources) -> Step | None:
        model = self.solver(line.number, resources, shown=1)
        if model is None:
            return None
        extra = f"A reviewer says of it:\n\n{line.critique}" if line.critique else ""
        purpose = f"Line {line.number + 1}: {'repair' if line.critique else 'improve'}"
        key = line.path(line.version + 1)
        return self.about(key, StepKind.REVISE, model, [current], purpose=purpose, extra=extra)

    # Being told -----------------------------------------------------------------------------------------------

    def take(self, result: StepResult) -> None:
        """Advance the line that a result belongs to."""
        parts = result.key.split("/")
        if parts[0] != "line":
            return
        while len(self._lines) <= int(parts[1]):
            line = Line(len(self._lines))
            self._lines.append(line)
            self._open[line.number] = line
        line = self._lines[int(parts[1])]
        if result.kind is StepKind.GRADE:
            line.status = self._status_after_grade(line, result)
        elif int(parts[2]) > line.version:
            line.version = int(parts[2])
            line.status = self._status_after_version(line, result)
        if line.status is not LineStatus.OPEN:
            self._open.pop(line.number, None)
        if line.status is LineStatus.ACCEPTED and line.current:
            self._accepted.append(line.current)

    def _status_after_version(self, line: Line, result: StepResult) -> LineStatus:
        if not usable(result):
            # The next version starts from the same text.
            return self._status_after_fail(line)
        same = line.current is not None and result.answer_key == line.current.answer_key
        line.stable = line.stable + 1 if same else 0
        line.current, line.critique = result, ""
        line.grades = line.passes = 0
        status = LineStatus.OPEN
        if result.verdict and result.verdict.passed is False:
            line.critique = result.verdict.detail
            status = self._status_after_fail(line)
        return LineStatus.SPENT if self._is_spent(line) else status

    def _status_after_grade(self, line: Line, result: StepResult) -> LineStatus:
        line.grades += 1
        grade = read_grade(result.text) if result.status is Status.OK else None
        if grade is None:
            self._mute_grades += 1
            return LineStatus.SPENT if line.grades - line.passes >= _MAX_MUTE_OF_VERSION else LineStatus.OPEN
        self._read_grades += 1
        if not grade.passed:
            line.passes, line.critique = 0, result.text
            return self._status_after_fail(line)
        line.passes += 1
        if line.passes >= self.plan.passes and line.current:
            return LineStatus.ACCEPTED
        return LineStatus.SPENT if self._is_spent(line) else LineStatus.OPEN

    def _status_after_fail(self, line: Line) -> LineStatus:
        line.fails += 1
        return LineStatus.ABANDONED if line.fails >= self._max_fails else LineStatus.OPEN

    def _is_spent(self, line: Line) -> bool:
        """Tell whether the next step would be a grade that says nothing, or one grade too many of this answer."""
        if not self.is_ready(line) or line.critique or line.current is None:
            return False
        if self.problem.is_checkable or (self._read_grades == 0 and self._mute_grades >= _MAX_MUTE_GRADES):
            return True
        cluster = self.evidence.cluster_of(line.current.key)
        return cluster is not None and _grades(cluster) >= MAX_GRADES

    # Answering ------------------------------------------------------------------------------------------------

    def done(self) -> StopReason | None:
        """Stop also when an answer was accepted with which no other could agree."""
        reason = super().done()
        if reason is None and self._accepted:
            cluster = self.evidence.cluster_of(self._accepted[-1].key)
            return None if cluster is None or cluster.comparable else StopReason.CONFIDENT
        return reason

    def stage(self) -> str:
        """Say where the newest line stands."""
        newest = next(reversed(self._open.values()), None)
        if newest is None or newest.current is None:
            return "Explore"
        return "Revise" if newest.critique or newest.version == 0 else "Verify"


def _grades(cluster: Cluster) -> int:
    return sum(good + bad for good, bad in cluster.grades.values())
