"""`deep`: the strongest affordable model thinks as long as it can, and continues while that changes its answer.

Mechanism: a try at the model's highest effort, then its own revisions, each shown the one before, until two in a row
come to the same answer (or five were made): the answer has settled. Then a judge of another family grades it; a fail
sends its reasons back for more revisions, two passes accept it. A second chain starts from nothing while there is
money and doubt: chains that settle on the same answer confirm each other, one chain that repeats itself does not.

Source: s1 (Muennighoff et al., 2025) and the sequential compute of reasoning models; Self-Refine for the revisions.
Wins on hard problems that only the strongest model solves, given time; loses where many cheap tries would agree, and
where a model cannot see its own errors.
"""

from collections.abc import Sequence
from dataclasses import replace

from solver.core.steps import Resources, Step
from solver.strategies.refine import Line, LinesPlan, Refine

PASSES = 2
_SETTLED = 1
_MAX_REVISIONS = 5


class Deep(Refine):
    """Lines of work, one at a time, each of one model at length; graded only once it has settled."""

    def make_plan(self) -> LinesPlan:
        """Choose the strongest model of which the budget buys three calls, and a judge."""
        solver = self.roles.strongest()
        passes = int(self.setting.options.get("passes", PASSES))
        return LinesPlan((solver,), self.roles.choose_judge([solver]), 1, passes)

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for the next step of the chain, its answers at length."""
        return [replace(step, at_length=step.kind.answers) for step in super().wanted(resources)]

    def is_ready(self, line: Line) -> bool:
        """Tell whether the answer has settled; a text without one has after its first revision."""
        if line.current is not None and line.current.answer_key is None:
            return line.version > 0
        return line.stable >= _SETTLED or line.version >= _MAX_REVISIONS

    def stage(self) -> str:
        """Say how far the present chain is."""
        newest = next(reversed(self._open.values()), None)
        if newest is None or newest.current is None:
            return "Think"
        return (
            "Verify"
            if self.is_ready(newest) and not newest.critique
            else f"Revise, version {newest.version + 2}"
        )
