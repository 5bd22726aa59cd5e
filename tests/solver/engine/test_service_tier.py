"""Half price for calls that can wait: which ask for it, what a refusal costs, and that no budget is overrun."""

import random
from dataclasses import replace

import pytest

from solver.core.errors import NotExecuted
from solver.core.money import NANO_PER_CENT
from solver.core.pricing import Rates, Tier, Usage, bound_nano, cost_nano
from solver.core.steps import StepKind, StopReason
from solver.engine.calls.bounds import bound_call
from solver.engine.calls.service_tier import PATIENCE_S, TIMEOUT_S, CheaperTier, at_cheaper_tier, card_now
from tests.solver.simulated import Bench, Provider, card

LONG_S = 10**9
FLEX = card("openai/one", bundled=False, flex=True)
RATES = Rates(
    1_000, 4_000, reasoning_pico=5_000,
    tiers=(
        Tier(0, 500, 2_000, cache_write_pico=700, service="flex"),
        Tier(100, 900, 3_000, service="flex"),
        Tier(0, 2_000, 8_000, service="priority"),
    ),
)  # fmt: skip


def served(tier: str = "flex"):
    """Return the usage of a reply that names the tier by which it was served."""
    return lambda _: Usage(100, 60, service=tier)


def states_of(bench: Bench, kind: StepKind = StepKind.SAMPLE) -> list[tuple[str, str]]:
    """Return the tier and the fate of every attempt at steps of a kind."""
    return [(call.service, state) for call, state in bench.journal.calls.values() if call.step.kind is kind]


def charged_nano(bench: Bench) -> int:
    """Return what the tries were charged."""
    return sum(result.charged_nano for result in bench.journal.results if result.kind is StepKind.SAMPLE)


@pytest.fixture
def impatient(monkeypatch):
    """A refused call is not tried again at the cheaper tier."""
    monkeypatch.setattr("solver.engine.calls.service_tier.PATIENCE_S", 0.0)


def test_a_bound_at_a_tier_covers_every_cost_of_that_tier():
    """Also that of a long prompt, of what is written to the cache, and of reasoning; other tiers do not count."""
    asked = RATES.asked_at("flex")
    assert (asked.worst_input_pico(), asked.worst_output_pico()) == (900, 3_000)
    bound = bound_nano(asked, prompt_tokens=200, max_output_tokens=50)
    for usage in (Usage(200, 50, service="flex"), Usage(90, 50, 0, 90, 50, service="flex")):
        assert cost_nano(RATES, usage) <= bound
    assert RATES.asked_at("") is RATES is RATES.asked_at("scale")


def test_only_models_with_such_a_price_ask_for_it():
    """The bundled models and those without a price for it stay at the standard tier."""
    plain = card("openai/one", bundled=False)
    assert at_cheaper_tier(plain) is plain
    bundled = replace(FLEX, bundled=True, service="")
    assert at_cheaper_tier(bundled) is bundled
    assert at_cheaper_tier(FLEX.at_standard()) == FLEX
    half = bound_call(FLEX, 500, budget_left_nano=10**9, markup_bp=0)
    whole = bound_call(FLEX.at_standard(), 500, budget_left_nano=10**9, markup_bp=0)
    assert (half.service, 2 * half.hold_nano) == ("flex", whole.hold_nano)


@pytest.mark.parametrize(
    ("left_s", "service"), [(None, ""), (10.0, ""), (PATIENCE_S + TIMEOUT_S + FLEX.timeout_s, "flex")]
)
def test_a_call_that_cannot_wait_goes_at_the_standard_tier(left_s, service):
    """On the critical path is what would be late if it were refused for a while and then took its time."""
    assert card_now(FLEX, left_s=left_s).service == service


