"""`swiss`: independent attempts, then a Swiss tournament of pairwise comparisons among the leading answers.

Mechanism: a share of the budget buys tries; unless they agree, the most probable answers, at most a dozen, meet in pairs:
neighbours in the standing that have not met, those first that can change who leads (solver/inference/tournament.py).
The judge sees each pair in both orders, because judges prefer a place. What it says is evidence beside the votes, as
far as the judge proves consistent; should that not suffice, the rest of the budget buys further tries. Where a checker
proves answers there is only trying.

Source: Chen et al., “A simple and provable scaling law for the test-time compute of LLMs” (2024); “V1: unifying
generation and self-verification” (arXiv 2603.04304, 2026).
Wins where the right answer is found now and then but not most often, and is easier to recognise than to find; loses
where the judge is no better than chance, or where tries agree anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solver.core.steps import Resources, Step, StepKind, StepResult
from solver.core.strategy import Setting
from solver.inference.calibration import logit
from solver.inference.tournament import MOST_ENTRANTS, Comparison, next_pairs
from solver.strategies.shared.common import MAX_TRIES, Common
from solver.strategies.shared.notes import JudgedPlan, Note
from solver.text.prompting.prompts import ASK_MARGIN, read_better, read_margin

_MOST_TRIES = 24
_LEAST_TRIES = 4
_PLANNED = 9
"""So many comparisons are planned for; more are bought where the leaders are close, fewer where they are not."""
_COMPARE = "compare/"
_WORTH_ENTERING = 0.3
"""An answer that is less probable than this share of the leader's probability does not take part."""


@dataclass(frozen=True, slots=True)
class SwissPlan(JudgedPlan):
    """Who compares, and how many tries come before the tournament."""

    tries: int = MAX_TRIES


@dataclass(frozen=True, slots=True)
class Entrants(Note):
    """The steps whose answers meet, most probable first."""

    steps: tuple[str, ...] = ()


class Swiss(Common[SwissPlan]):
    """The state of one tournament."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._entrants: list[StepResult] | None = None
        self._seeds: list[float] = []
        self._compared: list[Comparison] = []
        self._open_after: tuple[int, bool] = (-1, False)

    def make_plan(self) -> SwissPlan:
        """Share the budget between tries and a tournament; too little for both buys tries alone."""
        solvers = self.roles.rotation()
        judge = self.roles.choose_judge(solvers)
        try_nano = max(sum(self.roles.typical_nano(name) for name in solvers) // len(solvers), 1)
        left_nano = self.setting.budget_nano - _PLANNED * self.roles.typical_nano(judge, shown=2)
        tries = min(left_nano * 3 // (4 * try_nano), _MOST_TRIES)
        compares = tries >= _LEAST_TRIES and not self.problem.is_checkable
        return SwissPlan(solvers, judge, tries if compares else MAX_TRIES)

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for tries, then for the comparisons that can change who leads, then for more tries."""
        if self._entrants is None:
            steps = self.samples(resources, "sample", upto=self.plan.tries)
            if steps or any(key.startswith("sample/") for key in resources.in_flight):
                return steps
            return [self._entrants_note()]
        return self._comparisons(resources) or self._further_tries(resources)

    def _entrants_note(self) -> Step:
        """Fix who meets: which tries there are by now depends on money and slots."""
        leading = [] if self.problem.is_checkable else self.evidence.ranked(MOST_ENTRANTS)
        least = _WORTH_ENTERING * max((self.evidence.probability(each.key) for each in leading), default=0.0)
        entering = [each for each in leading if self.evidence.probability(each.key) >= least]
        note = Entrants(tuple(cluster.example.key for cluster in entering)).as_note()
        return Step("entrants", StepKind.NOTE, "Pair the leading answers", note=note)

    def _further_tries(self, resources: Resources) -> list[Step]:
        """Go on trying, a few at a time, where the tournament left doubt."""
        if any(key.startswith(_COMPARE) for key in resources.in_flight):
            return []
        return self.samples(resources, "sample", upto=MAX_TRIES, most=max(4 - len(resources.in_flight), 0))

    def _comparisons(self, resources: Resources) -> list[Step]:
        entrants, judge = self._entrants or [], self.plan.judge
        if not self._is_open() or not self.roles.can_afford(judge, resources, shown=2):
            return []
        in_flight = [_sides(key) for key in resources.in_flight if key.startswith(_COMPARE)]
        pairs = next_pairs(len(entrants), self._compared, in_flight, self._seeds)
        return [
            self.about(
                f"{_COMPARE}{first}/{second}",
                StepKind.COMPARE,
                judge,
                (entrants[first], entrants[second]),
                purpose=f"Compare answers {first + 1} and {second + 1}",
                extra="" if self.roles.cards[judge].bundled else ASK_MARGIN,
            )
            for first, second in pairs[: resources.free_slots]
        ]

    def take(self, result: StepResult) -> None:
        """Read who meets from the note; count each comparison."""
        if result.key == "entrants":
            found = [self.evidence.cluster_of(key) for key in Entrants.from_note(result.note).steps]
            clusters = [cluster for cluster in found if cluster is not None]
            self._entrants = [cluster.example for cluster in clusters]
            self._seeds = [logit(self.evidence.probability(cluster.key)) for cluster in clusters]
        elif result.key.startswith(_COMPARE):
            self._count(_sides(result.key), result.text)

    def _count(self, sides: tuple[int, int], said: str) -> None:
        """Count one comparison, a failed or mute one as a draw."""
        if max(sides) >= len(self._entrants or ()):
            # The note of who meets was damaged: what they are compared by is evidence all the same.
            return
        better = read_better(said)
        winner = None if better is None else sides[better]
        self._compared.append(Comparison(*sides, winner, read_margin(said)))

    def _is_open(self) -> bool:
        """Tell whether a comparison is still worth its price; worked out once after each."""
        if self._open_after[0] != len(self._compared):
            pairs = next_pairs(len(self._entrants or ()), self._compared, (), self._seeds)
            self._open_after = len(self._compared), bool(pairs)
        return self._open_after[1]

    def stage(self) -> str:
        """Say whether it is trying or comparing."""
        return "Compare" if self._entrants and self._is_open() else "Explore"


def _sides(key: str) -> tuple[int, int]:
    """Return the entrants whom a comparison shows, in their order."""
    first, second = key.removeprefix(_COMPARE).split("/")
    return int(first), int(second)
