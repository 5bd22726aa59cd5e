"""`symbolic`: the same text or value is right in-process; all else is compared in a child."""

from solver.checkers.symbolic import Symbolic
from solver.judging.child_tools import Tools


def test_formulas_are_compared_by_meaning():
    """Right, wrong, or unread: what no parser understands refutes nothing."""
    checker, tools = Symbolic("(x+1)^2"), Tools()
    assert checker.check("$(x+1)^2$").passed
    assert checker.check("x^2+2x+1").is_undecided
    assert checker.check_in_child("x^2+2x+1", tools).passed
    assert checker.check_in_child("x^2+1", tools).passed is False
    assert checker.check_in_child("the square of x plus one", tools).is_undecided
    assert Symbolic("[3, \\infty)").check_in_child("x ≥ 3", tools).passed
    assert Symbolic("5 cm").check_in_child("5 m", tools).passed is False
