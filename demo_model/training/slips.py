"""Wrong workings of modular problems, as the direct models make them: one slip, after which they continue."""

from __future__ import annotations

import random
import re

from demo_model.tasks import Modular, Step
from demo_model.training.rewrite import Node, next_step, parse, put, step_text, worked


def working(problem: Modular, rng: random.Random, slips: int) -> str:
    """Write a working with about `slips` slips; what follows a slip is worked out rightly."""
    node = parse(problem.expression)
    places = set(rng.sample(range(len(problem.steps)), min(slips, len(problem.steps))))
    lines, index, residue = [], 0, 0
    while isinstance(node, Node):
        step = next_step(node)
        line, residue = slip(step, problem, rng) if index in places else right(step, problem.modulus)
        node = put(node, residue)
        lines.append(line)
        index += 1
    return "\n".join([*lines, f"Answer: {residue}"])


def right(step: Step, modulus: int) -> tuple[str, int]:
    """Return the line of a step, and what it leaves."""
    return step_text(step, modulus), step.value % modulus


def slip(step: Step, problem: Modular, rng: random.Random) -> tuple[str, int]:
    """Return a wrong line in place of a step, and what it leaves.

    Most slips misread the expression (another number or sign), as those of the direct models do.
    """
    modulus = problem.modulus
    kind = rng.choices(("number", "sign", "result", "residue"), weights=(45, 25, 12, 18))[0]
    if kind == "sign":
        return right(worked(step.left, rng.choice([s for s in "+-*" if s != step.op]), step.right), modulus)
    if kind == "result":
        wrong = step.value + rng.choice((-10, -2, -1, 1, 2, 10))
        return right(step._replace(value=wrong), modulus)
    if kind == "residue" and step.value != step.value % modulus:
        residue = rng.choice([n for n in range(modulus) if n != step.value % modulus])
        text = step_text(step, modulus).rsplit(" = ", 1)[0]
        return f"{text} = {residue} mod {modulus}", residue
    others = [int(n) for n in re.findall(r"\d+", problem.expression)]
    other = rng.choice([n for n in others if n not in (step.left, step.right)] or [step.left + 1])
    left, other_right = (other, step.right) if rng.random() < 0.5 else (step.left, other)
    return right(worked(left, step.op, other_right), modulus)
