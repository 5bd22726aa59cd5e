"""What a grade is worth: something where it may change whom to believe, nothing elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.inference.decisions.value_of_grade import gain_of_grade
from solver.inference.judge_likelihood import Quality
from solver.inference.parameters import EvidenceParameters

GOOD = Quality(0.9, 0.85, 0.8)
BLIND = Quality(0.5, 0.5, 0.5)
SHIPPED = EvidenceParameters.of("")


def gain(probability, rival, grades=(0, 0), quality=GOOD, *, same_family=False):
    return gain_of_grade(probability, rival, grades, quality, SHIPPED, same_family=same_family)


def test_a_grade_pays_where_it_may_put_another_answer_ahead():
    """Close races are worth a look, decided ones are not."""
    assert gain(0.5, 0.45) > gain(0.6, 0.3) > 0.0
    assert gain(0.97, 0.01) == 0.0


def test_the_runner_up_may_be_the_one_to_grade():
    """A pass of the second puts it ahead."""
    assert gain(0.4, 0.5) > 0.0


def test_who_guesses_is_worth_nothing():
    """A judge no better than chance moves no odds."""
    assert gain(0.5, 0.45, quality=BLIND) == 0.0


def test_repeated_and_related_opinions_are_worth_less():
    """The fourth grade of a judge, and one of the solver's own family, say less than the first of another one."""
    first = gain(0.5, 0.45)
    assert gain(0.5, 0.45, (2, 1)) < first
    assert gain(0.5, 0.45, same_family=True) < first


@given(
    st.floats(0, 1), st.floats(0, 1), st.integers(0, 8), st.integers(0, 8),
    st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.booleans(),
)  # fmt: skip
def test_the_gain_is_never_negative_nor_above_what_is_left(
    p, share, passes, fails, sensitivity, specificity, alike
):
    """Information is never harmful, and nothing gets more probable than certain."""
    rival = share * (1.0 - p)
    quality = Quality(sensitivity, specificity, 0.5)
    found = gain(p, rival, (passes, fails), quality, same_family=alike)
    assert 0.0 <= found <= 1.0 - max(p, rival) + 1e-9


@pytest.mark.parametrize(("p", "rival"), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_certainties_are_survived(p, rival):
    """No division by zero at the ends."""
    assert gain(p, rival) >= 0.0
