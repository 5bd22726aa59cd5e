"""Shows the pictures of a problem with whatever is asked about it: strategies write texts and need know of none."""

from dataclasses import replace

from solver.core.problem.statement import Problem
from solver.core.steps import Step


def with_pictures(step: Step, problem: Problem) -> Step:
    """Return a step whose last message shows the problem's pictures; one that shows some already stays as it is."""
    if not problem.pictures or not step.messages or any(each.pictures for each in step.messages):
        return step
    *before, last = step.messages
    return replace(step, messages=(*before, replace(last, pictures=problem.pictures)))
