"""`set`: exactly the expected members, in any order."""

import pytest

from solver.checkers.set import SetOf

PRIMES = SetOf(("2", "3", "5"))


@pytest.mark.parametrize(
    ("answer", "passed"),
    [("{5, 3, 2}", True), ("2, 3 and 5", True), ("- 3\n- 2\n- 5", True), ("2, 2, 3, 5", True), ("2, 3", False),
     ("2, 3, 5, 7", False),
     (r"\{2, 3, 5\}", True), ("2, 3, sqrt(25)", None), ("2.0, 3, 10/2", True)],
)  # fmt: skip
def test_members_count_once_and_in_any_order(answer, passed):
    """A member that is a formula is left to a child."""
    assert PRIMES.check(answer).passed is passed


def test_a_set_in_words():
    """The description completes the sentence “the answer …”."""
    assert PRIMES.describe() == "consists of 2, 3 and 5, in any order"
