"""A strategy whose user may add hints; one that starts afresh puts a new state in the place of the old one.

The new strategy's keys stand behind the hint's (`hint/2/sample/0`), and its budget is what was left. What was tried
before it counts no more, but for one thing: where nothing came of it, the answer from before is still there.
The tries of last resort are the runner's: whoever is at work when they are told is told them, by their own keys.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from solver.core.problem.hints import Hint
from solver.core.steps import Candidate, Resources, Step, StepResult, StopReason
from solver.core.strategy import Strategy
from solver.engine.last_resort import is_last_resort

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
        mine = {self._inner(key): step for key, step in resources.in_flight.items() if self._is_mine(key)}
        wanted = self._strategy.ask(replace(resources, in_flight=mine))
        return [
            replace(step, key=self._outer(step.key), parents=tuple(map(self._outer, step.parents)))
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
        elif self._is_mine(result.key):
            parents = tuple(map(self._inner, result.parents))
            self._strategy.tell(replace(result, key=self._inner(result.key), parents=parents))

    def best(self) -> Candidate | None:
        """Return the best answer since the last start afresh, else that from before it, of unknown worth."""
        best = self._strategy.best()
        if best is None:
            return self._before
        return replace(best, step_key=self._outer(best.step_key))

    def done(self) -> StopReason | None:
        """Return why the present strategy wants nothing more, or None."""
        return self._strategy.done()

    def phase(self) -> str:
        """Return what the present strategy is doing."""
        return self._strategy.phase()

    def _is_mine(self, key: str) -> bool:
        return key.startswith(self._prefix) or is_last_resort(key)

    def _inner(self, key: str) -> str:
        return key.removeprefix(self._prefix)

    def _outer(self, key: str) -> str:
        return key if is_last_resort(key) else self._prefix + key

    def _start_afresh(self, hint: Hint) -> None:
        before = self.best()
        self._before = before and replace(before, confidence=None, explanation=FROM_BEFORE, dissent=())
        left_nano = max(self._budget_nano - sum(self._charged_nano.values()), 0)
        self._strategy = self._make(left_nano)
        self._prefix = f"{hint.key}/"
