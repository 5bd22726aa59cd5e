"""`tree`: a search in which each dollar goes either wider (a new attempt) or deeper (revise an earlier one).

Mechanism: an arm is a model that either tries anew (wider) or revises a candidate (deeper). Each arm keeps a Beta
posterior of its success in this job; the next trial goes to the arm with the largest Thompson draw per expected
dollar, and, deeper, to the candidate with the largest draw of its own, whose prior is how promising it is. Draws come
from a generator seeded by the trial's key. Pending trials count as failures, failed ones end. Success is a checker's
yes, else how probable the evidence makes the answer; a revision that repeats its parent is none. A judge of another
family grades the leading answers now and then: its verdicts are evidence, the share of right steps before the first
wrong one makes a candidate promising, and its reasons go to the revision.

Source: AB-MCTS (Inoue et al., “Wider or deeper?”, 2025), here with prices, and with one frontier instead of a descent:
ten thousand steps cost what ten do.
Wins where feedback tells a nearly right answer from a wrong one, and where models differ in price; loses to a vote
where answers are short and nothing but agreement can judge them.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from solver.core.steps import Resources, Status, Step, StepKind, StepResult
from solver.core.strategy import Setting
from solver.inference.decisions.rewards import outcome_reward, process_reward
from solver.strategies.shared.arm import Arm, draw
from solver.strategies.shared.common import Common, usable
from solver.strategies.shared.notes import JudgedPlan
from solver.text.prompting.prompts import read_grade

_FRONTIER = 12
_UNJUDGED = 0.3
_GRADED_RANKS = 2
_MAX_GRADES = 2
_MAX_MUTE_GRADES = 4
_WEIGHED_ANEW = 64
"""The evidence is weighed anew for rewards once a 64th more trials are known: the telling of ten thousand stays quick."""


@dataclass(slots=True)
class Node:
    """A candidate that may be revised."""

    result: StepResult
    promise: float
    critique: str = ""
    arms: dict[str, Arm] = field(default_factory=dict)
    failed: int = 0


class Choice(NamedTuple):
    """A trial to make: a model, and the candidate it revises, if any."""

    model: str
    node: Node | None


class Tree(Common[JudgedPlan]):
    """The state of one search; its frontier is bounded, so each step costs the same."""

    max_failed_children = 4
    """After so many changes that brought nothing, a candidate is given up."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._kind = setting.problem.kind
        self._wider = {name: Arm() for name in self.roles.cards}
        self._deeper = {name: Arm() for name in self.roles.cards}
        self._revised = 0
        self._frontier: dict[str, Node] = {}
        self._trials = 0
        self._grades = 0
        self._mute_grades = 0
        self._believed: Mapping[str, float] = {}
        self._weigh_at = 0
        self._nano = {
            name: (max(self.roles.typical_nano(name), 1), max(self.roles.typical_nano(name, shown=1), 1))
            for name in self.roles.cards
        }

    def make_plan(self) -> JudgedPlan:
        """Fix the judge; any model that is worth its cost makes attempts."""
        solvers = self.roles.rotation()
        return JudgedPlan(solvers, self.roles.choose_judge(solvers))

    # Asking ---------------------------------------------------------------------------------------------------

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for a grade where one is due, and for as many trials as the search has earned."""
        steps = self._due_grades(resources)
        pending = Counter((step.model, *step.parents) for step in resources.in_flight.values())
        trials = max(2 if self.problem.is_checkable else 4, self._trials // 2)
        for index in self.missing("node", resources):
            if len(resources.in_flight) + len(steps) >= trials or len(steps) >= resources.free_slots:
                break
            key = f"node/{index}"
            choice = self._choose(key, resources, pending)
            if choice is None:
                break
            steps.append(self._trial(key, index, choice))
            pending[steps[-1].model, *steps[-1].parents] += 1
        return steps

    def _choose(
        self, key: str, resources: Resources, pending: Mapping[tuple[str, ...], int]
    ) -> Choice | None:
        """Return the arm with the largest Thompson draw of success per expected dollar, among those that can be paid."""
        rng = random.Random(f"{self.setting.seed}:{key}")  # noqa: S311
        waiting = Counter[tuple[str, bool]]()
        for (model, *parents), count in pending.items():
            waiting[model, bool(parents)] += count
        best, most, deeper = None, -1.0, False
        for model in self._cards_that_try():
            nano = self._nano[model]
            for deep in (False, True):
                if (deep and not self._frontier) or not self.roles.can_afford(
                    model, resources, shown=int(deep)
                ):
                    continue
                arm = (self._deeper if deep else self._wider)[model]
                prior = self.roles.cards[model].ability_for(self._kind)
                drawn = draw(rng, arm, prior, waiting[model, deep]) / nano[deep]
                if drawn > most:
                    best, most, deeper = model, drawn, deep
        if best is None:
            return None
        return Choice(best, self._node_for(best, rng, pending) if deeper else None)

    def _cards_that_try(self) -> Sequence[str]:
        """Return whose trials count: where no checker tells right from wrong, a weak model's agreement misleads."""
        return list(self._nano if self.problem.is_checkable else dict.fromkeys(self.plan.solvers))

    def _node_for(self, model: str, rng: random.Random, pending: Mapping[tuple[str, ...], int]) -> Node:
        """Return the candidate with the largest draw: its promise is the prior of what revising it brings."""
        return max(
            self._frontier.values(),
            key=lambda node: draw(
                rng, node.arms.get(model), node.promise, pending.get((model, node.result.key), 0)
            ),
        )

    def _trial(self, key: str, index: int, choice: Choice) -> Step:
        if choice.node is None:
            return Step(key, StepKind.SAMPLE, f"Wider: attempt {index + 1}", choice.model, self._messages)
        said = choice.node.critique
        extra = f"A reviewer says of it:\n\n{said}" if said else ""
        purpose = f"Deeper: revise {choice.node.result.key}"
        return self.about(
            key, StepKind.REVISE, choice.model, [choice.node.result], purpose=purpose, extra=extra
        )

    def _due_grades(self, resources: Resources) -> list[Step]:
        """Grade the leading answers, at most one grade for three trials, and no longer where the judge says nothing."""
        useless = self._mute_grades >= _MAX_MUTE_GRADES and self._mute_grades == self._grades
        grading = any(step.kind is StepKind.GRADE for step in resources.in_flight.values())
        if self.problem.is_checkable or useless or grading or self._grades * 3 >= self._trials:
            return []
        judge = self.plan.judge
        for cluster in self.evidence.ranked(_GRADED_RANKS):
            given = sum(good + bad for good, bad in cluster.grades.values())
            key = f"{cluster.example.key}/grade/{given}"
            if (
                given < _MAX_GRADES
                and self.untried(key, resources)
                and self.roles.can_afford(judge, resources, shown=1)
            ):
                return [
                    self.about(
                        key, StepKind.GRADE, judge, [cluster.example], purpose="Check the leading answer"
                    )
                ]
        return []

    # Being told -----------------------------------------------------------------------------------------------

    def take(self, result: StepResult) -> None:
        """Back a result up to its arm; keep its candidate where it is promising."""
        if result.kind is StepKind.GRADE:
            self._take_grade(result)
            return
        self._trials += 1
        reward = self._reward(result)
        if not result.parents:
            self._wider.setdefault(result.model, Arm()).add(reward)
        else:
            self._revised += 1
            self._deeper.setdefault(result.model, Arm()).add(reward)
            self._back_up(result, reward)
        if usable(result) and not self.evidence.proven:
            self._keep(Node(result, self._promise(result), _refusal(result)))

    def _reward(self, result: StepResult) -> float:
        """Return the outcome reward of a trial: a checker's verdict, else how probable its answer is by now."""
        if result.status is Status.FAILED or result.answer_key is None:
            return 0.0
        decided = outcome_reward(result)
        # A check of form alone proves nothing, but it refutes.
        if decided is not None and (self.problem.is_checkable or not decided):
            return decided
        repeated = any(
            cluster is not None and cluster.key == result.answer_key
            for cluster in map(self.evidence.cluster_of, result.parents)
        )
        return 0.0 if repeated else self._probability(result.answer_key)

    def _probability(self, key: str) -> float:
        if self._trials >= self._weigh_at:
            self._believed = self.evidence.probabilities()
            self._weigh_at = self._trials + max(self._trials // _WEIGHED_ANEW, 1)
        return self._believed.get(key, 0.0)

    def _promise(self, result: StepResult) -> float:
        if result.answer_key is None or (result.verdict and result.verdict.passed is False):
            return _UNJUDGED
        return self._probability(result.answer_key)

    def _back_up(self, result: StepResult, reward: float) -> None:
        parent = self._frontier.get(result.parents[0])
        if parent is None:
            return
        parent.arms.setdefault(result.model, Arm()).add(reward)
        parent.failed += reward < _UNJUDGED
        if parent.failed >= self.max_failed_children:
            del self._frontier[result.parents[0]]

    def _keep(self, node: Node) -> None:
        self._frontier[node.result.key] = node
        if len(self._frontier) > _FRONTIER:
            del self._frontier[min(self._frontier, key=lambda key: self._frontier[key].promise)]

    def _take_grade(self, result: StepResult) -> None:
        self._grades += 1
        grade = read_grade(result.text) if result.status is Status.OK else None
        if grade is None:
            self._mute_grades += 1
            return
        node = self._frontier.get(result.parents[0])
        if node is not None:
            node.promise = process_reward(grade)
            node.critique = "" if grade.passed else result.text

    def stage(self) -> str:
        """Say how the search went so far."""
        return f"Search, {self._trials - self._revised} wide and {self._revised} deep"


def _refusal(result: StepResult) -> str:
    return result.verdict.detail if result.verdict and result.verdict.passed is False else ""
