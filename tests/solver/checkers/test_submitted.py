"""Lives of a job whose provider works by itself: what one submitted the next collects, and nobody buys twice."""

import asyncio
import dataclasses
from dataclasses import dataclass, field

import pytest

from solver.core.errors import Interrupted
from solver.core.request import Reply, Request
from solver.core.steps import StopReason
from solver.engine.control import Stop
from solver.engine.outcome import Limits
from tests.solver.simulated import Bench, Provider, card

LIMITS = Limits(slots=4, patience_s=1, grace_s=0.5, drain_s=600)
PANEL = [dataclasses.replace(card("openai/slow", bundled=False), background=True)]


@dataclass
class Slow(Provider):
    """Gives references at once and replies when it is told to."""

    submissions: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, request: Request) -> str:
        self.submissions.append(f"ref-{len(self.submissions)}")
        return self.submissions[-1]

    async def collect(self, request: Request, reference: str) -> Reply:
        if len(self.submissions) >= 2:
            self.enough.set()
        await self.done.wait()
        return Reply("Answer: 42", "", "stop", self.usage(request), None, reference)

    async def cancel(self, request: Request, reference: str) -> None:
        self.cancelled.append(reference)


def slow() -> Slow:
    return Slow(answer=lambda *_: "Answer: 42")


async def interrupted(bench: Bench, provider: Slow, stop: Stop) -> None:
    """Stop an execution while its calls are with the provider; it ends without waiting for them."""
    running = asyncio.create_task(bench.run())
    await asyncio.wait_for(provider.enough.wait(), 300)
    bench.control.request(stop)
    with pytest.raises(Interrupted):
        await asyncio.wait_for(running, 300)


@pytest.mark.parametrize("stop", [Stop.DRAIN, Stop.PAUSE])
async def test_what_one_life_submitted_the_next_collects(stop):
    """A deploy or a pause leaves the calls held with their references; the next execution asks for none of them again."""
    provider = slow()
    first = Bench(provider, panel=PANEL, limits=LIMITS)
    await interrupted(first, provider, stop)
    left = await first.journal.submitted()
    assert [each.reference for each in left] == provider.submissions
    assert provider.cancelled == []
    second = Bench(provider, panel=PANEL, limits=LIMITS, journal=first.journal)
    second.purse.held_nano = sum(each.call.hold_nano for each in left)
    provider.done.set()
    outcome = await second.run()
    assert outcome.best is not None
    assert outcome.best.answer == "42"
    assert {state for _, state in second.journal.calls.values()} == {"settled"}
    assert len(second.journal.calls) == len(provider.submissions)
    assert (second.purse.held_nano, second.purse.in_doubt_nano) == (0, 0)
    assert len({result.key for result in second.journal.results}) == len(second.journal.results)


async def test_a_job_that_ends_cancels_what_is_not_done():
    """Finish now: running calls get their grace, then the provider is told to stop and they are in doubt."""
    provider = slow()
    bench = Bench(provider, panel=PANEL, limits=LIMITS)
    running = asyncio.create_task(bench.run())
    await asyncio.wait_for(provider.enough.wait(), 300)
    bench.control.request(Stop.FINISH)
    outcome = await asyncio.wait_for(running, 300)
    assert outcome.stop_reason is StopReason.FINISHED_BY_USER
    assert sorted(provider.cancelled) == sorted(provider.submissions)
    assert {state for _, state in bench.journal.calls.values()} == {"in_doubt"}


async def test_a_slice_ends_while_the_provider_works():
    """Giving way needs no quiet point where all that is under way can be collected by the next execution."""
    provider = slow()
    bench = Bench(provider, panel=PANEL, limits=LIMITS)
    running = asyncio.create_task(bench.run())
    await asyncio.wait_for(provider.enough.wait(), 300)
    bench.control.ask_to_give_way()
    with pytest.raises(Interrupted, match="slice"):
        await asyncio.wait_for(running, 300)
    assert len(await bench.journal.submitted()) == len(provider.submissions)
