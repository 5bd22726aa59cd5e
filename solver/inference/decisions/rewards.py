"""Rewards of single results, between 0 and 1: outcome rewards of whole answers, process rewards of their steps."""

from solver.core.steps import StepResult
from solver.text.prompting.prompts import Grade


def outcome_reward(result: StepResult) -> float | None:
    """Return 1 or 0 as an exact checker decided, or None where none did."""
    passed = result.verdict.passed if result.verdict else None
    return None if passed is None else float(passed)


def process_reward(grade: Grade) -> float:
    """Return the share of a solution's steps that stand before the first wrong one; 1 for a solution that passed.

    Counting up to the first error follows Lightman et al., “Let's verify step by step” (2023). A failed
    solution whose steps were not judged gets 0; one that failed although no step was found wrong has a gap, and gets ½.
    """
    if grade.passed:
        return 1.0
    steps = sorted(grade.steps)
    if not steps:
        return 0.0
    right = next((place for place, (_, ok) in enumerate(steps) if not ok), None)
    return 0.5 if right is None else right / len(steps)
