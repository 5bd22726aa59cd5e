"""Which models try next where a checker will know: those with the best chance of success per dollar."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from solver.core.steps import Resources, Status, StepResult
from solver.inference.decisions.value_of_tries import success_chances
from solver.inference.item_response import Skill


@dataclass(frozen=True, slots=True)
class Buy:
    """Decision: tries of these models, in this order."""

    models: Sequence[str]


class NoTry(Enum):
    """Decision: no try now."""

    WAIT = auto()
    """Something is under way, or no model is affordable at this moment."""
    ENOUGH = auto()
    """Every try would cost more than it could add."""


@dataclass(slots=True)
class ProofTries:
    """Decides on tries until one is proven; counts the replies that proved nothing."""

    skills: Sequence[tuple[str, Skill]]
    typical_nano: Mapping[str, float]
    """What a try of each model typically costs."""
    value_nano: float
    _failures: Counter[str] = field(default_factory=Counter)

    def take(self, result: StepResult) -> None:
        """Count what proved nothing."""
        self._failures[result.model] += result.status is Status.OK

    def decide(self, resources: Resources) -> Buy | NoTry:
        """Return the next tries: as many are under way as more likely fail than not."""
        pending: Counter[str] = Counter()
        all_fail, bought = 1.0, list[str]()
        for step in resources.in_flight.values():
            all_fail *= 1.0 - self._chances(pending)[step.model]
            pending[step.model] += 1
        usable = [name for name in self.typical_nano if name in resources.affordable]
        while usable and len(bought) < resources.free_slots and (all_fail > 0.5 or not pending):
            chances = self._chances(pending)
            best = max(usable, key=lambda name: chances[name] / self.typical_nano[name])
            if self.value_nano * chances[best] < self.typical_nano[best]:
                return Buy(bought) if pending else NoTry.ENOUGH
            bought.append(best)
            all_fail *= 1.0 - chances[best]
            pending[best] += 1
        return Buy(bought) if bought else NoTry.WAIT

    def _chances(self, pending: Counter[str]) -> Mapping[str, float]:
        """Return how likely one more try of each model succeeds, those under way taken for failures."""
        failures = tuple(float(self._failures[name] + pending[name]) for name in self.typical_nano)
        return dict(success_chances(tuple(self.skills), failures))
