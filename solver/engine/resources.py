"""What a strategy may use at a moment: built here for every runner."""

from collections.abc import Collection, Iterable, Mapping

from solver.core.models import ModelCard
from solver.core.purse import Purse
from solver.core.steps import Resources, Step, StepKind
from solver.engine.calls.bounds import fits, least_budget_left_nano


class ResourceMeter:
    """Tells what may be used now: the slots of a run, the money in its purse, and whose calls that pays for."""

    def __init__(
        self, panel: Iterable[ModelCard], purse: Purse, *, size_bytes: int, markup_bp: int, slots: int
    ) -> None:
        """`size_bytes` is the size of the prompt that a typical call has: that of the problem."""
        self._panel, self._purse, self._slots, self._markup_bp = [*panel], purse, slots, markup_bp
        self._least_nano = self._least_nano_of(self._panel, size_bytes)

    def heed(self, size_bytes: int) -> None:
        """Reckon with longer prompts from now on; models that have no room for them are not affordable any more."""
        self._least_nano = self._least_nano_of(
            (card for card in self._panel if fits(card, size_bytes)), size_bytes
        )

    def _least_nano_of(self, panel: Iterable[ModelCard], size_bytes: int) -> Mapping[str, int]:
        return {card.name: least_budget_left_nano(card, size_bytes, self._markup_bp) for card in panel}

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
