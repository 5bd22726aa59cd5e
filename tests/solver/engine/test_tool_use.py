"""A use of a tool is held, journalled and settled like a call, once, whatever the tool does."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from solver.core.errors import ErrorCategory, Interrupted, NotExecuted, ProviderDown
from solver.core.pricing import Usage
from solver.core.programs import Asker
from solver.core.request import Reply, Request, ToolCall
from solver.core.steps import Status, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.core.tools import Source, ToolOrder, ToolOutcome, ToolsOff, ToolSpec
from solver.engine.control import Stop
from solver.engine.journal import MemoryJournal
from solver.strategies import make_strategy
from tests.solver.simulated import Bench, Provider, card

_WORD = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
FREE = ToolSpec("look_up", "Looks a word up.", _WORD)
PAID = replace(FREE, name="web_search", most_nano=3_000_000)


@dataclass
class Shelf:
    """Tools that answer as a test decides."""

    answer: object = field(default_factory=lambda: ToolOutcome("Six is 6.", charged_uses=1))
    offered: tuple[ToolSpec, ...] = (FREE, PAID)
    used: list[ToolOrder] = field(default_factory=list)
    askers: set[Asker] = field(default_factory=set)
    may_end: asyncio.Event | None = None

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return what is offered."""
        return self.offered

    async def use(self, order: ToolOrder, asker: Asker, /) -> ToolOutcome:
        """Answer."""
        self.used.append(order)
        self.askers.add(asker)
        if self.may_end:
            await self.may_end.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        assert isinstance(self.answer, ToolOutcome)
        return self.answer


def bench_of(shelf: Shelf, tool: str = "web_search", arguments: str = '{"word": "six"}', **changes) -> Bench:
    """One attempt that uses a tool once, then answers."""

    def answer(request: Request, _: int) -> str | Reply:
        if request.functions and not any(message.role == "tool" for message in request.messages):
            call = ToolCall("c1", tool, arguments)
            return Reply("", "", "tool_calls", Usage(900, 60), None, "r", tool_calls=(call,))
        return "Answer: 42"

    panel = [replace(card("a/one", bundled=False), calls_tools=True, context_window=60_000)]
    given = {"panel": panel, "options": {"max_tries": 1}, "tools": shelf, "budget_nano": 900_000_000}
    bench = Bench(Provider(answer), **(given | changes))
    setting = Setting(bench.problem, panel, bench.budget_nano, 0, bench.options, 7, tools=shelf.specs())
    bench.strategy = make_strategy("agent", setting)
    return bench


def told(bench: Bench) -> dict[StepKind, StepResult]:
    """The told steps by kind."""
    return {result.kind: result for result in bench.journal.results}


async def test_a_paid_use_is_held_and_settled_and_a_free_one_told():
    """What its provider charges is what the user pays; the asker is the job's; the journal has it all."""
    for tool, cost in (("web_search", 3_000_000), ("look_up", 0)):
        shelf = Shelf()
        bench = bench_of(shelf, tool)
        outcome = await bench.run()
        assert outcome.best.answer == "42"
        use = told(bench)[StepKind.TOOL]
        assert (use.charged_nano, use.text, use.note["tool"]) == (cost, "Six is 6.", tool)
        assert shelf.used == [ToolOrder(tool, {"word": "six"})]
        assert shelf.askers == {Asker("workspace", "job")}
        assert bench.purse.settled_nano == sum(result.charged_nano for result in bench.journal.results)
        assert bench.purse.held_nano == bench.purse.in_doubt_nano == 0
        kinds = [call.step.kind for call, state in bench.journal.calls.values() if state == "settled"]
        assert kinds.count(StepKind.TOOL) == bool(cost)


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (ToolsOff("Web search is off here."), "void", "Web search is off here."),
        (RuntimeError("secret detail"), "in_doubt", "The tool failed (RuntimeError)."),
        (ToolOutcome("", error="Nothing was found.", charged_uses=0), "settled", "Nothing was found."),
        (ToolOutcome("twice", charged_uses=2), "settled", "twice"),
    ],
)
async def test_whatever_a_tool_does_its_money_is_in_one_clear_state(answer, state, words):
    """Off: nothing is owed; failed: in doubt; charged: never more than was held. The model reads what happened."""
    bench = bench_of(Shelf(answer))
    outcome = await bench.run()
    assert outcome.best.answer == "42"
    assert [s for call, s in bench.journal.calls.values() if call.step.kind is StepKind.TOOL] == [state]
    assert told(bench)[StepKind.TOOL].charged_nano <= PAID.most_nano
    assert bench.purse.in_doubt_nano == (PAID.most_nano if state == "in_doubt" else 0)
    assert bench.purse.held_nano == 0
    shown = bench.provider.requests[1].messages[-1].content
    assert words in shown
    assert "secret" not in shown


