"""`knockout`: independent attempts, then a tournament of pairwise comparisons among the leading answers.

Mechanism: a share of the budget buys tries; unless they agree, the up to four most probable answers meet in a
semi-final and a final. A match is the best of three comparisons by the judge, the order of the two swapped each time,
because judges prefer a place. What the judge says is evidence beside the votes, as far as the judge proves consistent;
should that not suffice, the rest of the budget buys further tries. Where a checker proves answers there is only trying.

Source: Chen et al., “A simple and provable scaling law for the test-time compute of LLMs” (2024).
Wins where the right answer is found now and then but not most often, and is easier to recognise than to find; loses
where the judge is no better than chance, or where tries agree anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solver.core.steps import Resources, Step, StepKind, StepResult
from solver.core.strategy import Setting
from solver.strategies.common import MAX_TRIES, Common
from solver.strategies.notes import JudgedPlan, Note
from solver.text.prompts import read_better

FINALISTS = 4
COMPARISONS = 3
_MOST_TRIES = 64
_LEAST_TRIES = 4
_MATCHES = 3


@dataclass(frozen=True, slots=True)
class TournamentPlan(JudgedPlan):
    """Who compares, and how many tries come before the tournament."""

    tries: int = MAX_TRIES


@dataclass(frozen=True, slots=True)
class Finalists(Note):
    """The steps whose answers meet, most probable first."""

    steps: tuple[str, ...] = ()


class Match:
    """Two finalists, and what the judge said of them so far."""

    def __init__(self, path: str, sides: tuple[StepResult, StepResult]) -> None:
        self.path = path
        self.sides = sides
        self.wins = [0, 0]
        self.told = 0

    @property
    def is_over(self) -> bool:
        """Two comparisons decide; so do three that decided nothing."""
        return max(self.wins) > COMPARISONS // 2 or self.told >= COMPARISONS

    @property
    def winner(self) -> StepResult:
        """The side preferred more often; the more probable one (the first) where neither is."""
        return self.sides[self.wins[1] > self.wins[0]]

    def ordered(self, number: int) -> tuple[StepResult, StepResult]:
        """Return the sides as comparison `number` shows them."""
        return self.sides if number % 2 == 0 else (self.sides[1], self.sides[0])

    def take(self, result: StepResult) -> None:
        """Count one comparison."""
        self.told += 1
        better = read_better(result.text)
        if better is not None:
            preferred = result.parents[better]
            self.wins[0 if preferred == self.sides[0].key else 1] += 1


class Knockout(Common[TournamentPlan]):
    """The state of one tournament."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._finalists: list[StepResult] | None = None
        self._matches: dict[str, Match] = {}

    def make_plan(self) -> TournamentPlan:
        """Share the budget between tries and a whole tournament; too little for both buys tries alone."""
        solvers = self.roles.rotation()
        judge = self.roles.choose_judge(solvers)
        try_nano = max(sum(self.roles.cost_nano(name) for name in solvers) // len(solvers), 1)
        compare_nano = self.roles.cost_nano(judge, shown=2)
        left_nano = self.setting.budget_nano - _MATCHES * COMPARISONS * compare_nano
        tries = min(left_nano * 3 // (4 * try_nano), _MOST_TRIES)
        compares = tries >= _LEAST_TRIES and not self.problem.is_checkable
        return TournamentPlan(solvers, judge, tries if compares else MAX_TRIES)

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for tries, then for the matches that can be played, then for more tries."""
        if self._finalists is None:
            steps = self.samples(resources, "sample", upto=self.plan.tries)
            if steps or any(key.startswith("sample/") for key in resources.in_flight):
                return steps
            return [self._finalists_note()]
        return self._comparisons(resources) or self._further_tries(resources)

    def _finalists_note(self) -> Step:
        """Fix who meets: which tries there are by now depends on money and slots."""
        leading = [] if self.problem.is_checkable else self.evidence.ranked(FINALISTS)
        finalists = Finalists(tuple(cluster.example.key for cluster in leading))
        return Step("finalists", StepKind.NOTE, "Pair the finalists", note=finalists.as_note())

    def _further_tries(self, resources: Resources) -> list[Step]:
        """Go on trying, a few at a time, where the tournament left doubt."""
        if self._open_matches() and any(key.startswith("match/") for key in resources.in_flight):
            return []
        return self.samples(resources, "sample", upto=MAX_TRIES, most=max(4 - len(resources.in_flight), 0))

    def _comparisons(self, resources: Resources) -> list[Step]:
        steps: list[Step] = []
        judge = self.plan.judge
        for match in self._open_matches():
            for number in range(COMPARISONS):
                key = f"{match.path}/{number}"
                # The third is worth its price only where the first two differ.
                early = number == COMPARISONS - 1 and match.told < number
                if early or not self.untried(key, resources) or len(steps) >= resources.free_slots:
                    continue
                if self.roles.can_afford(judge, resources, shown=2):
                    shown = match.ordered(number)
                    steps.append(
                        self.about(key, StepKind.COMPARE, judge, shown, purpose=f"Compare {number + 1}")
                    )
        return steps

    def _open_matches(self) -> list[Match]:
        return [match for match in self._matches.values() if not match.is_over]

    def take(self, result: StepResult) -> None:
        """Draw the tournament from the note; advance it with each comparison."""
        if result.key == "finalists":
            found = [self.evidence.cluster_of(key) for key in Finalists.from_note(result.note).steps]
            self._finalists = [cluster.example for cluster in found if cluster is not None]
            self._draw()
        elif result.kind is StepKind.COMPARE:
            match = self._matches.get(result.key.rpartition("/")[0])
            if match:
                match.take(result)
                self._draw()

    def _draw(self) -> None:
        """Set up the matches whose sides are known: first against last, second against third, then the final."""
        seeds = self._finalists or []
        if len(seeds) < 2:
            return
        pairs = (
            [(seeds[0], seeds[3]), (seeds[1], seeds[2])]
            if len(seeds) == FINALISTS
            else [(seeds[-2], seeds[-1])]
        )
        for slot, sides in enumerate(pairs):
            self._matches.setdefault(f"match/0/{slot}", Match(f"match/0/{slot}", sides))
        first_round = [self._matches[f"match/0/{slot}"] for slot in range(len(pairs))]
        if len(seeds) == 2 or not all(match.is_over for match in first_round):
            return
        winners = [match.winner for match in first_round]
        sides = (winners[0], winners[1]) if len(winners) > 1 else (seeds[0], winners[0])
        self._matches.setdefault("match/1/0", Match("match/1/0", sides))

    def stage(self) -> str:
        """Say whether it is trying or comparing."""
        return "Compare" if self._open_matches() else "Explore"
