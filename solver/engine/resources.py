"""What a strategy may use at a moment: built here for every runner."""

from collections.abc import Collection, Iterable, Mapping

from solver.core.models import ModelCard
from solver.core.purse import Purse
from solver.core.steps import Resources, Step, StepKind
from solver.engine.calls.bounds import least_budget_left_nano


class ResourceMeter:
    """Tells what may be used now: the slots of a run, the money in its purse, and whose calls that pays for.

    `size_bytes` is the size of the prompt that a typical call has: that of the problem.
    """

    def __init__(
        self, panel: Iterable[ModelCard], purse: Purse, *, size_bytes: int, markup_bp: int, slots: int
    ) -> None:
        self._purse, self._slots = purse, slots
        self._least_nano = {card.name: least_budget_left_nano(card, size_bytes, markup_bp) for card in panel}

    def affordable(self) -> frozenset[str]:
        """Return the models of which one more call fits into the free money."""
        free_nano = self._purse.spendable_nano()
        return frozenset(name for name, least in self._least_nano.items() if least <= free_nano)

    def resources(self, in_flight: Mapping[str, Step], *, suspended: Collection[str] = ()) -> Resources:
        """Return what a strategy may use, models that are suspended left out."""
        return Resources(
            # A tool holds no slot of those that models have.
            free_slots=max(self._slots - sum(s.kind is not StepKind.TOOL for s in in_flight.values()), 0),
            free_nano=self._purse.spendable_nano(),
            affordable=self.affordable().difference(suspended),
            in_flight=in_flight,
        )
