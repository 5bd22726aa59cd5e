"""`code_vote`: programs that behave alike are one answer; what they are run on, what is said, when it ends."""

import pytest

from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.programs import Observed
from solver.core.steps import StepKind, StopReason
from solver.inference.behaviour import Behaviour, leads_clearly
from solver.strategies import make_strategy
from solver.strategies.inside_auto.code_vote import CodeVote
from solver.text.code import code_examples
from solver.text.code.code_examples import function_asked
from tests.solver.played import Play
from tests.solver.simulated import card

SQUARE, CUBE, BROKEN = (f"def f(x):\n    return {body}" for body in ("x ** 2", "x ** 3", "x +"))
SHOWN = Problem("Write a function f.\n>>> f(2)\n4\n>>> f(1)\n1\n>>> f(3)\n9\n", result=ResultKind.CODE)
BARE = Problem("Write a function f that squares.", result=ResultKind.CODE)


class CodePlay(Play):
    """A job of this strategy; programs are in fenced blocks, and are run here by evaluating them."""

    def make(self):
        return make_strategy("auto", self.setting) if self.name == "auto" else CodeVote(self.setting)

    def judge(self, step, text):
        code = text.partition("```python\n")[2].partition("\n```")[0]
        return (code, f"code:{code}", None) if code else (None, None, None)

    def ran(self, order):
        return [self._did(program, order) for program in order.programs]

    def _did(self, program, order):
        scope = {}
        try:
            exec(program, scope)
            if order.prints:
                return Observed((None,), ())
            holds = [eval(call, scope) == eval(expected) for call, expected in order.examples]
            return Observed(tuple(repr(eval(call, scope)) for call in order.calls), tuple(holds))
        except (SyntaxError, NameError, TypeError):
            return Observed((None,) * len(order.calls), (False,) * len(order.examples))


def played(programs, *, problem=SHOWN, tests="", seed=1, runs=True, name="code_vote", **given):
    """Play a job whose models write these programs in turn."""

    def respond(step, rng):
        del rng
        if step.kind is StepKind.TESTS:
            return tests
        return f"Here.\n```python\n{programs[int(step.key.rpartition('/')[2]) % len(programs)]}\n```"

    play = CodePlay(name, respond, problem=problem, seed=seed, runs_code=runs, **given)
    return play, play.run(check_replays=0.5)


def test_three_that_behave_alike_end_it():
    """However they are written; the sentence says on how many inputs and what they pass, and there is no percentage."""
    play, reason = played(
        [SQUARE, SQUARE.replace("x ** 2", "x * x"), CUBE, SQUARE.replace("x ** 2", "abs(x * x)"), CUBE],
        slots=1,
    )
    best = play.strategy.best()
    assert (reason, best.answer, best.confidence) == (StopReason.CONFIDENT, SQUARE, None)
    assert (
        best.explanation
        == "3 of 5 programs behave alike on 6 inputs; this one passes 3 of 3 examples of the problem."
    )
    assert best.checked == "✓ Passes 3 of 3 examples of the problem."
    assert best.dissent == (("f(2) gives 8 instead of 4", 2),)
    assert [r.purpose for r in play.told if r.kind is StepKind.RUN] == ["Ran 3 programs", "Ran 1 program"]


def test_auto_leaves_a_program_to_it_altogether():
    """Its answer, its words and its end are those of the whole job; a raise counts for it too."""
    play, reason = played([SQUARE], name="auto")
    best = play.strategy.best()
    assert (reason, best.answer, best.confidence) == (StopReason.CONFIDENT, SQUARE, None)
    assert best.explanation.startswith("3 of 3 programs behave alike")
    assert play.strategy.phase().startswith("Run, 1 behaviour — 3 attempts")
    assert {key.rpartition("/")[0] for key in play.asked} == {"", "run/0/sample", "run/0/run", "run/0"}


def test_an_example_of_the_problem_outweighs_those_who_agree_against_it():
    """Two wrong ones that agree do not win against one that does what the problem shows."""
    play, _ = played([CUBE, CUBE, SQUARE, CUBE.replace("3", "2 ")], max_steps=8)
    assert "2" in play.strategy.best().answer


