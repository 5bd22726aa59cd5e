"""`vote`: many independent attempts, one vote each, stopped as soon as the lead is clear.

Mechanism: tries are sampled independently; answers are compared by canonical key; a try counts by its model's
log-odds weight. Where a checker proves answers, the first proven one ends the job, and each next try goes to the model
with the best chance of success per dollar, its failures so far considered. Otherwise the plan, a note made once,
fixes who tries in turn, and voting stops at 1 − I½(v₁+1, v₂+1) ≥ target: only as many tries are in flight as could
settle the vote. Where the money left could not change the leader, it is not spent.

Source: self-consistency (Wang et al., 2023), Adaptive-Consistency (Aggarwal et al., 2023).
Wins where answers are short and wrong ones differ; loses where the model's errors agree, or no two answers compare.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from solver.core.steps import Resources, Status, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.inference.decisions.adaptive_stopping import chance_after_failures, lead_probability, vote_weight
from solver.strategies.shared.common import MAX_TRIES, Common
from solver.strategies.shared.notes import Plan

_ASSUMED_ANSWERS = 10
# Even a model that is no better than chance is heard, or nobody would lead.
_LEAST_WEIGHT = 0.05


class Vote(Common[Plan]):
    """The state of one vote; derived from tells alone."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.max_tries = int(setting.options.get("max_tries", MAX_TRIES))
        self._weights = self._relative_weights()
        self._tries_by_model: Counter[str] = Counter()
        self._weighted: defaultdict[str, float] = defaultdict(float)
        # What was too little under one budget says nothing of a raised one.
        self._settled_key = f"settled/{setting.budget_nano}"
        self._settled = False
        # The two largest sums of weights, kept up to date: sums only grow, so one look at each vote is enough.
        self._leader: str | None = None
        self._first = self._second = 0.0

    def make_plan(self) -> Plan:
        """Choose who tries in turn."""
        return Plan(self.roles.rotation())

    # Asking ---------------------------------------------------------------------------------------------------

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for as many tries as could be of use now, or note that none is."""
        if self._cannot_change(resources):
            return (
                Step(self._settled_key, StepKind.NOTE, "What is left could not change the leading answer"),
            )
        flying = len(resources.in_flight)
        useful = self._useful_tries(resources.free_slots + flying) - flying
        count = min(resources.free_slots, useful, self.max_tries - self.evidence.tries - flying)
        pending = Counter(step.model for step in resources.in_flight.values())
        steps: list[Step] = []
        for index in self.missing("sample", resources):
            model = self._model_for(index, resources, pending) if len(steps) < count else None
            if model is None:
                break
            pending[model] += 1
            steps.append(self.sample("sample", index, model))
        return steps

    def _useful_tries(self, most: int) -> int:
        """Return how many tries, at most `most`, may be in flight: those that settled the vote if all agreed."""
        if self.problem.is_checkable:
            return max(2, self.evidence.tries // 2)
        needed = 1
        while needed < most and lead_probability(self._first + needed, self._second) < self.target:
            needed += 1
        return needed

    def _cannot_change(self, resources: Resources) -> bool:
        """Tell whether the leader would stay ahead even if all that is left bought votes for the second."""
        if self.problem.is_checkable or not resources.affordable or resources.in_flight or self._settled:
            return False
        costs = [self.roles.typical_nano(card.name) for card in self.roles.solvers]
        # Half the typical cost: replies may be shorter than most.
        return self._first - self._second > 2 * resources.free_nano / max(min(costs), 1)

    def _model_for(self, index: int, resources: Resources, pending: Counter[str]) -> str | None:
        usable = [card for card in self.roles.solvers if card.name in resources.affordable]
        if self.problem.is_checkable:
            best = max(usable, key=lambda card: self._chance_per_nano(card.name, pending), default=None)
            return best.name if best else None
        wanted = self.plan.solvers[index % len(self.plan.solvers)]
        if wanted in resources.affordable:
            return wanted
        if resources.in_flight or pending:
            # Calls in flight give back what they did not use: wait before settling for another model.
            return None
        spare = max(usable, key=lambda card: card.ability_for(self.problem.kind), default=None)
        return spare.name if spare else None

    def _chance_per_nano(self, name: str, pending: Counter[str]) -> float:
        """Return the expected chance of success per nano-USD, pending tries counting as failures."""
        failures = self._tries_by_model[name] + pending[name]
        chance = chance_after_failures(self.roles.cards[name].ability_for(self.problem.kind), failures)
        return chance / max(self.roles.typical_nano(name), 1)

    # Being told -----------------------------------------------------------------------------------------------

    def take(self, result: StepResult) -> None:
        """Count one vote."""
        self._settled = self._settled or result.key == self._settled_key
        if result.kind is StepKind.NOTE:
            return
        self._tries_by_model[result.model] += 1
        is_refused = result.verdict is not None and result.verdict.passed is False
        if result.status is Status.OK and result.answer_key is not None and not is_refused:
            self._weighted[result.answer_key] += self._weights.get(result.model, 1.0)
            self._update_lead(result.answer_key)

    def _update_lead(self, key: str) -> None:
        weight = self._weighted[key]
        if key == self._leader:
            self._first = weight
        elif weight > self._first:
            self._leader, self._first, self._second = key, weight, self._first
        else:
            self._second = max(self._second, weight)

    def _relative_weights(self) -> dict[str, float]:
        """Return each model's weight relative to the strongest one's, so that weighted votes still count as votes."""
        raw = {
            card.name: vote_weight(card.ability_for(self.problem.kind), _ASSUMED_ANSWERS)
            for card in self.roles.solvers
        }
        strongest = max(raw.values(), default=0.0)
        return {
            name: (max(weight / strongest, _LEAST_WEIGHT) if strongest else 1.0)
            for name, weight in raw.items()
        }

    # Answering ------------------------------------------------------------------------------------------------

    def is_sure(self) -> bool:
        """Tell whether the lead is clear, and the leader is the answer that the evidence holds most probable."""
        if lead_probability(self._first, self._second) < self.target:
            return False
        shown = next(iter(self.evidence.ranked(1)), None)
        return shown is not None and shown.key == self._leader

    def done(self) -> StopReason | None:
        """Stop also when what is left could not change the leader."""
        reason = super().done()
        return StopReason.BUDGET_REACHED if reason is None and self._settled else reason
