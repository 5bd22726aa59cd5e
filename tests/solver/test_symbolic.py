"""`symbolic`: the same text or value is right in-process; all else is compared in a child."""

from solver.checkers.symbolic import Symbolic
from solver.judging.equivalence import Mathematics


def test_formulas_are_compared_by_meaning():
    """Right, wrong, or unread: what no parser understands refutes nothing."""
    checker, mathematics = Symbolic("(x+1)^2"), Mathematics()
    assert checker.check("$(x+1)^2$").passed
    assert checker.check("x^2+2x+1").is_undecided
    assert checker.check_in_child("x^2+2x+1", mathematics).passed
    assert checker.check_in_child("x^2+1", mathematics).passed is False
    assert checker.check_in_child("the square of x plus one", mathematics).is_undecided
    assert Symbolic("[3, \\infty)").check_in_child("x ≥ 3", mathematics).passed
    assert Symbolic("5 cm").check_in_child("5 m", mathematics).passed is False
