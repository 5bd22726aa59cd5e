"""Measure what the thinker does with others' replies: grade, compare, revise, aggregate.

Candidates are the direct models' own replies to problems that training never saw, as the
evaluation sampled them, right and wrong in equal number, a vote's candidates as they came.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from demo_model import tasks
from demo_model.check import answer_of, is_right

Problem = tasks.Countdown | tasks.Modular
SEED: Final = "evaluation of tasks 1"
CANDIDATES: Final = 4  # of an aggregation
INSTRUCTIONS: Final = "Do the task that the last line names."


class Answered(NamedTuple):
    """A reply to a task and how many tokens it took, thinking included."""

    text: str
    completion_tokens: int


class Source(NamedTuple):
    """An unseen problem, its text, and replies of the direct models to it."""

    problem: Problem
    text: str
    replies: list[str]


Ask = Callable[[str, int], Awaitable[Answered]]
"""Sends one user message with a seed."""


class Question(NamedTuple):
    """One prompt of a task, and what the right outcome of it is compared with."""

    task: str
    source: Source
    shown: list[str]
    expected: bool  # grade, revise: the candidate is right; compare: A is right; aggregate: most are

    def message(self) -> str:
        """Write the user message in the engine's shape."""
        blocks = [f"<candidate>\n{text}\n</candidate>" for text in self.shown]
        problem = f"<problem>\n{self.source.text}\n</problem>"
        return "\n\n".join([INSTRUCTIONS, problem, *blocks, f"Task: {self.task}"])


def questions(sources: list[Source], draws: int) -> list[Question]:
    """Draw the questions: for each problem with right and wrong replies `draws` of each kind."""
    rng = random.Random(SEED)
    drawn: list[Question] = []
    for source in sources:
        right = [reply for reply in source.replies if is_right(source.problem, reply)]
        wrong = [reply for reply in source.replies if not is_right(source.problem, reply)]
        for _ in range(draws):
            several = rng.sample(source.replies, min(CANDIDATES, len(source.replies)))
            drawn.append(Question("aggregate", source, several, _most_common_is_right(source, several)))
            if not right or not wrong:
                continue
            for task in ("grade", "revise"):
                drawn.append(Question(task, source, [rng.choice(right)], expected=True))
                drawn.append(Question(task, source, [rng.choice(wrong)], expected=False))
            pair = [rng.choice(right), rng.choice(wrong)]
            drawn.append(Question("compare", source, pair, expected=True))
            drawn.append(Question("compare", source, pair[::-1], expected=False))
    return drawn


def _most_common_is_right(source: Source, shown: list[str]) -> bool:
    answers = Counter(answer_of(reply) for reply in shown)
    winner = answers.most_common(1)[0][0]
    return any(is_right(source.problem, reply) for reply in shown if answer_of(reply) == winner)


def summary(asked: list[Question], answered: list[Answered]) -> dict[str, Any]:
    """Condense the replies: what each task got right, from which candidates."""
    pairs = list(zip(asked, answered, strict=True))
    of = {
        task: [pair for pair in pairs if pair[0].task == task]
        for task in dict.fromkeys(q.task for q in asked)
    }
    found: dict[str, Any] = {}
    if "grade" in of:
        found["grade"] = {
            "sensitivity": _share(a.text.endswith("Verdict: correct") for q, a in of["grade"] if q.expected),
            "specificity": _share(
                a.text.endswith("Verdict: incorrect") for q, a in of["grade"] if not q.expected
            ),
        }
        found["compare"] = {
            "accuracy": _share(
                a.text.endswith(f"Better: {'A' if q.expected else 'B'}") for q, a in of["compare"]
            )
        }
        found["revise"] = {
            "fixes": _share(_solved(q, a) for q, a in of["revise"] if not q.expected),
            "breaks": _share(not _solved(q, a) for q, a in of["revise"] if q.expected),
        }
    found["aggregate"] = {
        "accuracy": _share(_solved(q, a) for q, a in of["aggregate"]),
        "mean_of_inputs": _share(
            is_right(q.source.problem, text) for q, _ in of["aggregate"] for text in q.shown
        ),
        "any_input": _share(
            any(is_right(q.source.problem, text) for text in q.shown) for q, _ in of["aggregate"]
        ),
        "majority": _share(q.expected for q, _ in of["aggregate"]),
    }
    for task, replies in of.items():
        lengths = sorted(a.completion_tokens for _, a in replies)
        found[task] |= {
            "questions": len(replies),
            "completion_tokens_mean": round(sum(lengths) / len(lengths), 1),
            "completion_tokens_p95": lengths[len(lengths) * 95 // 100],
        }
    return found


def _solved(question: Question, answered: Answered) -> bool:
    return is_right(question.source.problem, answered.text)


def _share(values: Any) -> float:
    held = list(values)
    return round(sum(held) / len(held), 4) if held else 0.0
