"""The first tries of a job in which `deep` may run: where they agree, nobody needs to think at length.

The strongest model tries once and with it cheaper ones, if their agreement would be sure enough to end the job and is so
likely that their tries cost less than the revision which it would save (a cascade: FrugalGPT, Chen et al., 2023). Where
they differ `deep` goes on from the leader, so that nothing is lost but the cheap tries. What agreement of models means
whose abilities are a mere guess nobody knows, so there `deep` begins at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from solver.core.steps import Resources, Step, StepKind, StepResult
from solver.inference.calibration import calibrated
from solver.inference.decisions.value_of_agreement import agreement_of
from solver.inference.evidence import Evidence
from solver.strategies.shared.child import Child, Inside
from solver.strategies.shared.panel_roles import PanelRoles

FIRST = "first"
"""The note that says whether the first tries suffice."""
_LEADER_IN_DEEP = "line/0/0"


class Opening:
    """The first tries of one job; derived from what it is told."""

    def __init__(self, evidence: Evidence, target: float) -> None:
        """`target` is how sure an answer must be to end the job."""
        self._evidence, self._target = evidence, target
        self._told: list[StepResult] = []

    def models(self, roles: PanelRoles, kind: str) -> tuple[str, ...]:
        """Return who tries first, the strongest before cheaper ones; nobody where agreement would not save money."""
        known, strongest = self._evidence, roles.strongest()
        if not roles.cards[strongest].is_measured:
            return ()
        others = [card for card in roles.solvers if card.is_measured and card.name != strongest]
        others.sort(key=lambda card: -card.ability_for(kind) / max(roles.typical_nano(card.name), 1))
        reader = strongest if roles.cards[strongest].reads else roles.ablest().name
        chosen, cost_nano = [strongest], 0
        for card in others:
            chosen.append(card.name)
            cost_nano += roles.typical_nano(card.name)
            agreed = agreement_of(chosen, known.skills(), known.error_model())
            if cost_nano >= agreed.chance * roles.typical_nano(reader, shown=1):
                break
            if calibrated(agreed.probability, known.parameters.calibration) >= self._target:
                return tuple(chosen)
        return ()

    def take(self, result: StepResult) -> None:
        """Keep a first try for `deep`; what comes after the note is none."""
        if result.kind is StepKind.SAMPLE and not self._evidence.told(FIRST):
            self._told.append(result)

    def suffices(self) -> bool:
        """Tell whether the first tries are known, and what is known makes sure enough."""
        return self._evidence.told(FIRST) and self._evidence.confidence() >= self._target

    def ask(
        self, sample: Callable[[str, int, str], Step], models: Sequence[str], resources: Resources
    ) -> Sequence[Step]:
        """Return those of the first tries that are missing; once all are told, the note that decides.

        `sample` makes a try of its path, number and model.
        """
        tries = [sample("sample", number, model) for number, model in enumerate(models)]
        missing = [
            step
            for step in tries
            if not self._evidence.told(step.key)
            and step.key not in resources.in_flight
            and step.model in resources.affordable
        ]
        if missing or resources.in_flight:
            return [replace(step, at_length=step is tries[0]) for step in missing[: resources.free_slots]]
        if self._evidence.confidence() >= self._target:
            return (Step(FIRST, StepKind.NOTE, "The first attempts agree", note=Inside().as_note()),)
        note = Inside("deep", resources.free_nano).as_note()
        return (Step(FIRST, StepKind.NOTE, "Think at length about the leading answer", note=note),)

    def lend_to(self, deep: Child) -> None:
        """Tell `deep` what was tried: the leader is what it goes on from."""
        leader = next(iter(self._evidence.ranked(1)), None)
        for result in self._told:
            is_leader = leader is not None and leader.example.key == result.key
            deep.lend(result, _LEADER_IN_DEEP if is_leader else result.key)
