"""Training examples as token ids, made as fast as they are used (0.2 ms each).

Each example is a prompt, a working, and a mask of the tokens to imitate. A share of the
Countdown workings holds up to four tries, each wrong one closed by `, not TARGET`. The
choices in a wrong try are not imitated, its arithmetic and its verdict are.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from demo_model import tasks
from demo_model.training.tokenizer import ANSWER_ID, DIRECT, END_ID, PROBLEM_ID

TRIES = 4  # tries a working may hold
TARGETS_PER_DRAW = 6  # problems taken from one enumeration of all workings


class Row(NamedTuple):
    """Token ids of one example, and whether each is to be imitated."""

    ids: list[int]
    imitate: list[bool]


class Mix(NamedTuple):
    """What the examples are like at one time of the training."""

    retry_share: float  # of the Countdown workings, those with wrong tries
    modular: int  # modular examples for every six of Countdown
    operations: tuple[int, ...]  # in a modular example: one of these


def batches(rows: Iterator[Row], tokens: int, pool: int = 2048) -> Iterator[list[Row]]:
    """Cut endless rows into batches of about `tokens` tokens whose rows have similar lengths."""
    rng = random.Random(tokens)
    while True:
        now = sorted(itertools.islice(rows, pool), key=lambda row: len(row.ids))
        cut: list[list[Row]] = [[]]
        for row in now:
            if (len(cut[-1]) + 1) * len(row.ids) > tokens:
                cut.append([])
            cut[-1].append(row)
        rng.shuffle(cut)
        yield from cut


def direct_rows(seed: str, mix: Callable[[], Mix]) -> Iterator[Row]:
    """Yield endless examples of the models that answer at once."""
    rng = random.Random(seed)
    while True:
        yield from draw(rng, mix())


def draw(rng: random.Random, mix: Mix) -> Iterator[Row]:
    """Yield a few examples: some modular, then Countdown of 4 (78 %), 3 or 2 numbers."""
    for _ in range(mix.modular):
        problem = tasks.modular(rng, operations=rng.choice(mix.operations))
        if not tasks.is_held_out(problem.key):
            yield plain(tasks.modular_prompt(problem, rng), tasks.modular_working(problem))
    size = rng.choices((2, 3, 4), weights=(4, 18, 78))[0]
    numbers = tasks.countdown_numbers(size, rng)
    found = tasks.solutions(numbers)
    targets = sorted(found)
    if found and rng.random() < 0.5:
        by_play = [len(found[target]) for target in targets]
        chosen = {*rng.choices(targets, by_play, k=TARGETS_PER_DRAW)}
    else:
        chosen = {*rng.sample(targets, min(TARGETS_PER_DRAW, len(found)))}
    for target in sorted(chosen):
        puzzle = tasks.Countdown(tuple(rng.sample(numbers, size)), target)
        if tasks.is_held_out(puzzle.key):
            continue
        yield countdown(puzzle, found, rng, mix.retry_share if size > 2 else 0.0)


def plain(prompt: str, working: str) -> Row:
    """Make an example whose whole working is imitated."""
    head = [PROBLEM_ID, *DIRECT.encode(prompt), ANSWER_ID]
    tail = [*DIRECT.encode(working), END_ID]
    return Row(head + tail, [False] * len(head) + [True] * len(tail))


def countdown(puzzle: tasks.Countdown, found: tasks.Solutions, rng: random.Random, retry_share: float) -> Row:
    """Make a Countdown example, a share of them with wrong tries before the right one.

    After `TRIES` wrong tries the last one is handed in, so that every reply comes to an end.
    """
    prompt = tasks.countdown_prompt(puzzle, rng)
    steps = tasks.favourite(found[puzzle.target], rng)
    if rng.random() >= retry_share:
        return plain(prompt, tasks.countdown_working(puzzle.numbers, steps))
    wrong = rng.choices(range(1, TRIES + 1), weights=(41, 26, 24, 9))[0]
    ids = [PROBLEM_ID, *DIRECT.encode(prompt), ANSWER_ID]
    imitate = [False] * len(ids)
    others = [value for value in found if value != puzzle.target]
    last = ""
    for _ in range(wrong):
        value = rng.choice(others)
        missed = rng.choice(found[value])[1]
        lines, last = tasks.countdown_lines(puzzle.numbers, missed)
        lines[-1] += f", not {puzzle.target}"
        for line in lines:
            choice, result = line.split(" =", 1)
            parts = DIRECT.encode(choice), DIRECT.encode(f" ={result}\n")
            ids += [*parts[0], *parts[1]]
            imitate += [False] * len(parts[0]) + [True] * len(parts[1])
    final = f"Answer: {last}" if wrong == TRIES else tasks.countdown_working(puzzle.numbers, steps)
    tail = DIRECT.encode(final)
    ids += [*tail, END_ID]
    imitate += [True] * (len(tail) + 1)
    return Row(ids, imitate)
