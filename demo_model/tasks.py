"""The two families of problems that the demo models are trained on.

* Countdown: use every number exactly once, with + - * / and brackets, to make a target. Every
  intermediate result is a whole number and never negative.
* Modular arithmetic: the value of a nested expression modulo a small number.

`countdown` and `modular` make random problems with their reference working; the phrasings
live in `phrasings.py`. Only the standard library is used.
"""

from __future__ import annotations

import functools
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from demo_model import phrasings

MAX_NUMBER = 30  # Countdown numbers are 1..30
MAX_TARGET = 100  # Countdown targets are 1..100
MAX_VALUE = 400  # largest intermediate result that the reference workings use
MAX_OPERAND = 20  # modular expressions use 1..20
MODULI = range(5, 20)
HELD_OUT_PART = 40  # one canonical problem in 40 is kept for evaluation, never trained on

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


class Step(NamedTuple):
    """One operation of a working: `left op right = value`."""

    left: int
    op: str
    right: int
    value: int


class Term(NamedTuple):
    """A value together with the expression that produced it."""

    value: int
    text: str
    precedence: int


@dataclass(frozen=True)
class Countdown:
    """Make `target` from `numbers`, each used exactly once."""

    numbers: tuple[int, ...]
    target: int

    @property
    def key(self) -> str:
        """Canonical name: the same for every order of the numbers."""
        return f"countdown {sorted(self.numbers)} {self.target}"


@dataclass(frozen=True)
class Modular:
    """Evaluate `expression` modulo `modulus`."""

    expression: str
    modulus: int
    steps: tuple[Step, ...]
    answer: int

    @property
    def key(self) -> str:
        """Canonical name of the problem."""
        return f"modular {self.expression} {self.modulus}"


def is_held_out(key: str) -> bool:
    """Tell whether a canonical problem is kept for evaluation."""
    return zlib.crc32(key.encode()) % HELD_OUT_PART == 0


def leaf(value: int) -> Term:
    """Return the term of a plain number."""
    return Term(value, str(value), 3)


def join(left: Term, op: str, right: Term, value: int, *, as_grouped: bool = False) -> Term:
    """Combine two terms with as few brackets as the usual precedence allows.

    `as_grouped` keeps the brackets of a right operand of the same precedence, so that the
    order of the steps can be read off the text.
    """
    mine = _PRECEDENCE[op]
    left_text = f"({left.text})" if left.precedence < mine else left.text
    tight = right.precedence < mine or (right.precedence == mine and (as_grouped or op in "-/"))
    # a * (b / c) keeps its brackets: read from the left it would not stay in whole numbers.
    tight = tight or (op == "*" and right.precedence == mine and "/" in right.text)
    right_text = f"({right.text})" if tight else right.text
    return Term(value, f"{left_text} {op} {right_text}", mine)


