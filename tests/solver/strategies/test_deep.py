"""`deep`: one model at length, revised until it settles, graded only then."""

from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from solver.engine.calls.bounds import bound_call
from tests.solver.played import NUMBER, Play, kinds
from tests.solver.simulated import card

PANEL = [card("demo/weak", ability=0.3), card("strong/one", ability=0.8), card("other/judge", ability=0.6)]


def thinking(*answers: str, verdict: str = "correct", essay: bool = False):
    """Answers come in this order, the last one for ever."""
    left = list(answers)

    def respond(step, rng):
        if step.kind is StepKind.GRADE:
            return f"Step 1: wrong, a sign\nVerdict: {verdict}" if verdict else "Hm."
        said = left.pop(0) if len(left) > 1 else left[0]
        return f"An essay: {said}" if essay else f"Answer: {said}"

    return respond


def play(respond, budget_nano=100_000_000, **options):
    made = Play(
        "deep",
        respond,
        budget_nano=budget_nano,
        panel=PANEL,
        slots=4,
        options={"confidence_target": 0.995},
        **options,
    )
    made.reason = made.run()
    return made


def chain(made, number=0):
    return [result.kind.value for result in made.told if result.key.startswith(f"line/{number}/")]


def calls(made):
    return [step for step in made.asked.values() if step.kind is not StepKind.NOTE]


def test_the_strongest_model_revises_until_its_answer_settles():
    """Two versions that agree end the revising; the judge is asked only then, twice."""
    made = play(thinking("1", "2", "42"))
    assert chain(made) == ["sample", "revise", "revise", "revise", "grade", "grade"]
    asked = calls(made)
    assert {step.model for step in asked if step.kind.answers} == {"strong/one"}
    assert {step.model for step in asked if step.kind is StepKind.GRADE} == {"other/judge"}
    assert all(step.at_length == step.kind.answers for step in asked)


def test_one_chain_runs_at_a_time():
    """Thinking is sequential, however many slots are free."""
    made = play(thinking("42"))
    keys = [result.key.split("/")[1] for result in made.told if result.key.startswith("line/")]
    assert keys == sorted(keys, key=int)


def test_repeating_oneself_is_not_confirmation_but_a_second_chain_is():
    """The confidence after one settled chain is below that after two."""
    made = play(thinking("42", verdict=""), max_steps=5)
    short = made.strategy.best()
    longer = play(thinking("42", verdict=""), budget_nano=100_000_000).strategy.best()
    assert len(chain(made, 1)) == 0
    assert short.confidence < longer.confidence
    assert "attempts gave this answer" in longer.explanation


def test_a_fail_goes_back_with_its_reasons():
    """What the judge found stands in the next revision."""
    made = play(thinking("7", verdict="incorrect"))
    repairs = [step for step in calls(made) if "a sign" in step.messages[-1].content]
    assert repairs
    assert all(step.kind is StepKind.REVISE for step in repairs)


def test_an_essay_is_graded_after_one_revision_and_ends_the_job():
    """A text that cannot settle by its answer is judged by the grader alone."""
    made = play(thinking("first", "second", "third", essay=True))
    assert kinds(made) == ["sample", "revise", "grade", "grade"]
    assert made.reason == "confident"
    assert 0.5 < made.strategy.best().confidence < 0.99


def test_a_checker_decides_at_once():
    """A proven answer needs no grade."""
    made = play(thinking("7", "42"), problem=Problem("?", checker=NUMBER))
    assert made.reason == "solved"
    assert kinds(made) == ["sample", "revise"]


def test_thinking_at_length_may_use_more_output_than_money_would_suggest():
    """Where money is scarce an ordinary call is cut at q90, one at length is not."""
    budget_left_nano = 8 * 200 * 5_000
    ordinary = bound_call(card(), 100, budget_left_nano=budget_left_nano, markup_bp=0)
    long = bound_call(card(), 100, budget_left_nano=budget_left_nano, markup_bp=0, at_length=True)
    assert ordinary.max_output_tokens < long.max_output_tokens
    assert long.hold_nano <= budget_left_nano
