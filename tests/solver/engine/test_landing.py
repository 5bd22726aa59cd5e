"""Results that come home while the runner itself waits for the journal: told once, in the journal's order."""

import asyncio
from dataclasses import dataclass, field

from solver.core.problem.hints import Hint
from solver.core.request import Reply, Request
from solver.core.steps import StepKind, StepResult
from solver.engine.control import Control
from solver.engine.journal import MemoryJournal
from solver.strategies import Setting, make_strategy
from tests.solver.simulated import Bench, Provider, card


@dataclass
class Holding(Provider):
    """Answers its first call at once, and all others from a moment on that a test decides."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def complete(self, request: Request) -> Reply:
        self.asked += 1
        if self.asked > 1:
            await self.may_answer.wait()
        return await super().complete(request)


class SlowNotes(MemoryJournal):
    """Has a hint heard once a call was told, and takes it when another one landed: before it (`hint_last`) or after."""

    def __init__(self, provider: Holding, control: Control, *, hint_last: bool) -> None:
        super().__init__()
        self._provider, self._control, self._hint_last = provider, control, hint_last

    async def tell(self, result: StepResult) -> StepResult:
        if not Hint.of(result):
            told = await super().tell(result)
            if result.kind is not StepKind.NOTE:
                self._control.hear_hints([Hint(1, "It is odd.")])
            return told
        hint = None if self._hint_last else await super().tell(result)
        known = len(self.results)
        self._provider.may_answer.set()
        while len(self.results) == known:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0)
        for _ in range(20):  # until it has come home
            await asyncio.sleep(0)
        return hint or await super().tell(result)


class Listening:
    """A strategy that notes what it is told."""

    def __init__(self, inner) -> None:
        self._inner = inner
        self.told: list[tuple[int, str]] = []

    def tell(self, result: StepResult) -> None:
        self.told.append((result.seq, result.key))
        self._inner.tell(result)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


async def _hinted(*, hint_last: bool) -> tuple[Bench, Listening]:
    provider = Holding(lambda _, n: f"Answer: {n}")
    bench = Bench(provider, budget_nano=10_000_000)
    bench.journal = SlowNotes(provider, bench.control, hint_last=hint_last)
    strategy = Listening(make_strategy("vote", Setting(bench.problem, [card()], bench.budget_nano, 0, {}, 7)))
    bench.strategy = strategy
    await bench.run()
    return bench, strategy


async def test_what_lands_while_a_hint_is_written_is_not_bought_again():
    """It is neither under way nor told while the journal takes the hint; its step is made once all the same."""
    for hint_last in (True, False):
        bench, _ = await _hinted(hint_last=hint_last)
        made = [call.step.key for call, _ in bench.journal.calls.values()]
        assert len(made) == len(set(made)) == len(bench.provider.requests)


async def test_a_hint_is_told_where_the_journal_has_it():
    """A restart tells the journal in its order: an execution that goes on must know the same."""
    for hint_last in (True, False):
        bench, strategy = await _hinted(hint_last=hint_last)
        assert [key for _, key in strategy.told] == [result.key for result in bench.journal.results]
        assert strategy.told == sorted(strategy.told)
