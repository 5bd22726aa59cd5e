"""A strategy whose user may add hints; one that starts afresh puts a new state in the place of the old one.

The new strategy's keys stand behind the hint's (`hint/2/sample/0`), and its budget is what was left. What was tried
before it counts no more, but for one thing: where nothing came of it, the answer from before is still there.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from solver.core.problem.hints import Hint
from solver.core.steps import Candidate, Resources, Step, StepResult, StopReason
from solver.core.strategy import Strategy

FROM_BEFORE = "This answer is from before your last hint; no try since then gave one."


class Steered:
    """Runs the strategies that `make` returns for a budget (nano-USD), one after another as hints demand."""

    def __init__(self, make: Callable[[int], Strategy], budget_nano: int) -> None:
        self._make = make
        self._budget_nano = budget_nano
        self._charged_nano: dict[str, int] = {}
        self._strategy = make(budget_nano)
        self._prefix = ""
        self._before: Candidate | None = None

    def ask(self, resources: Resources) -> Sequence[Step]:
        """Return what the present strategy wants; calls of the one before it that are still under way are not its own."""
        if not self._prefix:
            return self._strategy.ask(resources)
        cut = len(self._prefix)
        mine = {key[cut:]: step for key, step in resources.in_flight.items() if key.startswith(self._prefix)}
        wanted = self._strategy.ask(replace(resources, in_flight=mine))
        return [
            replace(
                step, key=self._prefix + step.key, parents=tuple(self._prefix + key for key in step.parents)
            )
            for step in wanted
        ]

    def tell(self, result: StepResult) -> None:
        """Take in a result: a hint, one of the present strategy, or a late one of an earlier, which counts no more."""
        if hint := Hint.of(result):
            if hint.starts_afresh and f"{hint.key}/" != self._prefix:
                self._start_afresh(hint)
            return
        self._charged_nano[result.key] = result.charged_nano
        if not self._prefix:
            self._strategy.tell(result)
        elif result.key.startswith(self._prefix):
            cut = len(self._prefix)
            parents = tuple(key.removeprefix(self._prefix) for key in result.parents)
            self._strategy.tell(replace(result, key=result.key[cut:], parents=parents))

    def best(self) -> Candidate | None:
        """Return the best answer since the last start afresh, else that from before it, of unknown worth."""
        best = self._strategy.best()
        if best is None:
            return self._before
        return replace(best, step_key=self._prefix + best.step_key) if self._prefix else best

    def done(self) -> StopReason | None:
        """Return why the present strategy wants nothing more, or None."""
        return self._strategy.done()

    def phase(self) -> str:
        """Return what the present strategy is doing."""
        return self._strategy.phase()

    def _start_afresh(self, hint: Hint) -> None:
        before = self.best()
        self._before = before and replace(before, confidence=None, explanation=FROM_BEFORE, dissent=())
        left_nano = max(self._budget_nano - sum(self._charged_nano.values()), 0)
        self._strategy = self._make(left_nano)
        self._prefix = f"{hint.key}/"
