"""The bench of programs, on a few of its problems: real solutions, real tries, the real sandbox."""

from bench.accuracy import humaneval
from tests.support.sandboxes import bubblewrap


def test_canonical_solutions_pass_empty_ones_fail_and_the_choice_loses_nothing():
    """The object has exactly the promised keys; the chosen try is right at least as often as the first."""
    bubblewrap()
    figures = humaneval.measure(quick=True)
    assert set(figures) == {"canonical_passed", "empty_passed", "first_try", "chosen", "problems_tried"}
    assert (figures["canonical_passed"], figures["empty_passed"]) == (humaneval._QUICK, 0)
    assert figures["chosen"] >= figures["first_try"] > 0
