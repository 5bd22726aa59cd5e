"""Which calls go in batches, and what becomes of a wave that is none in the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from solver.core.errors import InDoubt, Interrupted, NotExecuted
from solver.core.pricing import BATCH, Tier, Usage
from solver.core.request import Reply, Request
from solver.core.steps import Step, StepKind
from solver.engine.calls.batches import Batches
from solver.engine.calls.service_tier import LEAST_BATCH_S, LEAST_CALLS, at_cheaper_tier, batch_s, card_now
from solver.engine.runner import Limits
from solver.providers.batch_server import BatchLook
from tests.solver.simulated import Bench, Provider, card

LONG_S = 10**9
PLAIN = card("openai/one", bundled=False)
HALF = Tier(0, 2_500_000, 2_500_000, service=BATCH)
ALONE = at_cheaper_tier(replace(PLAIN, has_batches=True, rates=replace(PLAIN.rates, tiers=(HALF,))))
"""A model that is cheaper in batches alone."""


@dataclass
class BatchProvider(Provider):
    """One that answers batches, too, at the first look; `broken` says what becomes of a start instead."""

    broken: Exception | None = None
    is_over: bool = True
    uploads: list[Mapping[str, Request]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    async def prepare_batch(self, calls: Mapping[str, Request]) -> str:
        self.uploads.append(calls)
        return f"file:{len(self.uploads) - 1}"

    async def start_batch(self, calls: Mapping[str, Request], reference: str) -> str:
        if self.broken:
            raise self.broken
        return reference.replace("file", "batch")

    async def look_at_batch(self, request: Request, reference: str) -> BatchLook:
        calls = self.uploads[int(reference.partition(":")[2])]
        reply = Reply("Answer: 42", "", "stop", Usage(100, 60, service=BATCH), None, "ref")
        rest = NotExecuted("cancelled") if self.cancelled else InDoubt("nobody knows")
        is_over = self.is_over or bool(self.cancelled)
        return BatchLook(
            reference,
            is_over=is_over,
            fates=dict.fromkeys(calls, reply) if self.is_over else {},
            rest=rest if is_over else None,
        )

    async def cancel_batch(self, request: Request, reference: str) -> None:
        self.cancelled.append(reference)


def bench(provider: BatchProvider, **given: object) -> Bench:
    """A job whose votes come in a wave of eight."""
    options = {"confidence_target": 0.998}
    limits = Limits(slots=16, patience_s=1, grace_s=2, drain_s=0.2, leaves_batches=True)
    return Bench(provider, panel=[ALONE], options=options, limits=limits, **given)  # type: ignore[arg-type]


def fates(made: Bench) -> list[tuple[str, str]]:
    """The tier and the fate of every attempt at a try."""
    calls = made.journal.calls.values()
    return [(call.service, state) for call, state in calls if call.step.kind is StepKind.SAMPLE]


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Batches are looked at again at once."""
    monkeypatch.setattr("solver.engine.calls.batches._FIRST_LOOK_S", 0.01)


def test_a_model_that_is_cheaper_in_batches_alone_asks_for_nothing_else_by_itself():
    """Its single calls go at the standard tier; where the setting does not name it, nothing is cheaper."""
    assert ALONE.service == BATCH
    assert card_now(ALONE, left_s=LONG_S).service == ""
    without = replace(ALONE, service="", has_batches=False)
    assert at_cheaper_tier(without) is without
    assert at_cheaper_tier(ALONE.at_standard(), may_wait_s=3_600).service == ""
    assert batch_s(without, left_s=LONG_S) == batch_s(ALONE, left_s=None) == 0
    assert batch_s(ALONE, left_s=3_600.0) < LEAST_BATCH_S < batch_s(ALONE, left_s=43_200.0)


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ([{}] * LEAST_CALLS, LEAST_CALLS),
        ([{}] * (LEAST_CALLS - 1), 0),
        ([{}] * (LEAST_CALLS - 1) + [{"parents": ("a",)}], 0),
        ([{}] * (LEAST_CALLS - 1) + [{"kind": StepKind.NOTE}], 0),
        ([{}] * (LEAST_CALLS - 1) + [{"key": "made"}], 0),
        ([{}] * LEAST_CALLS + [{"parents": ("a",), "kind": StepKind.REVISE}], LEAST_CALLS),
    ],
)
def test_a_wave_is_of_independent_calls(steps, count):
    """Neither what shows other steps, nor what was tried before, makes a wave or goes with one."""
    found = Batches(
        Provider(lambda *_: ""),
        {ALONE.name: ALONE},
        made={"made"},
        clock=lambda: 0.0,
        may_wait_until_s=43_200.0,
    )  # type: ignore[arg-type]
    asked = [
        Step(**({"key": f"s{n}", "kind": StepKind.SAMPLE, "model": ALONE.name} | each))
        for n, each in enumerate(steps)
    ]
    with found.forming(asked) as together:
        assert len(together) == count
    assert not any(found.takes(step.key) for step in asked), "no money was reserved for them"


async def test_a_wave_is_charged_at_its_price():
    """Held and charged at half; the write-up is a call like any other."""
    provider = BatchProvider(lambda *_: "Answer: 42")
    made = bench(provider)
    outcome = await made.run(may_wait_until_s=LONG_S)
    assert outcome.best.answer == "42"
    assert fates(made) == [(BATCH, "settled")] * LEAST_CALLS
    assert len(provider.uploads) == 1
    samples = [result for result in made.journal.results if result.kind is StepKind.SAMPLE]
    assert {result.charged_nano for result in samples} == {160 * 2_500}


async def test_an_execution_ends_while_all_waits_and_the_next_one_collects():
    """Nothing is uploaded again."""
    provider = BatchProvider(lambda *_: "Answer: 42", is_over=False)
    first = bench(provider)
    with pytest.raises(Interrupted, match="batch"):
        await first.run(may_wait_until_s=LONG_S)
    assert fates(first) == [(BATCH, "held")] * LEAST_CALLS
    provider.is_over = True
    second = bench(provider, journal=first.journal)
    second.purse = first.purse
    outcome = await second.run(may_wait_until_s=LONG_S)
    assert outcome.best.answer == "42"
    assert fates(second) == [(BATCH, "settled")] * LEAST_CALLS
    assert len(provider.uploads) == 1
    assert (second.purse.held_nano, second.purse.in_doubt_nano) == (0, 0)


@pytest.mark.parametrize("why", ["refused", "too little money"])
async def test_a_wave_that_is_none_in_the_end_goes_call_by_call(why):
    """The start was refused, or the money pays for seven: void, and asked at the tier of single calls."""
    provider = BatchProvider(lambda *_: "Answer: 42", broken=NotExecuted("refused", retryable=False))
    made = bench(provider, budget_nano=50_000_000 if why == "refused" else 6_500_000)
    outcome = await made.run(may_wait_until_s=LONG_S)
    assert outcome.best.answer == "42"
    found = fates(made)
    assert {fate for fate in found if fate[0] == BATCH} <= {(BATCH, "void")}
    assert ("", "settled") in found
    assert len(provider.uploads) == (why == "refused")
    assert (made.purse.held_nano, made.purse.in_doubt_nano) == (0, 0)
    assert made.purse.settled_nano <= made.budget_nano
