"""Rewards: what a checker decided, and how far a solution went before its first error."""

import pytest

from solver.core.steps import Status, StepKind, StepResult
from solver.core.verdict import Verdict
from solver.inference.decisions.rewards import outcome_reward, process_reward
from solver.text.prompting.prompts import Grade, read_grade


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        ("Step 1: ok\nStep 2: ok\nStep 3: wrong\nStep 4: ok\nVerdict: incorrect", 0.5),
        ("Step 1: wrong\nVerdict: incorrect", 0.0),
        ("Step 1: ok\nVerdict: incorrect", 0.5),
        ("Verdict: incorrect", 0.0),
        ("Step 1: wrong\nVerdict: correct", 1.0),
    ],
)
def test_steps_count_up_to_the_first_wrong_one(text, reward):
    """The verdict on the whole comes first; a failure is worth the part that holds."""
    grade = read_grade(text)
    assert isinstance(grade, Grade)
    assert process_reward(grade) == reward


def test_an_exact_checker_is_an_outcome():
    """Passed is 1, refused 0, undecided nothing."""
    rewards = [
        outcome_reward(StepResult("a", StepKind.SAMPLE, Status.OK, verdict=verdict))
        for verdict in (Verdict(True, "number", ""), Verdict(False, "number", ""), None)
    ]
    assert rewards == [1.0, 0.0, None]
