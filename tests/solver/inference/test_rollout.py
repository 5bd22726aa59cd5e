"""`forecast` and `quote`: within the budget, in order, in time, and right about simulated jobs."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.checkers.number import Number
from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import StopReason
from solver.quotes.quote import (
    NO_SHIFT,
    Shift,
    Terms,
    game_of,
    quantile,
    quote,
    suggested_budget_nano,
)
from solver.quotes.rollout import rollouts
from solver.simulation.simulate import KIND, Scenario, play
from solver.simulation.world import cards
from solver.strategies import REGISTRY
from tests.solver.simulated import card

TERMS = Terms("vote", markup_bp=0, call_s=1.0, slots=16)
OPEN = Problem("?", kind=KIND)
CHECKED = Problem("?", kind=KIND, checker=Number("1"))


@pytest.mark.parametrize("strategy", sorted(REGISTRY))
@pytest.mark.parametrize("problem", [OPEN, CHECKED], ids=["open", "checked"])
def test_a_quote_is_in_order_and_within_the_budget(strategy, problem):
    """p10 ≤ p50 ≤ p90 ≤ budget, a probability, and the same question gets the same quote."""
    for cents in (1, 5, 40, 2_000):
        terms = replace(TERMS, strategy=strategy)
        said = quote(problem, cards(), budget_nano=cents * NANO_PER_CENT, terms=terms)
        assert 0 < said.cost_p10_nano <= said.cost_p50_nano <= said.cost_p90_nano <= said.budget_nano
        assert 0 < said.win_probability < 1
        assert 1 <= said.tries_low <= said.tries_high
        assert 1 <= said.time_low_s <= said.time_high_s
        assert said == quote(problem, cards(), budget_nano=cents * NANO_PER_CENT, terms=terms)


@pytest.mark.parametrize("result", [ResultKind.ANSWER, ResultKind.TEXT])
def test_a_wave_that_goes_as_one_batch_may_take_hours(result):
    """What few calls take does not change; of many to one model the latest is when the batch is given up."""
    problem = replace(OPEN, result=result)
    for slots, cents, takes_hours in ((16, 200, True), (4, 1, False)):
        terms, budget_nano = replace(TERMS, target=0.9999, slots=slots), cents * NANO_PER_CENT
        plain = quote(problem, cards()[:1], budget_nano=budget_nano, terms=terms)
        terms = replace(terms, batch_s=20_000.0)
        said = quote(problem, cards()[:1], budget_nano=budget_nano, terms=terms)
        assert (said.time_high_s >= 20_000) is takes_hours
        assert takes_hours or said == plain
        assert said.time_low_s <= said.time_high_s


def test_a_quote_says_how_likely_a_right_answer_is():
    """In whole percent, never “about” more or less than something; of models that nobody measured it does not say."""
    said = quote(OPEN, cards(), budget_nano=5 * NANO_PER_CENT, terms=TERMS)
    for probability, words in (
        (0.9949, "about 99 %."),
        (0.995, "over 99 %."),
        (0.07, "about 7 %."),
        (1e-4, "under 1 %."),
        (None, "we can’t tell the chance of a right answer."),
    ):
        assert replace(said, right_probability=probability).chance.endswith(words)


def test_votes_that_agree_on_something_wrong_are_no_chance():
    """Models that are all but never right get no better chance by agreeing; unmeasured ones get none told."""
    hopeless = [replace(card("demo/one"), ability={"": 0.02}, is_measured=True)]
    said = quote(OPEN, hopeless, budget_nano=25 * NANO_PER_CENT, terms=TERMS)
    assert said.right_probability < 0.05 < said.win_probability
    assert quote(OPEN, [card("demo/one")], budget_nano=NANO_PER_CENT, terms=TERMS).right_probability is None


def test_a_quote_for_one_attempt_does_not_say_when_it_stops():
    """There is nothing to stop early; more attempts end by what the strategy waits for."""
    single = quote(OPEN, [card("demo/one")], budget_nano=1, terms=TERMS)
    assert single.sentence == "Pays for one attempt with demo/one."
    auto = replace(TERMS, strategy="auto")
    other = quote(OPEN, [card("demo/one")], budget_nano=2_000 * NANO_PER_CENT, terms=auto)
    assert other.sentence.startswith("Pays for about ")
    assert other.sentence.endswith(
        "attempts with models such as demo/one. It stops early once the answer is clear."
    )
    many = quote(CHECKED, [card("demo/one")], budget_nano=2_000 * NANO_PER_CENT, terms=TERMS)
    assert many.sentence.endswith(
        "attempts with demo/one. It stops at the first answer that passes the check."
    )


@pytest.mark.parametrize("call_s", [0.0, 1e12, 1e300])
def test_an_absurd_time_is_quoted_as_ten_years_at_most(call_s):
    """What was learned of how long calls take may be nonsense; the quote must be one that can be stored."""
    said = quote(OPEN, cards(), budget_nano=5 * NANO_PER_CENT, terms=replace(TERMS, call_s=call_s))
    assert 1 <= said.time_low_s <= said.time_high_s <= 10 * 366 * 86_400


@settings(max_examples=60)
@given(
    st.tuples(*[st.floats(-1e6, 1e6)] * 3),
    st.floats(-1e6, 1e6),
    st.floats(1e-9, 1 - 1e-9),
    st.integers(1, 10**6),
)
def test_absurd_lessons_make_no_absurd_quote(cost, win, ability, q90):
    """Whatever was learned, the quote stays within the budget."""
    odd = replace(card(), ability={"": ability}, output=replace(card().output, q90=q90))
    said = quote(OPEN, [odd], budget_nano=5 * NANO_PER_CENT, terms=TERMS, learned=Shift(cost, win=win))
    assert 0 <= said.cost_p10_nano <= said.cost_p50_nano <= said.cost_p90_nano <= said.budget_nano
    assert 0 <= said.win_probability <= 1


def best_cpu_s(work: Callable[[], object]) -> float:
    """Return the least CPU time of five runs."""
    took_s = []
    for _ in range(5):
        began = time.process_time()
        work()
        took_s.append(time.process_time() - began)
    return min(took_s)


def add(count: int) -> int:
    """Add up so many numbers, one by one."""
    total = 0
    for number in range(count):
        total += number
    return total


@pytest.mark.parametrize("problem", [OPEN, CHECKED], ids=["open", "checked"])
def test_a_quote_is_quicker_than_a_million_and_a_half_additions(problem):
    """They take about 70 ms of CPU, it a quarter of that; the hardest case is a long race without a checker."""
    dull = [replace(each, ability={"": 0.05}) for each in cards()]
    quote_s = best_cpu_s(lambda: quote(problem, dull, budget_nano=2_000 * NANO_PER_CENT, terms=TERMS))
    assert quote_s < best_cpu_s(lambda: add(1_500_000))


@pytest.mark.parametrize("problem", [OPEN, CHECKED], ids=["open", "checked"])
def test_the_quantiles_cover_simulated_jobs_as_often_as_they_say(problem):
    """On seeds that the committed table never saw, p90 covers about nine of ten real costs."""
    below = jobs = 0
    won = expected = 0.0
    for cents in (5, 10, 20, 50):
        said = quote(problem, cards(), budget_nano=cents * NANO_PER_CENT, terms=TERMS)
        for seed in range(50_001, 50_081, 2):
            done = play(Scenario(seed, cents * NANO_PER_CENT, is_checkable=problem.is_checkable, slots=16))
            below += done.purse.settled_nano <= said.cost_p90_nano
            won += done.outcome.stop_reason in {StopReason.SOLVED, StopReason.CONFIDENT}
            expected += said.win_probability
            jobs += 1
    assert 0.82 <= below / jobs <= 0.97
    assert abs(won - expected) / jobs < 0.1


def test_more_money_and_abler_models_raise_the_chance():
    """The forecast goes the right way."""

    def chance(cents, ability=0.5, *, checked=False):
        panel = [replace(card(), ability={"": ability})]
        game = game_of(CHECKED if checked else OPEN, panel, budget_nano=cents * NANO_PER_CENT, terms=TERMS)
        return sum(path.won for path in rollouts(game))

    assert chance(1) < chance(5) <= chance(100)
    assert chance(2, 0.2) < chance(2, 0.8)
    assert chance(2, 0.2, checked=True) < chance(2, 0.8, checked=True)


def test_attempts_with_tools_are_quoted_as_what_they_are():
    """Several calls each, whose prompts grow, and what their uses cost: fewer for the money, and they take longer."""
    panel = [replace(card(bundled=False), calls_tools=True, context_window=200_000), card("b/two")]
    agent = replace(TERMS, strategy="agent")

    def said(terms, problem=OPEN, cents=50):
        return quote(problem, panel, budget_nano=cents * NANO_PER_CENT, terms=terms)

    plain, free = said(agent), said(replace(agent, paid_use_nano=0))
    dear = said(replace(agent, paid_use_nano=5_000_000))
    assert "tools" not in plain.sentence
    assert free.tries_high <= 12
    assert free.models == ("demo/one",)
    assert "attempts with tools, of some 4 calls each, with" in free.sentence
    assert free.cost_p50_nano / free.tries_high > 4 * plain.cost_p50_nano / plain.tries_high
    assert dear.cost_p50_nano / dear.tries_high > free.cost_p50_nano / free.tries_high + 9_000_000
    assert free.time_high_s / free.tries_high > plain.time_high_s / plain.tries_high
    tools, auto = replace(agent, paid_use_nano=0), replace(TERMS, strategy="auto", paid_use_nano=0)
    assert said(tools, cents=1).sentence.startswith(
        "Pays for one attempt with tools, of some 4 calls each, with"
    )
    assert "tools" not in said(auto).sentence
    # Files can be searched where there is no other tool.
    assert (
        "with tools" in said(agent, replace(OPEN, text='?\n<passage number="1">\nTen.\n</passage>')).sentence
    )
    assert (
        "with tools"
        in said(auto, replace(OPEN, text="According to the web, how many bees are there?")).sentence
    )


def test_a_certainty_is_never_won():
    """Who asks for more than any vote can give pays for all of them, and the quote says so."""
    terms = replace(TERMS, target=2.0)
    said = quote(OPEN, [card()], budget_nano=100 * NANO_PER_CENT, terms=terms)
    game = game_of(OPEN, [card()], budget_nano=100 * NANO_PER_CENT, terms=terms)
    assert not any(path.won for path in rollouts(game))
    assert said.cost_p50_nano > NANO_PER_CENT


def test_a_suggested_budget_follows_difficulty_and_value():
    """Hard problems are worth trying longer; nobody is told to pay more than a right answer is worth."""

    def suggested(ability, value=None):
        panel = [replace(card(), ability={"": ability})]
        return suggested_budget_nano(
            CHECKED, panel, terms=TERMS, most_nano=10_000 * NANO_PER_CENT, value_nano=value
        )

    assert suggested(0.9) <= suggested(0.3) <= suggested(0.02)
    assert suggested(0.9) < suggested(0.02)
    assert suggested(0.02, 10 * NANO_PER_CENT) <= 10 * NANO_PER_CENT


def test_a_quote_for_no_models_is_refused():
    """There is nothing to forecast."""
    with pytest.raises(ValueError, match="No model"):
        quote(OPEN, [], budget_nano=NANO_PER_CENT, terms=TERMS)


def test_a_quantile_lies_between_its_neighbours():
    """Linear between order statistics."""
    assert quantile([1, 2, 3], 0.5) == 2
    assert quantile([1, 2], 0.25) == 1.25
    assert NO_SHIFT + Shift((1, 2, 3), win=1) == Shift((1, 2, 3), win=1)
