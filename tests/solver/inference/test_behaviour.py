"""Choosing among programs by what they do, and the examples and inputs that a problem's text holds."""

import time

import pytest

from solver.core.programs import Ran
from solver.inference.behaviour import Behaviour, choose_by_behaviour, groups_alike, leads_clearly
from solver.judging.behaviour_run import observation, observed
from solver.text.code.code_examples import Example, examples_in, inputs_like
from tests.support.programs import said_by


def test_programs_that_behave_alike_are_one_answer():
    """Two that agree outvote the first; an example that holds outweighs one more vote; dead ones never win."""
    one, two, dead = Behaviour(("1", "2")), Behaviour(("1", "3")), Behaviour((None, None))
    assert groups_alike([one, two, two]) == [(0,), (1, 2)]
    assert choose_by_behaviour([one, two, two]) == 1
    assert (
        choose_by_behaviour(
            [Behaviour(("1",), (True,)), Behaviour(("2",), (False,)), Behaviour(("2",), (False,))]
        )
        == 0
    )
    assert choose_by_behaviour([dead, dead, one]) == 2


def test_a_test_that_a_model_wrote_counts_by_how_many_ways_of_behaving_pass_it():
    """One that all but the odd one pass says more than one that only the odd one passes; copies count once."""
    odd, one, other = (
        Behaviour((output,), tests=tests)
        for output, tests in (("1", (False, True)), ("2", (True, False)), ("3", (True, False)))
    )
    assert choose_by_behaviour([odd, one, other]) == 1
    assert choose_by_behaviour([one, odd]) == 0
    assert choose_by_behaviour([odd, odd, odd, one, one, one, other]) == 3


def test_a_test_that_nothing_passes_does_not_keep_a_leader_from_being_clear():
    """It rather is wrong itself, and says little beside one that some pass."""
    right, wrong = (Behaviour((str(n),), tests=(n > 0, False, False)) for n in (1, 0))
    assert leads_clearly([right] * 4 + [wrong])
    assert not leads_clearly([right] * 3 + [wrong])


@pytest.mark.parametrize(
    "behaviours", [[Behaviour(())] * 3, [Behaviour((None,))] * 2, [Behaviour(("1",)), Behaviour(("2",))]]
)
def test_where_nothing_is_known_the_first_is_kept(behaviours):
    """Without inputs, without a living program and between equals, nothing is chosen that the first try was not."""
    assert choose_by_behaviour(behaviours) == 0


@pytest.mark.parametrize(
    "text",
    [
        ">>> f([3, 1], 2)\n    6",
        "For example, f([3, 1], 2) == 6",
        "f([3, 1], 2) ➞ 6",
        "f([3, 1], k=2)==>6",
        "Input: xs = [3, 1], k = 2\n    Output: 6 # because",
        "For xs = [3, 1], k = 2 the output should be 6.",
    ],
)
def test_examples_are_found_however_they_are_written(text):
    """A doctest, an equation, an arrow, or words."""
    found = examples_in(f"Do it.\n    {text}\n", "f")
    assert [example.call for example in found] == ["f([3, 1], 2)"]
    assert found[0].expected.split()[0] == "6"


def test_inputs_are_the_examples_and_their_neighbours():
    """Each argument is varied alone, to the borders of its kind."""
    calls = inputs_like([Example("f([3, 1], 2)", "6")])
    assert calls[0] == "f([3, 1], 2)"
    assert {"f([], 2)", "f([1, 3], 2)", "f([3, 1], 0)", "f([3, 1], 3)"} <= set(calls)
    assert inputs_like([]) == []


@pytest.mark.parametrize(
    "text", ["f(" * 40_000, ">>> f(1)\n" * 9_000, "for x = 1, " * 9_000, "f(" + "(" * 400 + ") == 1"]
)
def test_hostile_problems_are_read_at_once(text):
    """A hundred thousand characters cost a fraction of a second."""
    began_s = time.process_time()
    examples_in(text, "f")
    assert time.process_time() - began_s < 2


def test_a_program_is_observed():
    """Values as Python writes them; what raises or is missing has none; examples hold or not."""
    program = "def f(x):\n    print('noise')\n    return [1 / x]"
    examples = [Example("f(1)", "[1]"), Example("f(2)", "[2]")]
    wanted = observation(program, ["f(1)", "f(0)", "f(4)"], examples)
    seen = observed(wanted, Ran(stdout=said_by(wanted)), calls=3, examples=examples)
    assert (seen.outputs, seen.examples) == (("[1.0]", None, "[0.25]"), (True, False))
    missing = observed(wanted, Ran(ending="time"), calls=3, examples=examples)
    assert (missing.outputs, missing.examples) == ((None, None, None), (False, False))


def test_a_value_that_calls_itself_equal_meets_no_example():
    """What it is, as plain data, is compared where the program does not run; what is none equals nothing."""
    liar = "class Any:\n    def __eq__(self, other):\n        return True\n"
    kinds = "class Own(int):\n    __eq__ = lambda self, other: True\nfrom collections import Counter\n"
    program = (
        f"{liar}{kinds}import numpy\ndef f(x):\n    return [Any(), Own(7), Counter('a'), numpy.arange(2)][x]"
    )
    examples = [
        Example("f(0)", "3"),
        Example("f(1)", "3"),
        Example("f(1)", "7"),
        Example("f(2)", "{'a': 1}"),
        Example("f(3)", "[0, 1]"),
    ]
    wanted = observation(program, [], examples)
    seen = observed(wanted, Ran(stdout=said_by(wanted)), calls=0, examples=examples)
    assert seen.examples == (False, False, True, True, True)
