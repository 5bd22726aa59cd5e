"""`choice`: an option is read from an answer, and compared where the right one is known."""

import pytest

from solver.checkers.choice import Choice
from solver.text.keys import text_key

LETTERS = Choice(("A", "B", "C"), "B")


@pytest.mark.parametrize(
    ("answer", "option"),
    [("B", "B"), ("(b)", "B"), ("B.", "B"), ("Option B", "B"), (r"\textbf{(B)}", "B"), ("B) Paris", "B"),
     ("(B) Paris", "B"),
     ("It is B, although A or C could be argued", "B"),
     ("Definitely B!", "B"), ("Antwort B", "B"), ("anything but B", None),
     ("b: because", "B"), ("A or B", None), ("D", None), ("", None), ("Better", None)],
)  # fmt: skip
def test_an_option_is_read_from_an_answer(answer, option):
    """Letters count with or without brackets and the text behind them; prose does not."""
    verdict = LETTERS.check(answer)
    assert verdict.passed is (option == "B")
    assert LETTERS.key(answer) == (f"choice:{option}" if option else text_key(answer))


def test_a_choice_without_a_right_option_gives_a_key_but_no_verdict():
    """The checker then only says whether the answer is an option at all."""
    words = Choice(("yes", "no", "not sure"))
    assert words.check("**Yes.**").is_undecided
    assert words.key("NOT SURE") == "choice:not sure"
    assert words.check("maybe")[:3] == (False, "choice", "The answer is not one of yes, no and not sure.")
    assert LETTERS.check("C")[:3] == (False, "choice", "The answer is C, not B.")


def test_options_in_words():
    """The description completes the sentence “the answer …”."""
    assert LETTERS.describe() == "is one of A, B and C, namely B"
    assert Choice(("yes", "no")).describe() == "is one of yes and no"


def test_only_a_known_right_option_makes_a_problem_checkable():
    """Without it the checker may refuse an answer, but never prove one."""
    assert LETTERS.is_checkable
    assert not Choice(("yes", "no")).is_checkable


@pytest.mark.parametrize(
    ("options", "expected", "answer", "passed"),
    [
        (("A", "B", "C"), "B", "B is incorrect", None),
        (("A", "B", "C"), "B", "Statement B is false", None),
        (("A) rises", "B) falls"), "B) falls", "(B) rises", False),
        (("A) rises", "B) falls"), "B) falls", "B) falls because heat leaves", True),
        (("Paris", "Rome", "Oslo"), "Rome", "2. Rome", True),
        (("Yes", "No"), "Yes", "Not yes", False),
        (("Yes", "No"), "No", "Not yes", None),
        (("True", "False"), "True", "That is true.", True),
    ],
)
def test_what_contradicts_itself_names_no_option(options, expected, answer, passed):
    """A letter beside another option's text names none; an option called wrong may be what was asked for."""
    assert Choice(options, expected).check(answer).passed is passed


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("Paris, France\nLyon, France", ("Paris, France", "Lyon, France")),
        ("Paris, France; Lyon, France", ("Paris, France", "Lyon, France")),
        ("A, B,C", ("A", "B", "C")),
    ],
)
def test_an_option_on_its_own_line_may_hold_a_comma(typed, options):
    """Commas separate only what stands on one line."""
    choice = Choice.from_fields({"options": typed}, "")
    assert choice.options == options
    assert all(option in choice.hint() for option in options)
