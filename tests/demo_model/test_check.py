"""Checking replies: exact arithmetic, every number once, the last line only."""

import pytest

from demo_model.check import answer_of, is_right
from demo_model.evaluation.evaluate import pass_at
from demo_model.tasks import Countdown, Modular

PUZZLE = Countdown((2, 3, 4, 6), 24)
REMAINDER = Modular("3 + 5", 7, (), 1)


@pytest.mark.parametrize(
    "answer",
    [
        "2 * 3 * (6 - 4) * 2",
        "24",
        "4 * 6",
        "2 * 3 * 4 * 6",
        "6 / 0 + 2 + 3 + 4",
        "__import__('os')",
        "9" * 300,
    ],
)
def test_a_wrong_expression_does_not_count(answer):
    """Wrong values, missing or repeated numbers, and code are refused."""
    assert not is_right(PUZZLE, f"Answer: {answer}")


@pytest.mark.parametrize("answer", ["(6 - 4) * 3 * 2 * 2", "6 * 4 * (3 - 2)", "4 * 6 / (3 - 2)"])
def test_a_right_expression_counts_whatever_its_form(answer):
    """Only the value and the numbers matter."""
    assert is_right(PUZZLE, f"some steps\nAnswer: {answer}") == (answer.count("2") == 1)


def test_only_the_last_line_is_the_answer():
    """An earlier Answer line, or text after it, does not count."""
    assert answer_of("Answer: 1\nmore") == ""
    assert answer_of("3 + 5 = 8\nAnswer: 1\n") == "1"
    assert answer_of("") == ""
    assert is_right(REMAINDER, "Answer: 1")
    assert not is_right(REMAINDER, "Answer: 8")


def test_pass_at_is_the_unbiased_estimate():
    """pass@k is 1 - C(n-c, k) / C(n, k)."""
    assert pass_at(4, 0, 2) == 0
    assert pass_at(4, 1, 1) == pytest.approx(0.25)
    assert pass_at(4, 1, 2) == pytest.approx(0.5)
    assert pass_at(4, 3, 2) == 1
