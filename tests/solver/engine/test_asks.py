"""A run asks the person first: once about an unclear problem, and before each step above a price."""

from dataclasses import replace

import pytest

from solver.core.errors import NeedsAnswer
from solver.core.problem.question import FIRST_KEY, MAX_QUESTION_CHARS
from solver.core.steps import StepKind, StopReason
from solver.engine.asks import AskWishes
from solver.engine.control import Stop
from solver.text.prompting.questions import read_question
from tests.solver.simulated import Bench, Provider, card

WRITER = card(bundled=False)
UNCLEAR = "Question: In which unit?\nSuggestion: Metres\nSuggestion: Feet"


def asked_of(reply: str):
    """Return a provider whose models have this to say where they are asked what is unclear, and else 42."""
    return Provider(
        lambda request, _: reply if "Task: question" in request.messages[-1].content else "Answer: 42"
    )


async def test_an_unclear_problem_is_asked_about_before_the_first_attempt():
    """One call is made and paid; the next execution buys nothing twice, and goes on once there is an answer."""
    bench = Bench(asked_of(UNCLEAR), panel=[WRITER])
    wishes = AskWishes(asks_first=True)
    for _ in range(2):
        with pytest.raises(NeedsAnswer) as caught:
            await bench.run(ask_wishes=wishes)
        question = caught.value.question
        assert (question.key, question.text) == (FIRST_KEY, "In which unit?")
        assert question.suggestions == ("Metres", "Feet")
        assert len(bench.provider.requests) == 1
    assert bench.purse.settled_nano > 0
    outcome = await bench.run(ask_wishes=replace(wishes, is_first_answered=True))
    assert outcome.best.answer == "42"
    assert [each.kind for each in bench.journal.results].count(StepKind.QUESTION) == 1


@pytest.mark.parametrize(
    ("reply", "panel"), [("Question: none", [WRITER]), ("I rather solve it.", [WRITER]), (UNCLEAR, [card()])]
)
async def test_a_clear_problem_is_begun_at_once(reply, panel):
    """Also where no model writes that could ask."""
    outcome = await Bench(asked_of(reply), panel=panel).run(ask_wishes=AskWishes(asks_first=True))
    assert outcome.stop_reason is StopReason.CONFIDENT


async def test_a_step_above_the_price_is_asked_about_and_may_be_allowed():
    """Nothing above it is held without a yes; a yes counts for that step, and all for all."""
    bench = Bench(asked_of(UNCLEAR))
    with pytest.raises(NeedsAnswer) as caught:
        await bench.run(ask_wishes=AskWishes(above_nano=1))
    first = caught.value.question
    assert first.cost_nano > 1
    assert first.purpose
    assert not bench.provider.requests
    assert bench.purse.held_nano == 0
    with pytest.raises(NeedsAnswer) as caught:
        await bench.run(ask_wishes=AskWishes(above_nano=1, allowed_nano={first.key: first.cost_nano}))
    assert caught.value.question.key != first.key
    assert len(bench.provider.requests) == 1
    outcome = await bench.run(ask_wishes=AskWishes(above_nano=1, allows_all=True))
    assert outcome.best.answer == "42"


async def test_what_was_allowed_is_not_asked_about_again():
    """The step is made within that, also where it could cost more by now; what it cannot be made for is asked anew."""
    bench = Bench(asked_of(UNCLEAR))
    with pytest.raises(NeedsAnswer) as caught:
        await bench.run(ask_wishes=AskWishes(above_nano=1))
    first = caught.value.question
    with pytest.raises(NeedsAnswer) as caught:
        await bench.run(ask_wishes=AskWishes(above_nano=1, allowed_nano={first.key: 2}))
    assert (caught.value.question.key, len(bench.provider.requests)) == (first.key, 0)
    less_nano = first.cost_nano * 9 // 10
    with pytest.raises(NeedsAnswer) as caught:
        await bench.run(ask_wishes=AskWishes(above_nano=1, allowed_nano={first.key: less_nano}))
    assert caught.value.question.key != first.key
    assert len(bench.provider.requests) == 1
    assert bench.purse.settled_nano <= less_nano


async def test_who_ends_a_job_is_asked_nothing_more():
    """A wish to finish comes before a question."""
    bench = Bench(asked_of(UNCLEAR))
    bench.control.request(Stop.FINISH)
    outcome = await bench.run(ask_wishes=AskWishes(above_nano=1))
    assert outcome.stop_reason is StopReason.FINISHED_BY_USER


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        (
            "<think>Question: hm?</think>**Question:** Which year?\n- Suggestion 1: 2024\n",
            ("Which year?", ("2024",)),
        ),
        ("Question: None.", None),
        ("", None),
        ("\0\ud800", None),
        ("Question: " + "x" * 1_000, ("x" * MAX_QUESTION_CHARS, ())),
        ("Question: A?\n" + "".join(f"Suggestion: {n}\n" for n in range(9)), ("A?", ("0", "1", "2", "3"))),
    ],
)
def test_a_question_is_read_whatever_a_model_wrote(reply, question):
    """One line of limited length, at most four suggestions, nothing that was only thought."""
    assert read_question(reply) == question
