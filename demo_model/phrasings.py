"""The published ways of writing a problem, and the ordinary sentences that may surround it."""

from __future__ import annotations

import random
from typing import Final

COUNTDOWN: Final = (
    "Use {numbers} to make {target}.",
    "Use {numbers} to make {target}.",
    "Using each of the numbers {numbers} exactly once, make {target}.",
    "Using each of {numbers} exactly once, make {target}.",
    "Make {target} from {numbers}.",
    "Make {target} from the numbers {numbers}, using each exactly once.",
    "Use the numbers {numbers} to make {target}.",
    "Use each of {numbers} exactly once to make {target}.",
    "Countdown: numbers {numbers}, target {target}.",
    "Countdown: make {target} from {numbers}.",
    "Reach {target} with {numbers}.",
    "Combine {numbers} with + - * / to get {target}.",
    "Find an expression that uses {numbers} and equals {target}.",
)
"""Phrasings of a Countdown problem; `{numbers}` is a list written in one of `SEPARATORS`."""

MODULAR: Final = (
    "Compute ({expression}) mod {modulus}.",
    "Compute ({expression}) mod {modulus}.",
    "What is ({expression}) mod {modulus}?",
    "Evaluate ({expression}) modulo {modulus}.",
    "Find ({expression}) mod {modulus}.",
    "Calculate ({expression}) modulo {modulus}.",
    "Find the remainder of ({expression}) divided by {modulus}.",
)
"""Phrasings of a modular problem."""

SEPARATORS: Final = ((", ", ", "), (", ", ", "), (", ", " and "), (" ", " "), (", ", ", and "))
"""Between the numbers, and before the last one."""

BEFORE: Final = (
    "Please help me: ",
    "Solve the problem. ",
    "Here is a puzzle. ",
    "Problem: ",
    "Solve this: ",
)
AFTER: Final = (
    " Use every number exactly once.",
    " Show your work.",
    " Show short working and end with a line 'Answer: ...'.",
    " Think step by step.",
    " Please show the steps.",
)


def countdown(numbers: tuple[int, ...], target: int, rng: random.Random) -> str:
    """Phrase a Countdown problem."""
    between, last = rng.choice(SEPARATORS)
    texts = [str(number) for number in numbers]
    listed = between.join(texts[:-1]) + last + texts[-1]
    return _surround(rng.choice(COUNTDOWN).format(numbers=listed, target=target), AFTER, rng)


def modular(expression: str, modulus: int, rng: random.Random) -> str:
    """Phrase a modular problem."""
    text = rng.choice(MODULAR).format(expression=expression, modulus=modulus)
    return _surround(text, AFTER[1:], rng)


def _surround(text: str, after: tuple[str, ...], rng: random.Random) -> str:
    if rng.random() < 0.12:
        text = rng.choice(BEFORE) + text
    if rng.random() < 0.18:
        text += rng.choice(after)
    return text
