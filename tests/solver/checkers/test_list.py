"""`list`: the expected members in the expected order."""

import pytest

from solver.checkers.list import ListOf

CITIES = ListOf(("Paris", "Rome"))


@pytest.mark.parametrize(
    ("answer", "passed"),
    [("Paris, Rome", True), ("1. Paris\n2. Rome", True), ("paris; rome", True), ("[Paris, Rome]", True),
     ("Rome, Paris", False),
     ("Paris", False), ("Paris, Rome, Rome", False), ("Paris and Rome", True)],
)  # fmt: skip
def test_members_are_compared_in_order(answer, passed):
    """Each as often as it is named."""
    assert CITIES.check(answer).passed is passed