def test_a_refused_call_is_tried_again_for_a_bounded_time():
    """From the first refusal on; another reason than want of capacity ends it at once."""
    tier = CheaperTier()
    assert tier.refused(100.0, is_busy=True) == PATIENCE_S
    assert tier.refused(101.0, is_busy=True) == PATIENCE_S - 1
    assert not tier.is_given_up
    assert tier.refused(100.0 + PATIENCE_S, is_busy=True) == 0
    assert tier.is_given_up
    assert CheaperTier().refused(5.0, is_busy=False) == 0


async def test_a_job_that_may_wait_pays_half(impatient):
    """Every try asks for the tier and is charged at its price; the write-up, for which everybody waits, does not."""
    bench = Bench(Provider(lambda *_: "Answer: 42", usage=served()), panel=[FLEX])
    outcome = await bench.run(may_wait_until_s=LONG_S)
    assert outcome.best.answer == "42"
    assert states_of(bench) == [("flex", "settled")] * 4
    assert charged_nano(bench) == 4 * 160 * 2_500
    assert states_of(bench, StepKind.WRITE_UP) == [("", "settled")]


async def test_a_job_that_may_not_wait_asks_for_the_standard_tier():
    """Whatever its cards say: without a moment until which it may wait nothing asks for the cheaper tier."""
    bench = Bench(Provider(lambda *_: "Answer: 42"), panel=[FLEX])
    await bench.run()
    assert states_of(bench) == [("", "settled")] * 4
    assert charged_nano(bench) == 4 * 160 * 5_000


@pytest.mark.parametrize("is_busy", [True, False])
async def test_a_refusal_is_replayed_at_the_standard_tier(impatient, is_busy):
    """It costs nothing, whatever it was refused for; the replay has a hold of its own at the standard price."""
    bench = Bench(
        Provider(
            lambda request, _: (
                NotExecuted("refused", retryable=is_busy) if request.card.service else "Answer: 42"
            )
        ),
        panel=[FLEX],
    )
    outcome = await bench.run(may_wait_until_s=LONG_S)
    assert outcome.best.answer == "42"
    assert sorted(states_of(bench)) == [("", "settled")] * 4 + [("flex", "void")] * 4
    assert charged_nano(bench) == 4 * 160 * 5_000
    assert bench.purse.held_nano == bench.purse.in_doubt_nano == 0


async def test_what_is_served_dearer_than_asked_is_charged_at_most_its_hold():
    """The provider's own tier is what it costs; beyond the hold the house pays."""
    full = lambda _: Usage(400, 400, service="priority")  # noqa: E731
    dear = replace(
        FLEX, rates=replace(FLEX.rates, tiers=(*FLEX.rates.tiers, Tier(0, 10**8, 10**8, service="priority")))
    )
    bench = Bench(Provider(lambda *_: "Answer: 42", usage=full), panel=[dear])
    await bench.run(may_wait_until_s=LONG_S)
    holds = [call.hold_nano for call, state in bench.journal.calls.values() if state == "settled"]
    assert bench.purse.settled_nano == sum(holds)


@pytest.mark.parametrize("seed", range(12))
async def test_refusals_never_overrun_a_budget(impatient, seed):
    """Whatever is refused, served at another tier or cut short: charged and held never exceed the budget."""
    rng = random.Random(seed)
    budget_nano = rng.randrange(1, 6) * NANO_PER_CENT // 10

    def reply(request, number):
        if request.card.service and rng.random() < 0.4:
            return NotExecuted("429 resource unavailable")
        return f"Answer: {number}"

    bench = Bench(
        Provider(reply, usage=lambda r: Usage(100, 60, service=rng.choice(["", r.card.service]))),
        panel=[FLEX],
        budget_nano=budget_nano,
        seed=seed,
    )
    outcome = await bench.run(may_wait_until_s=LONG_S)
    assert outcome.stop_reason in {StopReason.BUDGET_REACHED, StopReason.CONFIDENT, StopReason.NO_PROGRESS}
    assert bench.purse.settled_nano <= budget_nano
    assert bench.purse.held_nano == bench.purse.in_doubt_nano == 0