def test_where_few_examples_are_shown_a_model_writes_tests():
    """Its asserts are inputs; what it claims counts little, for it may be wrong."""
    wrong = "```python\nassert f(2) == 8\nassert f(3) == 9\nassert f(-1) == 1\n```"
    play, reason = played([SQUARE], problem=BARE, tests=wrong)
    best = play.strategy.best()
    assert reason is StopReason.CONFIDENT
    assert best.explanation.endswith("; this one passes 2 of 3 tests that a model wrote.")
    assert best.checked == ""
    asked = play.asked["tests/0"]
    assert asked.model == "other/two"
    assert "`f(x)`" in asked.messages[-1].content


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"runs": False}, "3 programs; 3 of them are the same; none was run: it is off."),
        ({"problem": BARE}, "print nothing, and no inputs for them were found."),
        (
            {"problem": Problem("Write a program.", result=ResultKind.CODE)},
            "print nothing, and no inputs for them were found.",
        ),
        ({"programs": [BROKEN]}, "none of them gave a value on 6 inputs."),
    ],
)
def test_where_nothing_can_be_told_apart_equal_texts_count_and_it_is_said_why(given, says):
    """Without a sandbox, without inputs, or where none of them runs."""
    programs = given.pop("programs", [SQUARE])
    play, reason = played(programs, **given)
    assert reason is not None
    best = play.strategy.best()
    assert (best.answer, best.confidence) == (programs[0], None)
    assert best.explanation.endswith(says)


def test_it_ends_when_no_behaviour_gets_ahead():
    """After a dozen programs that all differ the best one is kept."""
    programs = [f"def f(x):\n    return x + {number}" for number in range(20)]
    play, reason = played(programs, problem=BARE, tests="```python\nassert f(1) == 2\n```", budget_nano=10**9)
    assert reason is StopReason.NO_PROGRESS
    assert play.strategy.evidence.tries == 12
    assert play.strategy.best().answer == programs[1]
    assert play.strategy.best().explanation.startswith("No other of 12 programs behaves alike")


def test_it_writes_no_more_than_was_asked_for_and_asks_nobody_for_tests_who_cannot_read():
    """The number of attempts is a choice of the user; a model that cannot read another prompt is not asked."""
    play, reason = played([SQUARE, CUBE], problem=BARE, options={"max_tries": 2}, panel=[card(reads=False)])
    assert (reason, play.strategy.evidence.tries) == (StopReason.NO_PROGRESS, 2)
    assert "tests/0" not in play.asked


def test_a_clear_lead_is_one_over_the_next_and_over_a_perfect_stranger():
    """A program that fails an example needs more company than one that passes all."""
    good, bad = Behaviour(("1",), (True,)), Behaviour(("2",), (False,))
    assert leads_clearly([good] * 3)
    assert not leads_clearly([good] * 2)
    assert leads_clearly([good] * 4 + [Behaviour(("3",), (True,))])
    assert not leads_clearly([good] * 3 + [Behaviour(("3",), (True,))])
    assert not leads_clearly([bad] * 4)
    assert leads_clearly([bad] * 5)
    assert not leads_clearly([Behaviour((None,))] * 9)
    assert not leads_clearly([])


def test_asserts_of_a_reply_are_read():
    """Inside of functions and of broken blocks too; what is no literal is left out."""
    reply = "```python\ndef test():\n    assert f(1, k=2) == 3, 'x'\nassert not f('')\nassert f(y) == 1\n```"
    assert set(code_examples.tests_in(reply, "f")) == {("f(1, k=2)", "3"), ("f('')", "False")}
    assert code_examples.tests_in("```\nassert f(1) == 2\nassert f(\n```", "f") == [("f(1)", "2")]
    assert code_examples.tests_in("x" * 100_000, "f") == []


def test_the_function_is_the_one_that_the_problem_names():
    """Else the most common one where a function is asked for; a program that only prints has none."""
    both = "def helper(x):\n    pass\n\ndef solve(a: int, b=2) -> int:\n    pass"
    assert function_asked("Write solve.", [both]) == "solve(a: int, b=2)"
    assert function_asked("Write a function.", [both, "def helper(x):\n    pass"]) == "helper(x)"
    assert function_asked("Print primes.", [both]) == ""
