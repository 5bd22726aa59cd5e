"""Which grade pays best: a judge, an answer, and what its verdict is worth by its cost.

What a verdict is worth: solver/inference/decisions/value_of_grade.py.
"""

from collections import Counter
from typing import NamedTuple

from solver.core.steps import Resources, StepResult
from solver.inference.cluster import Cluster
from solver.inference.decisions.value_of_grade import gain_of_grade
from solver.inference.evidence import Evidence
from solver.strategies.shared.panel_roles import PanelRoles
from solver.text.prompting.prompts import read_grade

_MAX_GRADES = 8
"""The most grades of one answer, so that a judge is not asked until it passes one."""
_MAX_MUTE = 2


class PossibleGrade(NamedTuple):
    """A grade that could be bought; `rate` is its worth by its cost."""

    judge: str
    answer: Cluster
    rate: float


class GradeChooser:
    """The grades of one job; derived from what it is told."""

    def __init__(self, roles: PanelRoles, evidence: Evidence) -> None:
        self._roles, self._evidence = roles, evidence
        self._mute: Counter[str] = Counter()
        self.count = 0

    def take(self, result: StepResult) -> None:
        """Count a grade; a judge without a verdict is asked twice, then no more."""
        self.count += 1
        self._mute[result.model] += read_grade(result.text) is None

    def best(self, resources: Resources, value_nano: float) -> PossibleGrade | None:
        """Return the grade of the leader or the runner-up that pays best, or None where none is worth its price."""
        if not self._evidence.clusters:
            return None
        leading = self._evidence.ranked(2)
        chances = [self._evidence.probability(cluster.key) for cluster in leading]
        checks = [
            PossibleGrade(name, cluster, value_nano * gain / max(self._roles.typical_nano(name, shown=1), 1))
            for cluster, chance in zip(leading, chances, strict=True)
            for name in self._judges(cluster, resources)
            if (gain := self._gain(name, cluster, chance, sum(chances) - chance))
        ]
        best = max(checks, key=lambda check: check.rate, default=None)
        return best if best and best.rate >= 1.0 else None

    def _judges(self, cluster: Cluster, resources: Resources) -> list[str]:
        if sum(map(sum, cluster.grades.values())) >= _MAX_GRADES:
            return []
        readers = [card.name for card in self._roles.readers if self._mute[card.name] < _MAX_MUTE]
        return [name for name in readers if self._roles.can_afford(name, resources, shown=1)]

    def _gain(self, judge: str, cluster: Cluster, chance: float, rival: float) -> float:
        passes, fails = cluster.grades.get(judge, (0, 0))
        alike = {*cluster.votes.by_family} == {self._roles.cards[judge].family}
        known = self._evidence
        return gain_of_grade(
            chance, rival, (passes, fails), known.quality(judge), known.parameters, same_family=alike
        )
