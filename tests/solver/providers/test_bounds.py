"""The bound of a call: what room it needs is known without working it out."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from solver.core.models import ModelCard, OutputQuantiles
from solver.core.pricing import PROMPT_OVERHEAD_TOKENS, Rates, Tier, Usage, bound_nano, cost_nano
from solver.core.request import Reply, ToolCall
from solver.engine.calls.bounds import bound_call, least_budget_left_nano, long_hold_nano
from solver.engine.calls.metering import charge_for
from tests.solver.simulated import card


def test_the_least_room_is_the_least_that_allows_a_call():
    """One nano less and the call is refused, for all sorts of prices, prompts and markups."""
    rng = random.Random(3)
    for _ in range(300):
        model, size, markup = (
            card(pico=rng.randrange(1, 10**8)),
            rng.randrange(1, 5_000),
            rng.randrange(3_000),
        )
        least = least_budget_left_nano(model, size, markup)
        assert bound_call(model, size, budget_left_nano=least, markup_bp=markup)
        assert bound_call(model, size, budget_left_nano=least - 1, markup_bp=markup) is None


PICO = st.integers(0, 10**9)
MAYBE_PICO = st.none() | PICO
TIERS = st.lists(
    st.builds(Tier, st.integers(0, 5_000), PICO, PICO, MAYBE_PICO, MAYBE_PICO, MAYBE_PICO), max_size=3
)
RATES = st.builds(
    Rates,
    input_pico=PICO,
    output_pico=PICO,
    cache_read_pico=MAYBE_PICO,
    cache_write_pico=MAYBE_PICO,
    cache_write_1h_pico=MAYBE_PICO,
    reasoning_pico=MAYBE_PICO,
    audio_pico=MAYBE_PICO,
    request_nano=st.integers(0, 10**7),
    tiers=TIERS,
)
MARKUP_BP = st.integers(0, 20_000)


@st.composite
def usages(draw: st.DrawFn, most_input: int, most_output: int) -> Usage:
    """Usage of a call that kept its limits: cache tokens are part of the input, reasoning of the output."""
    given_tokens, said = draw(st.integers(0, most_input)), draw(st.integers(0, most_output))
    read = draw(st.integers(0, given_tokens))
    written = draw(st.integers(0, given_tokens - read))
    reasoned, for_an_hour = draw(st.integers(0, said)), draw(st.integers(0, written))
    heard = draw(st.integers(0, given_tokens))
    return Usage(
        given_tokens, said, read, written, reasoned, cache_write_1h_tokens=for_an_hour, audio_tokens=heard
    )


@st.composite
def cards(draw: st.DrawFn) -> ModelCard:
    """Any card: quantiles in order, a context that may be smaller than a prompt or than a reply."""
    q50, q90, q995 = sorted(draw(st.lists(st.integers(1, 5_000), min_size=3, max_size=3)))
    return replace(
        card(),
        rates=draw(RATES),
        context_window=draw(st.integers(4, 20_000)),
        max_output_tokens=draw(st.integers(1, 8_000)),
        output=OutputQuantiles(q50, q90, q995),
        reasons=draw(st.booleans()),
    )


@given(RATES, st.integers(0, 10_000), st.integers(0, 10_000), st.data())
def test_a_bound_covers_every_call_that_keeps_its_limits(rates, prompt_tokens, max_output_tokens, data):
    """For all rates, tiers and shapes of usage: no call costs more than its bound."""
    usage = data.draw(usages(prompt_tokens + PROMPT_OVERHEAD_TOKENS, max_output_tokens))
    bound = bound_nano(rates, prompt_tokens=prompt_tokens, max_output_tokens=max_output_tokens)
    assert bound >= cost_nano(rates, usage)


@given(
    cards(),
    st.integers(1, 30_000),
    st.integers(0, 10**11),
    MARKUP_BP,
    st.booleans(),
    st.booleans(),
    st.data(),
)
def test_a_hold_covers_what_is_billed_and_fits_into_the_money(
    model, size, budget_nano, markup, may_cut_short, at_length, data
):
    """Whatever a provider counts within the limits, or does not count at all: the house never pays."""
    bound = bound_call(
        model, size, budget_left_nano=budget_nano, markup_bp=markup, may_cut_short=may_cut_short, at_length=at_length
    )  # fmt: skip
    if bound is None:
        return
    assert bound.hold_nano <= budget_nano
    usage = data.draw(st.none() | usages(size + PROMPT_OVERHEAD_TOKENS, bound.max_output_tokens))
    text = "x" * data.draw(st.integers(0, 200))
    charge = charge_for(model, bound, Reply(text, "", "stop", usage, None, ""), markup)
    assert charge.cost_nano <= charge.billed_nano == charge.charged_nano <= bound.hold_nano
    assert charge.usage_missing == (usage is None)


@given(cards(), st.integers(1, 30_000), MARKUP_BP, st.booleans())
def test_the_cap_is_a_quantile_of_what_the_model_says(model, size, markup, at_length):
    """Ample money or a step at length: beyond q99.5; scarce money: q90; never less than the median, or no call."""
    ceiling = min(model.max_output_tokens, max(model.context_window - size, model.context_window // 4))
    generous = min(ceiling, max(model.output.q995, 4 * model.output.q50))
    scarce = min(ceiling, max(model.output.q90, model.output.q50))
    least = least_budget_left_nano(model, size, markup)
    # A price below a nano-dollar a token is rounded up more than once.
    long_nano = long_hold_nano(model, size, markup) + 8

    def cap(budget_nano: int, **options: bool) -> int:
        bound = bound_call(model, size, budget_left_nano=budget_nano, markup_bp=markup, **options)
        return bound.max_output_tokens if bound else 0

    assert cap(10**15, at_length=at_length) == generous
    most = bound_call(model, size, budget_left_nano=10**15, markup_bp=markup)
    assert most is not None
    if long_nano < 20 * most.hold_nano:
        assert cap(long_nano) == scarce
        assert scarce <= cap(long_nano, at_length=True) <= generous
    assert least <= 0 or cap(least - 1) == 0
    assert min(model.output.q50, ceiling) <= cap(least) <= generous


def test_a_prompt_larger_than_the_context_leaves_a_quarter_for_the_reply():
    """Bytes are up to four times as many as tokens, so the prompt may fit all the same."""
    model = replace(
        card(), context_window=1_000, max_output_tokens=10_000, output=OutputQuantiles(300, 400, 500)
    )
    bound = bound_call(model, 5_000, budget_left_nano=10**12, markup_bp=0)
    assert bound is not None
    assert bound.max_output_tokens == 250


def test_a_final_call_may_be_cut_below_the_median():
    """A write-up that the money cuts short is better than none; a try that is cut short is billed for nothing."""
    model = card()
    budget_nano = least_budget_left_nano(model, 100, 0) - 50_000
    assert bound_call(model, 100, budget_left_nano=budget_nano, markup_bp=0) is None
    short = bound_call(model, 100, budget_left_nano=budget_nano, markup_bp=0, may_cut_short=True)
    assert short is not None
    assert 0 < short.max_output_tokens < model.output.q50


def test_a_charge_is_at_most_the_hold_and_the_rest_is_the_houses():
    """A provider that counts more than it was allowed is paid; the user is not charged for it."""
    bound = bound_call(card(), 100, budget_left_nano=10**9, markup_bp=1_000)
    assert bound is not None
    charge = charge_for(card(), bound, Reply("", "", "", Usage(10**6, 10**6), None, ""), 1_000)
    assert charge.charged_nano == bound.hold_nano < charge.billed_nano
    assert charge.cost_nano < charge.billed_nano


def test_a_turn_without_usage_is_charged_for_the_calls_that_it_holds():
    """Names and arguments of tools are output as any text is."""
    bound = bound_call(card(), 100, budget_left_nano=10**9, markup_bp=0)
    assert bound is not None
    call = ToolCall("c1", "python", "x" * 100)
    charge = charge_for(card(), bound, Reply("", "", "tool_calls", None, None, "", tool_calls=(call,)), 0)
    assert charge.usage.output_tokens == 107
