"""A strategy inside another: its keys behind a prefix, its money a share of the parent's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from solver.core.steps import Candidate, Resources, Step, StepResult, StopReason
from solver.core.strategy import Setting, Strategy
from solver.engine.calls.bounds import prompt_bytes, typical_nano
from solver.strategies.shared.notes import Note


@dataclass(frozen=True, slots=True)
class Inside(Note):
    """What runs inside (empty: nothing does), and how much money it may use."""

    run: str = ""
    share_nano: int = 0


class Child:
    """Wraps a strategy. Its state derives from tells alone, as every strategy's; `spent_nano` is what it was told."""

    def __init__(self, name: str, strategy: Strategy, setting: Setting) -> None:
        """`name` becomes the first part of the child's keys; `setting.budget_nano` is its share."""
        self.prefix = f"{name}/"
        self.strategy = strategy
        self.setting = setting
        self.spent_nano = 0
        self._told: set[str] = set()
        self._lent: dict[str, str] = {}
        self._size_bytes = prompt_bytes(setting.problem.messages())

    def owns(self, key: str) -> bool:
        """Tell whether a key is one of the child's."""
        return key.startswith(self.prefix)

    def ask(self, resources: Resources) -> Sequence[Step]:
        """Return the child's wishes under its prefix, within its share."""
        steps = self.strategy.ask(self.resources(resources))
        return [
            replace(
                step,
                key=self.prefix + step.key,
                parents=tuple(map(self._whole_key, step.parents)),
            )
            for step in steps
        ]

    def lend(self, result: StepResult, key: str) -> None:
        """Tell the child a result that is not its own, as that of its step `key`; it is paid for already."""
        self._lent[key] = result.key
        self.strategy.tell(replace(result, key=key, parents=()))

    def tell(self, result: StepResult) -> None:
        """Tell the child a result whose key it owns; the same key twice counts once."""
        if result.key in self._told:
            return
        self._told.add(result.key)
        self.spent_nano += result.charged_nano
        cut = len(self.prefix)
        lent = {whole: key for key, whole in self._lent.items()}
        parents = tuple(key[cut:] if self.owns(key) else lent.get(key, key) for key in result.parents)
        self.strategy.tell(replace(result, key=result.key[cut:], parents=parents))

    def resources(self, resources: Resources) -> Resources:
        """Return the part of a room that is the child's."""
        cut = len(self.prefix)
        mine = {key[cut:]: step for key, step in resources.in_flight.items() if self.owns(key)}
        typical = {
            card.name: typical_nano(card, self._size_bytes, self.setting.markup_bp)
            for card in self.setting.panel
        }
        under_way = sum(typical.get(step.model, 0) for step in mine.values())
        free = min(resources.free_nano, max(self.setting.budget_nano - self.spent_nano - under_way, 0))
        affordable = resources.affordable
        if free < resources.free_nano:
            affordable = frozenset(name for name in affordable if typical.get(name, free + 1) <= free)
        return replace(resources, free_nano=free, affordable=affordable, in_flight=mine)

    def best(self) -> Candidate | None:
        """Return the child's best answer, its step named by the whole key."""
        best = self.strategy.best()
        return replace(best, step_key=self._whole_key(best.step_key)) if best else None

    def _whole_key(self, key: str) -> str:
        """Return what a step that the child knows as `key` is called by its parent."""
        return self._lent.get(key, self.prefix + key)

    def done(self) -> StopReason | None:
        """Return why the child wants nothing more, or None."""
        return self.strategy.done()