def moves(high: int, low: int) -> list[tuple[str, int]]:
    """List the allowed operations on `high >= low` with their results."""
    found = [("+", high + low), ("-", high - low)]
    if high * low <= MAX_VALUE:
        found.append(("*", high * low))
    if low > 1 and high % low == 0:
        found.append(("/", high // low))
    return found


Solutions = dict[int, list[tuple[float, tuple[Step, ...]]]]


def _pairs(left: list[int]) -> Iterator[tuple[int, int, list[int]]]:
    """Yield each different pair, larger number first, with the numbers that remain."""
    seen: set[tuple[int, int]] = set()
    for (i, one), (j, other) in combinations(enumerate(left), 2):
        pair = (max(one, other), min(one, other))
        if pair not in seen:
            seen.add(pair)
            yield *pair, [value for k, value in enumerate(left) if k not in (i, j)]


def _price_of(value: int) -> float:
    """Return what an intermediate result adds to a working's cost: large ones and 0 are rare."""
    if value > MAX_TARGET:
        return 0.6
    return 2.0 if value == 0 else 0.0


_COST = {"+": 0.0, "-": 0.3, "*": 0.5, "/": 1.2}


@functools.lru_cache(maxsize=256)
def solutions(numbers: tuple[int, ...]) -> Solutions:
    """Map each reachable target to its workings, with a cost that prefers simple ones.

    The cost prefers + over - over * over /, small values, and steps that use the largest
    number left: so that one problem has few favourite workings and a small model can learn them. The map is
    kept for the next caller: do not change it.
    """
    found: Solutions = {}

    def extend(left: list[int], steps: tuple[Step, ...], cost: float) -> None:
        top = max(left)
        for high, low, rest in _pairs(left):
            base = cost if high == top else cost + 0.4
            for op, value in moves(high, low):
                price = base + _COST[op] + _price_of(value)
                step = Step(high, op, low, value)
                if rest and value <= MAX_VALUE:
                    extend([value, *rest], (*steps, step), price)
                elif not rest and 0 < value <= MAX_TARGET:
                    found.setdefault(value, []).append((price, (*steps, step)))

    extend(list(numbers), (), 0.0)
    return found


def favourite(
    options: list[tuple[float, tuple[Step, ...]]], rng: random.Random, noise: float = 0.25
) -> tuple[Step, ...]:
    """Pick a cheap working; `noise` (in units of cost) keeps some variety."""
    return min((cost + rng.expovariate(1 / noise), steps) for cost, steps in options)[1]


def countdown_lines(numbers: tuple[int, ...], steps: tuple[Step, ...]) -> tuple[list[str], str]:
    """Write a working as lines, and its expression; each line lists the numbers still left."""
    pool = [leaf(number) for number in numbers]
    lines = []
    for step in steps:
        left = _take(pool, step.left)
        right = _take(pool, step.right)
        pool.insert(0, join(left, step.op, right, step.value))
        line = f"{step.left} {step.op} {step.right} = {step.value}"
        if len(pool) > 1:
            line += ", left " + " ".join(str(term.value) for term in pool)
        lines.append(line)
    return lines, pool[0].text


def _take(pool: list[Term], value: int) -> Term:
    for index, term in enumerate(pool):
        if term.value == value:
            return pool.pop(index)
    raise ValueError(f"{value} is not among the numbers left")


def countdown_working(numbers: tuple[int, ...], steps: tuple[Step, ...]) -> str:
    """Write the model's whole reply to a Countdown problem."""
    lines, expression = countdown_lines(numbers, steps)
    return "\n".join([*lines, f"Answer: {expression}"])


def countdown_numbers(size: int, rng: random.Random) -> tuple[int, ...]:
    """Draw `size` numbers, 1..30 each."""
    return tuple(rng.randint(1, MAX_NUMBER) for _ in range(size))


def modular(rng: random.Random, operations: int | None = None) -> Modular:
    """Draw a nested expression of 4 to 6 operations (or as many as asked) and a modulus."""
    modulus = rng.choice(MODULI)
    steps: list[Step] = []
    count = rng.randint(4, 6) if operations is None else operations
    term = _expression(rng, count, modulus, steps)
    return Modular(term.text, modulus, tuple(steps), term.value % modulus)


def _expression(rng: random.Random, operations: int, modulus: int, steps: list[Step]) -> Term:
    if operations == 0:
        return leaf(rng.randint(1, MAX_OPERAND))
    before = rng.randrange(operations)
    left = _expression(rng, before, modulus, steps)
    right = _expression(rng, operations - 1 - before, modulus, steps)
    op = rng.choice("++--**")
    raw = {
        "+": left.value + right.value,
        "-": left.value - right.value,
        "*": left.value * right.value,
    }[op]
    steps.append(Step(left.value, op, right.value, raw))
    return join(left, op, right, raw % modulus, as_grouped=True)


def modular_working(problem: Modular) -> str:
    """Write the model's whole reply to a modular problem."""
    lines = []
    for step in problem.steps:
        line = f"{step.left} {step.op} {step.right} = {step.value}"
        if step.value != step.value % problem.modulus:
            line += f" = {step.value % problem.modulus} mod {problem.modulus}"
        lines.append(line)
    return "\n".join([*lines, f"Answer: {problem.answer}"])


def countdown_prompt(problem: Countdown, rng: random.Random) -> str:
    """Phrase a Countdown problem in one of the published ways."""
    return phrasings.countdown(problem.numbers, problem.target, rng)


def modular_prompt(problem: Modular, rng: random.Random) -> str:
    """Phrase a modular problem in one of the published ways."""
    return phrasings.modular(problem.expression, problem.modulus, rng)
