"""How the thinker thinks: repeated workings, checks of candidates, wrong tries and the right one.

A thought is a list of segments: a text, and whether it is to be imitated. Wrong workings and the
choices in wrong tries are not imitated; what follows them is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from demo_model import tasks
from demo_model.check import answer_of
from demo_model.tasks import Step
from demo_model.training import slips
from demo_model.training.rewrite import Node, reductions, step_text, text_of

MAX_TRIES: Final = 10  # wrong tries in a thought, then the last one is handed in
MAX_WORKINGS: Final = 5  # of a modular problem in a thought, then the last one is handed in

Segment = tuple[str, bool]


class Checked(NamedTuple):
    """A check of a Countdown expression: its text, and its steps if it is right."""

    text: str
    steps: tuple[Step, ...] | None


def workings(problem: tasks.Modular, replies: Sequence[str], rng: random.Random) -> list[Segment]:
    """Work a modular problem out again and again until two workings agree.

    Up to two wrong workings (of `replies`, else made ones) stand among the right ones, not imitated.
    Now and then no two agree: then the last working is handed in, and it is right.
    """
    right = tasks.modular_working(problem)
    wrong = _wrong_workings(problem, replies, rng)
    count = rng.choices((0, 1, 2, MAX_WORKINGS - 1), weights=(50, 32, 15, 3))[0]
    order = [*wrong[:count], right]
    if len(order) < MAX_WORKINGS:
        order.insert(rng.randrange(len(order)), right)
    return [(f"{text}\n", text == right) for text in order]


def _wrong_workings(problem: tasks.Modular, replies: Sequence[str], rng: random.Random) -> list[str]:
    """Return wrong workings whose answers all differ: recorded ones first."""
    found: dict[str, str] = {str(problem.answer): ""}
    made = (slips.working(problem, rng, rng.choice((1, 1, 2))) for _ in range(4 * MAX_WORKINGS))
    for text in [*rng.sample(replies, len(replies)), *made]:
        answer = answer_of(text)
        if answer:
            found.setdefault(answer, text)
    return [text for text in found.values() if text]


def check(puzzle: tasks.Countdown, candidate: str) -> Checked:
    """Check a candidate's answer: the numbers it uses, then its value, one operation a line."""
    answer = answer_of(candidate)
    numbers = [int(number) for number in re.findall(r"\d{1,4}", answer)][:8]
    if not numbers:
        return Checked("wrong\n", None)
    text = " ".join(map(str, numbers))
    if sorted(numbers) != sorted(puzzle.numbers):
        return Checked(f"{text}, wrong\n", None)
    text += ", ok\n"
    steps: list[Step] = []
    try:
        for step, rest in reductions(answer, None):
            steps.append(step)
            text += step_text(step, None)
            if isinstance(rest, Node):
                text += f", left {text_of(rest)}\n"
    except ValueError:
        return Checked(f"{text}wrong\n", None)
    if not steps or steps[-1].value != puzzle.target:
        return Checked(f"{text}, not {puzzle.target}\n", None)
    return Checked(f"{text}\n", tuple(steps))


def noted_answer(candidate: str) -> str:
    """Return what a candidate for a modular problem answers, or `wrong` where that is no number."""
    answer = answer_of(candidate)
    return answer if re.fullmatch(r"\d{1,4}", answer) else "wrong"


def compared(problem: tasks.Modular, answer: str) -> str:
    """Hold a candidate's noted answer against the one just worked out."""
    if answer == "wrong":
        return "wrong\n"
    return f"{answer}, ok\n" if answer == str(problem.answer) else f"{answer}, not {problem.answer}\n"


def wrong_tries(puzzle: tasks.Countdown, tries: Sequence[tuple[Step, ...]]) -> tuple[list[Segment], str]:
    """Write failed tries, and return the last one's expression with them."""
    segments: list[Segment] = []
    last = ""
    for steps in tries:
        lines, last = tasks.countdown_lines(puzzle.numbers, steps)
        lines[-1] += f", not {puzzle.target}"
        for line in lines:
            choice, result = line.split(" =", 1)
            segments += [(choice, False), (f" ={result}\n", True)]
    return segments, last


def tries_of(puzzle: tasks.Countdown, reply: str) -> list[tuple[Step, ...]]:
    """Return the complete tries that a direct model's reply holds, right or wrong, without slips."""
    found: list[tuple[Step, ...]] = []
    steps: list[Step] = []
    left = sorted(puzzle.numbers)
    for line in reply.splitlines():
        match = re.match(r"(\d{1,4}) ([-+*/]) (\d{1,4}) = (\d{1,4})(?:,|$)", line)
        if not match:
            break
        step = Step(int(match[1]), match[2], int(match[3]), int(match[4]))
        try:
            left.remove(step.left)
            left.remove(step.right)
            sound = worked_out(step)
        except ValueError:
            break
        if not sound:
            break
        steps.append(step)
        left.append(step.value)
        if len(left) == 1:
            found.append(tuple(steps))
            steps, left = [], sorted(puzzle.numbers)
    return found


def worked_out(step: Step) -> bool:
    """Tell whether a step's result is right."""
    if step.op == "/":
        return step.right > 0 and step.left == step.right * step.value
    return step.value == {"+": step.left + step.right, "-": step.left - step.right}.get(
        step.op, step.left * step.right
    )


def step_verdicts(problem: tasks.Countdown | tasks.Modular, candidate: str) -> list[bool]:
    """Tell of each line of a working whether it holds.

    A line of a modular working holds if the reference has it at this place. A line of a Countdown
    working holds if its arithmetic is right and its numbers are there.
    """
    lines = [line for line in candidate.splitlines() if line and not line.startswith("Answer:")]
    if isinstance(problem, tasks.Modular):
        reference = [step_text(step, problem.modulus) for step in problem.steps]
        return [line == expected for line, expected in zip(lines, [*reference, *[""] * 20], strict=False)]
    verdicts: list[bool] = []
    left = list(problem.numbers)
    for line in lines:
        match = re.match(r"(\d{1,4}) ([-+*/]) (\d{1,4}) = (\d{1,4})(?:,|$)", line)
        good = False
        if match:
            step = Step(int(match[1]), match[2], int(match[3]), int(match[4]))
            rest = list(left)
            try:
                rest.remove(step.left)
                rest.remove(step.right)
                good = worked_out(step)
            except ValueError:
                good = False
            left = [step.value, *rest]
        verdicts.append(good)
        if len(left) == 1 or not match or "not" in line:
            left = list(problem.numbers)
    return verdicts
