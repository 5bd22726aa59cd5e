"""Problems for evaluation: held out of training by their canonical form."""

from __future__ import annotations

import random

from demo_model import tasks


def countdown(size: int, count: int, rng: random.Random) -> list[tasks.Countdown]:
    """Draw solvable Countdown problems of `size` numbers, with targets as random play makes them."""
    found: list[tasks.Countdown] = []
    while len(found) < count:
        puzzle = draw_countdown(size, rng)
        if puzzle and tasks.is_held_out(puzzle.key):
            found.append(puzzle)
    return found


def draw_countdown(size: int, rng: random.Random) -> tasks.Countdown | None:
    """Draw numbers and a target that random play reaches; None where they reach no target."""
    numbers = tasks.countdown_numbers(size, rng)
    workings = tasks.solutions(numbers)
    if not workings:
        return None
    by_play = [len(workings[target]) for target in workings]
    return tasks.Countdown(numbers, rng.choices([*workings], by_play)[0])


def modular(count: int, rng: random.Random) -> list[tasks.Modular]:
    """Draw modular problems of 4 to 6 operations."""
    found: list[tasks.Modular] = []
    while len(found) < count:
        problem = tasks.modular(rng)
        if tasks.is_held_out(problem.key):
            found.append(problem)
    return found
