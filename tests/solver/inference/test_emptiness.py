"""Replies that hold no answer: why, how soon a job of nothing else ends, and what it says."""

import pytest

from solver.checkers.choice import Choice
from solver.core.pricing import Usage
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.request import Reply
from solver.core.steps import Status, StepKind, StepResult, StopReason
from solver.inference.emptiness import Emptiness, EmptyReplies, emptiness_of
from solver.strategies import REGISTRY
from tests.solver.played import PANEL, Play
from tests.solver.simulated import Bench, Provider

OPTIONS = Choice(("red", "green", "blue"))
WHY = {
    "refused": ("I’m sorry, but I can’t help with that.", "stop", "refusals"),
    "filtered": ("", "content_filter", "content filter withheld"),
    "cut": ("Let us see whether", "length", "cut off at the model’s length limit"),
    "empty": ("", "stop", "were empty"),
    "declined": ("I’d rather not.\nAnswer: 7", "refusal", "refusals"),
    "tools": ("", "tool_calls", "call tools"),
    "broken": ("Half of it", "error", "broke all"),
    "no_option": ("Answer: 5", "stop", "names one of the options red, green, blue"),
    "no_answer": ("Many have thought about it.", "stop", "says what its answer is"),
}


def reply(text, finish_reason="stop"):
    return Reply(text, "", finish_reason, Usage(100, 60), None, "ref")


@pytest.mark.parametrize("kind", WHY)
async def test_a_job_of_empty_replies_ends_early_and_says_what_happened(kind):
    """After eight of them each other model is asked once; then the job ends with what happened and what to do."""
    text, finish_reason, words = WHY[kind]
    problem = Problem("Which colour is next?", "choice", OPTIONS if kind == "no_option" else None)
    bench = Bench(
        Provider(lambda *_: reply(text, finish_reason)),
        panel=PANEL,
        problem=problem,
        budget_nano=10**9,
    )
    outcome = await bench.run()
    asked = [request.card.name for request in bench.provider.requests]
    assert 8 <= len(asked) <= 8 + bench.limits.slots + len(PANEL)
    assert set(asked) == {card.name for card in PANEL}
    assert words in outcome.error
    assert f"{len(asked)}" in outcome.error
    if kind not in {"cut", "no_answer"}:
        assert (outcome.stop_reason, outcome.best) == (StopReason.FAILED, None)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_no_strategy_pays_for_more_refusals(name):
    """Whatever its mechanism, it gives up soon, and only after it has asked every model."""
    play = Play(name, lambda *_: "I cannot answer this.", budget_nano=10**9)
    assert play.run() is StopReason.NO_PROGRESS
    answers = [result for result in play.told if result.kind.answers]
    assert len(answers) <= 16
    # There is nothing in a refusal to grade or to improve.
    assert not {StepKind.GRADE, StepKind.REVISE} & {result.kind for result in play.told}
    assert {result.model for result in answers} == {card.name for card in PANEL}
    assert play.strategy.best() is None


def test_one_model_that_answers_goes_on():
    """Where one model refuses and the other answers, the job goes on and has its answer."""
    play = Play("vote", lambda step, _: "Answer: 42" if step.model == "other/two" else "I cannot answer.")
    play.run()
    assert play.strategy.best().answer == "42"


@pytest.mark.parametrize(
    ("text", "expected"), [("Once upon a time.", None), ("I cannot write that.", Emptiness.REFUSED)]
)
def test_a_text_is_its_own_answer(text, expected):
    """An essay has no answer line, and is no reply without an answer; a refusal is."""
    told = StepResult("sample/0", StepKind.SAMPLE, Status.OK, text=text)
    assert emptiness_of(told, Problem("Tell a story.", result=ResultKind.TEXT)) is expected


def test_data_that_could_not_be_read_is_named_so():
    """What is missing is called what was asked for."""
    counts = EmptyReplies(Problem("List them.", result=ResultKind.DATA))
    for number in range(3):
        counts.tell(StepResult(f"sample/{number}", StepKind.SAMPLE, Status.OK, text="There are many."))
    assert counts.sentence().startswith("None of the 3 replies holds data that could be read. ")


def test_mixed_reasons_are_all_named():
    """Each kind with its count, and one thing to do."""
    counts = EmptyReplies(Problem("?"))
    for number, (text, reason) in enumerate([("I cannot say.", "stop"), ("", "length"), ("", "stop")]):
        told = StepResult(f"sample/{number}", StepKind.SAMPLE, Status.OK, text=text, finish_reason=reason)
        counts.tell(told)
    assert counts.sentence().startswith(
        "None of the 3 replies holds an answer: 1 refused, 1 cut off at the model’s length limit and 1 empty. "
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Answer: I cannot answer this question.", Emptiness.REFUSED),
        ("Some thoughts.\n\n**Answer:** I don’t know.", Emptiness.REFUSED),
        ("<think>never closed", Emptiness.EMPTY),
        ("I can see that it is prime", Emptiness.NO_ANSWER),
    ],
)
def test_what_a_reply_is_instead_of_an_answer(text, expected):
    """A refusal may stand at the beginning or in the answer line; a thought alone is nothing."""
    assert (
        emptiness_of(StepResult("sample/0", StepKind.SAMPLE, Status.OK, text=text), Problem("?")) is expected
    )
