"""`python_check`: what a user's function says of an answer, in words."""

import pytest

from solver.checkers import CheckerError, parse_checker
from solver.checkers.python_check import PythonCheck
from solver.core.programs import FunctionCall, Ran

CHECK = PythonCheck("def check(answer):\n    return int(answer) % 7 == 3")


@pytest.mark.parametrize(
    ("value", "passed", "says"),
    [
        (True, True, "says right."),
        (False, False, "says wrong."),
        (1, True, "says right, score 1."),
        (0.25, False, "says wrong, score 0.25."),
        ([0.5, "half of it"], False, "says wrong, score 0.5: half of it."),
        ([True, "fine."], True, "says right: fine."),
        (None, None, "returned 'None'"),
        (float("nan"), None, "returned 'nan'"),
        ("yes", None, "returned 'yes'"),
        ([], None, "returned '[]'"),
    ],
)
def test_bool_score_or_score_with_a_message(value, passed, says):
    """A score of 1 is right; anything else that it returns proves nothing."""
    verdict = CHECK.verdict_on(CHECK.to_run("3"), Ran(value=value))
    assert verdict.passed is passed
    assert says in verdict.detail
    assert verdict.detail.endswith(".")


def test_a_function_that_raises_or_hangs_refutes_nothing():
    """It is undecided, with what happened."""
    wanted = CHECK.to_run("three")
    raised = Ran(error="ValueError: invalid literal")
    hung = Ran(error="It ran out of time.", ending="time")
    assert (
        CHECK.verdict_on(wanted, raised).detail
        == "The function check did not return: ValueError: invalid literal."
    )
    assert CHECK.verdict_on(wanted, hung).is_undecided
    assert wanted == FunctionCall(CHECK.source, "check", "three")


def test_a_function_is_tried_before_it_is_trusted():
    """It may raise on nonsense; one that passes it, never ends, says neither yes nor no or is none is reported."""
    wanted = CHECK.to_run(CHECK.trials()[0])
    for ran, fault in (
        (Ran(error="ValueError: invalid literal"), ""),
        (Ran(value=False), ""),
        (Ran(value=True), "passes what cannot be right"),
        (Ran(error="SyntaxError: invalid syntax"), "SyntaxError"),
        (Ran(error="It ran out of time.", ending="time"), "out of time"),
        (Ran(error="It ended before it returned."), "ended before it returned"),
        (Ran(error="NameError: name 'n' is not defined"), "NameError"),
        (Ran(error="TypeError: check() missing 1 required positional argument: 'b'"), "missing 1 required"),
        (Ran(error="TypeError: 'NoneType' object is not subscriptable"), ""),
        (Ran(error="SystemExit: 0"), "SystemExit"),
        (Ran(value=None), "returned 'None'; let it return True or False"),
        (Ran(value="<generator object check at 0x7f>"), "let it return True or False"),
        (Ran(value=float("nan")), "let it return True or False"),
    ):
        found = CHECK.fault_in(CHECK.verdict_on(wanted, ran), ran)
        assert (fault in found) if fault else found == ""


def test_a_source_without_the_function_is_refused():
    """The message says what to begin with."""
    with pytest.raises(CheckerError, match=r"Begin with “def check\(answer\):”"):
        parse_checker("python_check", problem="", fields={"check_source": "lambda answer: True"})
