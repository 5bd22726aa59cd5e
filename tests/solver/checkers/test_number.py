"""`number`: compared exactly, within a tolerance; a formula is undecided until the judge has worked it out."""

from fractions import Fraction

import pytest

from solver.checkers.number import Number

PI = Number("3.14", "0.01")


@pytest.mark.parametrize(
    ("answer", "passed"),
    [("3.14", True), ("3.15", True), ("$3.13$", True), ("3.151", False), ("22/7", True), ("x = 3.14 cm", True),
     ("-3.14", False), ("314%", True), (r"\frac{22}{7}", True), ("30", False)],
)  # fmt: skip
def test_a_number_is_compared_exactly_within_its_tolerance(answer, passed):
    """The tolerance is inclusive, and no rounding happens on the way."""
    assert PI.check(answer).passed is passed


def test_a_number_that_is_a_formula_waits_for_the_pool():
    """What is not plainly a number has no verdict in-process."""
    assert PI.check(r"\pi").is_undecided
    assert PI.check_value(Fraction(314, 100)).detail == "The answer is 3.14 within 0.01."
    assert Number("2").check_value(Fraction(1)).detail == "The answer is not 2."
    assert Number("50").check("50%").passed
    assert Number("0.5").check("50%").passed
    assert not PI.check_value(None).passed
    assert PI.key("3.14") is None


def test_a_number_in_words():
    """The description completes the sentence “the answer …”."""
    assert PI.describe() == "equals 3.14, give or take 0.01"
    assert Number("2").describe() == "equals 2"


def test_numbers_in_json_are_read_as_if_they_were_typed():
    """What a program writes without quotation marks is exact too."""
    checker = Number.from_json({"kind": "number", "expected": 3.14, "tolerance": 0.01})
    assert checker == Number("3.14", "0.01")
    assert checker.check("3.15").passed
    assert not checker.check("3.16").passed
