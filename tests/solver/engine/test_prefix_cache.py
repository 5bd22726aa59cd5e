"""What providers keep of prompts: which calls wait for the first one, and what is told to whom."""

from dataclasses import replace

import pytest

from solver.core.problem.statement import Problem
from solver.core.steps import Step, StepKind
from solver.engine.calls.prefix_cache import PrefixCaches, as_sent, is_worth_waiting, saving_nano
from solver.providers.picture_parts import chat_content
from tests.solver.simulated import Bench, Provider, card

LONG = Problem("Sum these numbers: " + "17 " * 3_000)
PREFIX = f"<problem>\n{LONG.text}\n</problem>"
GENERAL = replace(
    card("openai/one", bundled=False, cache_read_pico=500_000), context_window=100_000, max_output_tokens=400
)
CLAUDE = replace(GENERAL, family="anthropic", rates=replace(GENERAL.rates, cache_write_pico=6_250_000))


def step(index: int, problem: Problem = LONG) -> Step:
    return Step(f"try/{index}", StepKind.SAMPLE, "", "openai/one", problem.messages())


def wave(count: int, model=GENERAL) -> list[Step]:
    return [as_sent(step(index), model) for index in range(count)]


def caches(model=GENERAL, *, may_wait: bool = True, now=lambda: 0.0) -> PrefixCaches:
    return PrefixCaches({"openai/one": model}, markup_bp=0, may_wait=may_wait, clock=now)


def test_bundled_models_keep_the_prompts_that_they_were_trained_on():
    """Only general models read the problem first; only Claude is told what to keep, and only what is long enough."""
    assert as_sent(step(0), replace(GENERAL, bundled=True)) == step(0)
    [said] = as_sent(step(0), GENERAL).messages
    assert (said.content.startswith("<problem>"), said.kept_chars, chat_content(said, {})) == (
        True,
        0,
        said.content,
    )
    [short] = as_sent(step(0, Problem("6 times 7?")), CLAUDE).messages
    assert short.kept_chars == 0
    [marked] = as_sent(step(0), CLAUDE).messages
    kept, rest = chat_content(marked, {})
    assert kept == {"type": "text", "text": PREFIX, "cache_control": {"type": "ephemeral"}}
    assert kept["text"] + rest["text"] == marked.content


def test_one_call_of_a_wave_goes_ahead_and_the_others_follow_once_it_is_answered():
    """Then for some minutes none waits; where it failed another goes ahead."""
    now = [0.0]
    known = caches(now=lambda: now[0])
    steps = wave(4)
    assert known.admitted(steps) == steps[:1]
    assert known.admitted(steps[1:]) == []
    known.ended(steps[0], is_answered=False)
    assert known.admitted(steps[1:]) == steps[1:2]
    known.ended(steps[1], is_answered=True)
    assert known.admitted(steps[2:]) == steps[2:]
    now[0] = 10_000.0
    assert known.admitted(steps) == steps[:1]


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (GENERAL, Problem("6 times 7?")),
        (replace(GENERAL, rates=replace(GENERAL.rates, cache_read_pico=None)), LONG),
    ],
)
def test_no_call_waits_where_nothing_is_kept(model, problem):
    """A short problem, or a price without a cheaper rate for what is read again."""
    steps = [as_sent(step(index, problem), model) for index in range(4)]
    assert caches(model).admitted(steps) == steps


def test_a_wave_waits_only_where_the_saving_is_worth_the_delay():
    """More calls save more; a job that may wait waits for any saving; a cache that is marked costs more to miss."""
    few, many = (saving_nano(GENERAL, PREFIX, others, markup_bp=0) for others in (1, 7))
    assert many == 7 * few == 7 * (len(PREFIX) // 4) * 4_500
    assert saving_nano(CLAUDE, PREFIX, 1, markup_bp=0) > few
    slow = replace(GENERAL, output=replace(GENERAL.output, q50=60_000))
    told = {"markup_bp": 0, "may_wait": False}
    assert is_worth_waiting(GENERAL, PREFIX, 1, **told)
    assert not is_worth_waiting(slow, PREFIX, 1, **told)
    assert is_worth_waiting(slow, PREFIX, 1, markup_bp=0, may_wait=True)


async def test_a_run_warms_the_cache_with_one_call_and_buys_the_same():
    """The first call is alone; the others of the wave follow it, and the job comes to the same answer."""
    alone = []

    class Watched(Provider):
        async def complete(self, request):
            alone.append(self.in_flight)
            return await super().complete(request)

    bench = Bench(
        Watched(lambda *_: "Answer: 42", delay_s=0.01), panel=[GENERAL], problem=LONG, budget_nano=10**10
    )
    outcome = await bench.run()
    assert outcome.best.answer == "42"
    assert alone[:2] == [0, 0]
    assert max(alone) > 0
    assert all(request.messages[0].content.startswith(PREFIX) for request in bench.provider.requests)
    assert bench.purse.held_nano == 0