async def test_a_use_that_takes_too_long_is_given_up():
    """The model is told so, and the attempt goes on."""
    slow = replace(FREE, timeout_s=0.01)
    bench = bench_of(Shelf(offered=(slow,), may_end=asyncio.Event()), "look_up")
    await bench.run()
    assert "It took longer than 0 seconds." in bench.provider.requests[1].messages[-1].content


@pytest.mark.parametrize(("tool", "uses"), [("look_up", 2), ("web_search", 2)])
async def test_an_execution_that_ends_in_the_middle_of_a_use_loses_and_repeats_nothing_told(tool, uses):
    """A free use is made again by the next execution; a paid one stays in doubt, and is held once more."""
    shelf = Shelf(may_end=asyncio.Event())
    bench = bench_of(shelf, tool)
    running = asyncio.create_task(bench.run())
    while not shelf.used:  # noqa: ASYNC110  (nothing tells of it)
        await asyncio.sleep(0.005)
    bench.control.request(Stop.DRAIN)
    with pytest.raises(Interrupted):
        await running
    assert StepKind.TOOL not in told(bench)
    shelf.may_end.set()
    again = bench_of(shelf, tool, journal=MemoryJournal(bench.journal.results))
    again.purse.settled_nano, again.purse.in_doubt_nano = bench.purse.settled_nano, bench.purse.in_doubt_nano
    outcome = await again.run()
    assert outcome.best.answer == "42"
    assert len(shelf.used) == uses
    keys = [result.key for result in again.journal.results]
    assert len(keys) == len(set(keys))
    # The turn that called the tool was bought once.
    assert all(
        any(m.role == "tool" for m in each.messages) or not each.functions for each in again.provider.requests
    )
    assert again.purse.in_doubt_nano == (PAID.most_nano if tool == "web_search" else 0)


async def test_a_told_use_is_never_made_again():
    """Another execution reads the outcome from the journal."""
    shelf = Shelf(ToolOutcome("Six is 6.", (Source("Numbers", "n.csv", text="6"),)))
    bench = bench_of(shelf, "look_up")
    await bench.run()
    kept = [result for result in bench.journal.results if result.kind is not StepKind.SAMPLE]
    again = bench_of(shelf, "look_up", journal=MemoryJournal(kept))
    outcome = await again.run()
    assert outcome.stop_reason is StopReason.NO_PROGRESS
    assert len(shelf.used) == 1
    assert again.provider.requests[0].messages == bench.provider.requests[1].messages


async def test_what_no_journal_can_keep_is_replaced():
    """NUL and lone surrogates in arguments and outcomes."""
    bench = bench_of(Shelf(ToolOutcome("a\0b\ud800", error="\0")), "look_up", '{"word": "\\u0000\\ud800"}')
    await bench.run()
    use = told(bench)[StepKind.TOOL]
    assert "\0" not in repr(use).replace("\\x00", "\0")
    assert "\ud800" not in use.text


@pytest.mark.parametrize("is_begun", [True, False])
async def test_where_the_model_that_calls_tools_is_away_nothing_is_given_up(is_begun):
    """An attempt under way waits for its model; without one, those that call no tools make plain attempts."""
    shelf = Shelf()
    bench = bench_of(shelf, "look_up")
    other = card("b/two", bundled=False)
    answered, away = (
        bench.provider.answer,
        NotExecuted("quota", category=ErrorCategory.BUSY, retry_after_s=3_600.0),
    )

    def answer(request: Request, number: int) -> str | Reply | NotExecuted:
        if request.card.name == other.name:
            return "Answer: 42"
        return answered(request, number) if is_begun and not shelf.used else away

    bench.provider.answer = answer
    bench.panel.append(other)
    setting = Setting(bench.problem, bench.panel, bench.budget_nano, 0, bench.options, 7, tools=shelf.specs())
    bench.strategy = make_strategy("agent", setting)
    with pytest.raises(ProviderDown, match="quota"):
        await bench.run()
    assert len(shelf.used) == is_begun
    assert not [each for each in bench.journal.results if each.status is Status.FAILED]


async def test_many_paid_uses_of_one_turn_leave_the_money_for_the_answer():
    """Each is compared with what those before it left, with what it brings; the answer is shown what can be paid."""
    shelf = Shelf(ToolOutcome("x" * 3_000, charged_uses=1), offered=(replace(PAID, most_nano=15_000_000),))
    bench = bench_of(shelf, budget_nano=100_000_000)
    calls = tuple(ToolCall(f"c{number}", "web_search", '{"word": "six"}') for number in range(6))

    def answer(request: Request, _: int) -> str | Reply:
        return (
            Reply("", "", "tool_calls", Usage(900, 60), None, "r", tool_calls=calls)
            if request.functions
            else "Answer: 42"
        )

    bench.provider.answer = answer
    outcome = await bench.run()
    assert outcome.best
    assert outcome.best.answer == "42"
    assert 0 < len(shelf.used) < 6
    # Not the plain problem of the last resort: what was found is shown.
    assert any("xxx" in each.messages[-1].content for each in bench.provider.requests if not each.functions)
