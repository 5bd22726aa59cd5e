"""`regex`: the whole answer fits a regular expression."""

from solver.checkers.regex import Regex
from solver.judging.child_tools import Tools

CODE = Regex("[A-Z]{2}[0-9]{4}")


def test_the_whole_answer_has_to_fit():
    """Wrappings do not count; nothing is matched in the worker itself."""
    assert CODE.check("AB1234").is_undecided
    for answer, passed in (
        ("AB1234", True),
        ("**AB1234**", True),
        ("xAB1234", False),
        ("ab1234", False),
        ("", False),
    ):
        assert CODE.check_in_child(answer, Tools()).passed is passed
    assert CODE.check_in_child("A" * 20_001, Tools()).is_undecided
