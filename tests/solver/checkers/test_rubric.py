"""`rubric`: lines of points and criteria are read, or refused in words."""

import pytest

from solver.checkers import CheckerError, parse_checker, parse_checker_option, pose
from solver.checkers.rubric import Rubric
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.rubric import Criterion


def read(text: str) -> Rubric:
    return parse_checker("rubric", problem="", fields={"rubric": text})


def test_lines_become_criteria_with_points():
    """Signs of a list, the word points and blank lines do not matter."""
    rubric = read(
        "3: Names the  two main causes\n\n- 2 points: Gives an example: one suffices\n* 2.5: Is short"
    )
    assert rubric.rubric == (
        Criterion(3, "Names the two main causes"),
        Criterion(2, "Gives an example: one suffices"),
        Criterion(2.5, "Is short"),
    )
    assert rubric.describe() == "is judged by a rubric of 3 criteria (7.5 points)"
    assert rubric.hint().splitlines()[1:-1] == [
        "- Names the two main causes",
        "- Is short",
        "- Gives an example: one suffices",
    ]
    assert not rubric.is_checkable


def test_the_terminal_takes_criteria_between_bars():
    """A bar that no points follow is part of a criterion."""
    found = parse_checker_option("rubric:3: Defines |x| | 2: Gives an example", problem="")
    assert found == Rubric(("3: Defines |x|", "2: Gives an example"))
    assert parse_checker_option("rubric:3: One\n2: Two", problem="") == Rubric(("3: One", "2: Two"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no criterion"),
        ("Names the causes", "line 1: “Names the causes” does not begin with points"),
        ("3: One\n\nTwo", "line 3: “Two” does not begin with points"),
        ("0: One", "“0” cannot be the points. Use a number above 0 and up to 100"),
        ("-3: One", "“-3: One” does not begin with points"),
        ("1.2.3: One", "“1.2.3” cannot be the points"),
        ("101: One", "“101” cannot be the points"),
        ("3:", "has 1 to 300 characters, this one 0"),
        ("3: " + "x" * 301, "this one 301"),
        ("3: Is short\n2: is Short", "“is short” is there twice"),
        ("\n".join(f"1: Criterion number {n}" for n in range(21)), "21 criteria are too many"),
    ],
)
def test_what_is_no_rubric_is_refused_in_words(text, said):
    """Which line, what is expected, and an example."""
    with pytest.raises(CheckerError, match=r"^Rubric") as error:
        read(text)
    assert said in str(error.value)


def test_a_problem_with_a_rubric_asks_for_a_text():
    """Whatever its words say; the text of a reply is judged without its conclusion."""
    problem = pose("What is 6 times 7?", Rubric(("1: Is right",)))
    assert problem.result is ResultKind.TEXT
    assert problem.rubric == (Criterion(1, "Is right"),)
    assert problem.checker.answer_in("A text.\n\nConclusion: Yes.") == "A text."
