"""Training problems with right and wrong replies: recorded ones, and made ones where none is recorded."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from demo_model import problems, tasks
from demo_model.check import is_right
from demo_model.training import data, slips, thoughts
from demo_model.training.rewrite import reductions

Problem = tasks.Countdown | tasks.Modular


@dataclass(frozen=True)
class Case:
    """A training problem with its phrasing and replies of the direct models."""

    problem: Problem
    text: str
    replies: list[str] = field(default_factory=list)


def read_cases(path: Path) -> list[Case]:
    """Read the problems and replies that `candidates.py` recorded."""
    cases = []
    for line in path.read_text().splitlines():
        found = json.loads(line)
        problem: Problem
        if "numbers" in found:
            problem = tasks.Countdown(tuple(found["numbers"]), found["target"])
        else:
            steps = tuple(step for step, _ in reductions(found["expression"], found["modulus"]))
            answer = steps[-1].value % found["modulus"]
            problem = tasks.Modular(found["expression"], found["modulus"], steps, answer)
        assert not tasks.is_held_out(problem.key)  # `candidates.py` skips these
        cases.append(Case(problem, found["text"], found["replies"]))
    return cases


def draw_case(rng: random.Random) -> Case:
    """Draw a training problem without recorded replies."""
    while True:
        problem: Problem | None
        if rng.random() < 0.5:
            problem = tasks.modular(rng, operations=rng.choice((2, 3, 4, 5, 5, 6, 6)))
        else:
            problem = problems.draw_countdown(rng.choice((3, 4, 4, 4, 4, 4)), rng)
        if problem and not tasks.is_held_out(problem.key):
            break
    if isinstance(problem, tasks.Modular):
        return Case(problem, tasks.modular_prompt(problem, rng))
    return Case(problem, tasks.countdown_prompt(problem, rng))


def replies_of(case: Case, rng: random.Random) -> tuple[list[str], list[str]]:
    """Return right and wrong replies, at least one of each; some are made where none is recorded."""
    right = [reply for reply in case.replies if is_right(case.problem, reply)]
    wrong = [reply for reply in case.replies if not is_right(case.problem, reply)]
    if not right:
        right = [made_right(case.problem, rng)]
    while not wrong:
        made = made_wrong(case.problem, rng)
        if not is_right(case.problem, made):
            wrong = [made]
    return right, wrong


def made_right(problem: Problem, rng: random.Random) -> str:
    """Write a right working."""
    if isinstance(problem, tasks.Modular):
        return tasks.modular_working(problem)
    found = tasks.solutions(problem.numbers)
    options = found[problem.target]
    return tasks.countdown_working(problem.numbers, tasks.favourite(options, rng, noise=0.6))


def made_wrong(problem: Problem, rng: random.Random) -> str:
    """Write a wrong working: with a slip, or with the last of several wrong tries handed in."""
    if isinstance(problem, tasks.Modular):
        return slips.working(problem, rng, rng.choice((1, 1, 1, 2)))
    found = tasks.solutions(problem.numbers)
    others = [value for value in found if value != problem.target]
    if not others:
        return f"Answer: {problem.numbers[0]}"
    count = rng.choice((1, 1, data.TRIES))
    tries = [rng.choice(found[rng.choice(others)])[1] for _ in range(count)]
    segments, last = thoughts.wrong_tries(problem, tries)
    text = "".join(part for part, _ in segments)
    if count == 1:  # as if it had hit: the intern's mistake
        text = text.replace(f", not {problem.target}", "")
    return f"{text}Answer: {last}"
