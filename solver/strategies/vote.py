"""`vote`: many independent tries over a panel, one vote each, stopped as soon as the lead is clear.

Mechanism: tries are sampled independently; answers are compared by canonical key; a try counts by its model's
log-odds weight. Where a checker proves answers, the first proven one ends the job, and each next try goes to the model
with the best chance of success per dollar, its failures so far considered. Otherwise the plan, a note made once,
fixes who tries in turn, and voting stops at 1 − I½(v₁+1, v₂+1) ≥ target: only as many tries are in flight as could
settle the vote. Where the money left could not change the leader, it is not spent.

Source: self-consistency (Wang et al., 2023), Adaptive-Consistency (Aggarwal et al., 2023).
Wins where answers are short and errors scatter; loses where the model's errors agree, or no two answers compare.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from solver.core.models import ModelCard, solvers_of
from solver.core.steps import Candidate, Resources, Status, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.engine.bounds import prompt_bytes, typical_nano
from solver.engine.plan import rotation
from solver.inference.adaptive_stopping import lead_probability, vote_weight
from solver.inference.evidence import Evidence
from solver.inference.explanation import count_of
from solver.strategies.missing_indices import MissingIndices

DEFAULT_TARGET = 0.95
MAX_TRIES = 20_000
# Prior strength of a model's ability on one problem: problems differ, so failures must count soon.
_PRIOR_TRIES = 2.0
_ASSUMED_ANSWERS = 10
_MAX_FAILED_IN_A_ROW = 8
# Replies without an answer that could be compared: essays, empty texts, thoughts cut short.
_MAX_MUTE_IN_A_ROW = 24
# Even a model that is no better than chance is heard, or nobody would lead.
_LEAST_WEIGHT = 0.05


class Vote:
    """The state of one vote; derived from tells alone."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._problem = setting.problem
        self._panel = solvers_of(setting.panel)
        self._cards = {card.name: card for card in self._panel}
        self._messages = setting.problem.messages()
        self._size_bytes = prompt_bytes(self._messages)
        self._target = float(setting.options.get("confidence_target", DEFAULT_TARGET))
        self._max_tries = int(setting.options.get("max_tries", MAX_TRIES))
        self._weights = self._relative_weights()
        self._rotation: list[str] = []
        self._evidence = Evidence(self._problem, setting.panel)
        self._missing = MissingIndices()
        self._tries_by_model: Counter[str] = Counter()
        self._weighted: defaultdict[str, float] = defaultdict(float)
        # What was too little under one budget says nothing of a raised one.
        self._settled_key = f"settled/{setting.budget_nano}"
        self._settled = False
        # The two largest sums of weights, kept up to date: sums only grow, so one look at each vote is enough.
        self._leader: str | None = None
        self._first = self._second = 0.0

    # Asking ---------------------------------------------------------------------------------------------------

    def ask(self, resources: Resources) -> Sequence[Step]:
        """Ask for the plan first, then for as many tries as could be of use now."""
        if not self._rotation:
            chosen = self._plan()
            return (
                ()
                if "plan" in resources.in_flight
                else (Step("plan", StepKind.NOTE, "Choose the models", note={"rotation": chosen}),)
            )
        if self._cannot_change(resources):
            return (
                Step(self._settled_key, StepKind.NOTE, "What is left could not change the leading answer"),
            )
        most = resources.free_slots + len(resources.in_flight)
        count = min(resources.free_slots, self._useful_tries(most) - len(resources.in_flight))
        pending = Counter(step.model for step in resources.in_flight.values())
        steps: list[Step] = []
        for index in self._missing:
            tries = self._evidence.tries + len(resources.in_flight) + len(steps)
            if len(steps) >= count or tries >= self._max_tries:
                break
            key = f"sample/{index}"
            if key in resources.in_flight:
                continue
            model = self._model_for(index, resources, pending)
            if model is None:
                break
            pending[model] += 1
            steps.append(Step(key, StepKind.SAMPLE, f"Attempt {index + 1}", model, self._messages))
        return steps

    def _plan(self) -> list[str]:
        return rotation(
            self._panel,
            kind=self._problem.kind,
            budget_nano=self._setting.budget_nano,
            size_bytes=self._size_bytes,
            markup_bp=self._setting.markup_bp,
        )

    def _useful_tries(self, most: int) -> int:
        """Return how many tries, at most `most`, may be in flight: those that settled the vote if all agreed."""
        if self._problem.is_checkable:
            return max(2, self._evidence.tries // 2)
        needed = 1
        while needed < most and lead_probability(self._first + needed, self._second) < self._target:
            needed += 1
        return needed

    def _cannot_change(self, resources: Resources) -> bool:
        """Tell whether the leader would stay ahead even if all that is left bought votes for the second."""
        if self._problem.is_checkable or not resources.affordable or resources.in_flight or self._settled:
            return False
        costs = [typical_nano(card, self._size_bytes, self._setting.markup_bp) for card in self._panel]
        # Half the typical cost: replies may be shorter than most.
        return self._first - self._second > 2 * resources.free_nano / max(min(costs), 1)

    def _model_for(self, index: int, resources: Resources, pending: Counter[str]) -> str | None:
        if self._problem.is_checkable:
            usable = [card for card in self._panel if card.name in resources.affordable]
            best = max(usable, key=lambda card: self._chance_per_nano(card, pending), default=None)
            return best.name if best else None
        wanted = self._rotation[index % len(self._rotation)]
        if wanted in resources.affordable:
            return wanted
        if resources.in_flight or pending:
            # Calls in flight give back what they did not use: wait before settling for another model.
            return None
        usable = [card for card in self._panel if card.name in resources.affordable]
        spare = max(usable, key=lambda card: card.ability_for(self._problem.kind), default=None)
        return spare.name if spare else None

    def _chance_per_nano(self, card: ModelCard, pending: Counter[str]) -> float:
        """Return the expected chance of success per nano-USD, pending tries counting as failures."""
        failures = self._tries_by_model[card.name] + pending[card.name]
        a = card.ability_for(self._problem.kind) * _PRIOR_TRIES
        chance = a / (_PRIOR_TRIES + failures)
        return chance / max(typical_nano(card, self._size_bytes, self._setting.markup_bp), 1)

    # Being told -----------------------------------------------------------------------------------------------

    def tell(self, result: StepResult) -> None:
        """Count one result; the same key twice counts once."""
        if not self._evidence.tell(result):
            return
        if result.key == "plan":
            self._rotation = [name for name in (result.note or {})["rotation"] if name in self._cards]
        self._settled = self._settled or result.key == self._settled_key
        if result.kind is StepKind.NOTE:
            return
        self._missing.tell(int(result.key.rpartition("/")[2]))
        self._tries_by_model[result.model] += 1
        if result.status is Status.OK and result.answer_key is not None:
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
            card.name: vote_weight(card.ability_for(self._problem.kind), _ASSUMED_ANSWERS)
            for card in self._panel
        }
        strongest = max(raw.values(), default=0.0)
        return {
            name: (max(weight / strongest, _LEAST_WEIGHT) if strongest else 1.0)
            for name, weight in raw.items()
        }

    # Answering ------------------------------------------------------------------------------------------------

    def best(self) -> Candidate | None:
        """Return the proven answer, else the most probable one, else any reply at all."""
        return self._evidence.best()

    def done(self) -> StopReason | None:
        """Stop when proven, when the lead is clear, or when nothing helps."""
        known = self._evidence
        if known.proven:
            return StopReason.SOLVED
        if not self._problem.is_checkable and lead_probability(self._first, self._second) >= self._target:
            return StopReason.CONFIDENT
        if known.failed_in_a_row >= _MAX_FAILED_IN_A_ROW or known.mute_in_a_row >= _MAX_MUTE_IN_A_ROW:
            return StopReason.NO_PROGRESS
        if self._settled:
            return StopReason.BUDGET_REACHED
        return StopReason.NO_PROGRESS if known.tries >= self._max_tries else None

    def phase(self) -> str:
        """Say how many tries and answers there are."""
        if not self._evidence.tries:
            return "Plan"
        answers = count_of(len(self._evidence.clusters), "answer", "answers")
        return f"Explore — {count_of(self._evidence.tries, 'attempt', 'attempts')}, {answers}"
