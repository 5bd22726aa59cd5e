"""Which tries pay best where votes decide: what they would add to the chance of a right answer, by what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solver.core.steps import Resources
from solver.inference.decisions import value_of_tries
from solver.inference.decisions.value_of_tries import LONG_LOOKAHEAD, LOOKAHEADS, SampleBatch
from solver.inference.evidence import Evidence
from solver.inference.item_response import Skill
from solver.strategies.inside_auto.proof_tries import Buy, NoTry
from solver.strategies.shared.panel_roles import PanelRoles

_WEIGHED = 4
_ASKED = {1: 1, 3: 2, 8: 4, LONG_LOOKAHEAD: 6}
"""How many tries are bought at once, by how many are looked ahead."""
_GROWTH = 8
"""After many tries a few more change little: so many times fewer are asked at once as there are."""


@dataclass(frozen=True, slots=True)
class VoteTries:
    """Decides on tries by the evidence as it stands; remembers nothing."""

    roles: PanelRoles
    evidence: Evidence
    skills: tuple[tuple[str, Skill], ...]
    typical_nano: Mapping[str, float]
    """What a try of each model typically costs."""
    value_nano: float

    def best_rate(self, resources: Resources) -> float:
        """Return what the best tries are worth by what they cost; one where none is affordable."""
        return max(map(self._rate, self._affordable(resources, LOOKAHEADS)), default=1.0)

    def decide(self, resources: Resources) -> Buy | NoTry:
        """Return the next tries, when all tries bought before are known."""
        batches = [] if resources.in_flight else self._affordable(resources, LOOKAHEADS)
        if not batches:
            return NoTry.WAIT
        best = max(batches, key=self._rate)
        if self._rate(best) < 1.0:
            batches += self._affordable(resources, (LONG_LOOKAHEAD,))
            best = max(batches, key=self._rate)
        if self._rate(best) < 1.0:
            return NoTry.ENOUGH
        chosen = self._not_to_be_missed(best, batches, resources.free_nano) or best
        count = max(_ASKED[chosen.tries], self.evidence.tries // _GROWTH)
        return Buy([chosen.model] * min(count, resources.free_slots))

    def _not_to_be_missed(
        self, best: SampleBatch, batches: Sequence[SampleBatch], free_nano: int
    ) -> SampleBatch | None:
        """Return what would add more than all tries of the best model per dollar, and would then not be affordable.

        Cheap tries first is the way to end up with nothing but cheap tries.
        """
        spare = free_nano - _ASKED[best.tries] * self.typical_nano[best.model]
        affordable = [each for each in batches if self._need(each) <= free_nano]
        grand = max(affordable, key=lambda each: each.gain, default=best)
        of_best = max(each.gain for each in batches if each.model == best.model)
        return grand if self._need(grand) > spare and grand.gain > of_best else None

    def _affordable(self, resources: Resources, lookaheads: tuple[int, ...]) -> list[SampleBatch]:
        return [batch for batch in self._batches(lookaheads) if batch.model in resources.affordable]

    def _need(self, batch: SampleBatch) -> float:
        """Return the money that must be free for all tries of a batch: their typical cost, the last one's hold."""
        return (batch.tries - 1) * self.typical_nano[batch.model] + self.roles.hold_nano(batch.model)

    def _batches(self, lookaheads: tuple[int, ...]) -> Sequence[SampleBatch]:
        known, names = self.evidence, [name for name, _ in self.skills]
        answers = tuple(
            value_of_tries.AnswerState(known.probability(cluster.key), cluster.votes.counts(names))
            for cluster in known.ranked(_WEIGHED)
            if cluster.key in known.clusters
        )
        contest = value_of_tries.Contest(answers, known.votes().counts(names))
        return value_of_tries.sample_batches(self.skills, known.error_model(), contest, lookaheads)

    def _rate(self, batch: SampleBatch) -> float:
        """Return what a batch is worth by what it costs."""
        return self.value_nano * batch.gain / (batch.tries * self.typical_nano[batch.model])
