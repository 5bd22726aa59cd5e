"""Numbers still to be told."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from solver.strategies.shared.missing_indices import MissingIndices


@given(st.lists(st.integers(0, 30)))
def test_what_was_told_is_left_out_and_the_rest_comes_in_order(told):
    """Whatever the order of telling, the numbers not told follow each other, lowest first."""
    missing = MissingIndices()
    for number in told:
        missing.tell(number)
    assert list(islice(missing, 40)) == [number for number in range(80) if number not in told][:40]
