"""What the thinker is trained on: rows of solving aloud, grading, comparing, revising, aggregating.

A row is what the chat template makes of the engine's prompt, then a thought, then what is said
aloud. Candidates are recorded replies of the direct models (`candidates.py`), and made ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from demo_model import tasks
from demo_model.training import data, thoughts
from demo_model.training.cases import Case, draw_case, replies_of
from demo_model.training.data import Row
from demo_model.training.templates import MAX_CANDIDATES, as_read
from demo_model.training.thoughts import Segment
from demo_model.training.tokenizer import CANDIDATE, END_ID, PROBLEM_ID, REASON, THINK, THINKER, THOUGHT

RECORDED_SHARE: Final = 0.5


TASK_WEIGHTS: Final = {
    "direct": 4,
    "solve": 34,
    "grade": 18,
    "compare": 14,
    "revise": 18,
    "aggregate": 12,
}
DIRECT_MIX: Final = data.Mix(retry_share=0.58, modular=5, operations=(2, 4, 5, 6, 6))


def rows(rng: random.Random, recorded: list[Case]) -> Iterator[Row]:
    """Yield endless training rows, half of them about recorded problems and replies."""
    while True:
        kind = rng.choices([*TASK_WEIGHTS], [*TASK_WEIGHTS.values()])[0]
        if kind == "direct":
            yield from list(data.draw(rng, DIRECT_MIX))[:1]
            continue
        case = rng.choice(recorded) if recorded and rng.random() < RECORDED_SHARE else draw_case(rng)
        yield lesson(kind, case, rng)


def lesson(kind: str, case: Case, rng: random.Random) -> Row:
    """Make one row of a task other than `direct`."""
    if kind == "solve":
        thought, aloud = solving(case, [], rng)
        return row(case.text, [], REASON, thought, aloud)
    makers = {"grade": grade, "compare": compare, "revise": revise, "aggregate": aggregate}
    shown, thought, aloud = makers[kind](case, rng)
    return row(case.text, shown, f"<|{kind}|>", thought, aloud)


def row(text: str, shown: list[str], mark: str, thought: list[Segment], aloud: str) -> Row:
    """Encode a prompt as the chat template does, a thought, and what is said after it."""
    ids = prompt_ids(text, shown, mark)
    imitate = [False] * len(ids)
    for part, copied in [*_marked(thought), (aloud, True)]:
        more = [THINKER.ids[part]] if part in THINKER.visible else THINKER.encode(part)
        ids += more
        imitate += [copied] * len(more)
    return Row([*ids, END_ID], [*imitate, True])


def _marked(thought: list[Segment]) -> list[Segment]:
    return [(THINK, True), *thought, (THOUGHT, True)]


def prompt_ids(text: str, shown: list[str], mark: str) -> list[int]:
    """Encode a problem, the candidates, and the mark of the task."""
    ids = [PROBLEM_ID, *THINKER.encode(text)]
    for candidate in shown:
        ids += [THINKER.ids[CANDIDATE], *THINKER.encode(as_read(candidate))]
    return [*ids, THINKER.ids[mark]]


def solving(case: Case, shown: list[str], rng: random.Random) -> tuple[list[Segment], str]:
    """Think until the problem is solved, looking at candidates first; return the reply with it."""
    problem = case.problem
    if isinstance(problem, tasks.Modular):
        return thoughts.workings(problem, case.replies, rng), tasks.modular_working(problem)
    thought: list[Segment] = []
    for place, candidate in enumerate(shown):
        checked = thoughts.check(problem, candidate)
        label = f"{'ABCD'[place]}:\n" if len(shown) > 1 else ""
        thought.append((label + checked.text, True))
        if checked.steps is not None:
            return thought, tasks.countdown_working(problem.numbers, checked.steps)
    return _with_tries(problem, case.replies, thought, rng)


def _with_tries(
    puzzle: tasks.Countdown, replies: list[str], thought: list[Segment], rng: random.Random
) -> tuple[list[Segment], str]:
    """Join failures to a success: recorded tries where there are any, else random ones."""
    found = tasks.solutions(puzzle.numbers)
    tries = [steps for reply in replies for steps in thoughts.tries_of(puzzle, reply)]
    failures = [*dict.fromkeys(steps for steps in tries if steps[-1].value != puzzle.target)]
    successes = [steps for steps in tries if steps[-1].value == puzzle.target]
    weights = (26, 18, 14, 11, 9, 7, 5, 4, 3, 2, 1)
    wanted = rng.choices(range(thoughts.MAX_TRIES + 1), weights=weights)[0]
    rng.shuffle(failures)
    others = [value for value in found if value != puzzle.target]
    while len(failures) < wanted and others:
        failures.append(rng.choice(found[rng.choice(others)])[1])
    segments, last = thoughts.wrong_tries(puzzle, failures[:wanted])
    if len(failures[:wanted]) == thoughts.MAX_TRIES:
        return [*thought, *segments], f"Answer: {last}"
    steps = (
        rng.choice(successes)
        if successes and rng.random() < 0.4
        else tasks.favourite(found[puzzle.target], rng)
    )
    lines, _ = tasks.countdown_lines(puzzle.numbers, steps)
    return [*thought, *segments, ("\n".join(lines) + "\n", True)], tasks.countdown_working(
        puzzle.numbers, steps
    )


def grade(case: Case, rng: random.Random) -> tuple[list[str], list[Segment], str]:
    """Check one candidate: step by step, then the verdict on its answer."""
    right, wrong = replies_of(case, rng)
    good = rng.random() < 0.5
    candidate = rng.choice(right if good else wrong)
    thought = examined(case, [candidate], rng)
    verdicts = thoughts.step_verdicts(case.problem, as_read(candidate))
    steps = [f"Step {place}: {'ok' if held else 'wrong'}" for place, held in enumerate(verdicts, 1)]
    return [candidate], thought, "\n".join([*steps, f"Verdict: {'correct' if good else 'incorrect'}"])


def compare(case: Case, rng: random.Random) -> tuple[list[str], list[Segment], str]:
    """Choose between a right and a wrong candidate."""
    right, wrong = replies_of(case, rng)
    shown = [rng.choice(right), rng.choice(wrong)]
    first_is_right = rng.random() < 0.5
    if not first_is_right:
        shown.reverse()
    return shown, examined(case, shown, rng), f"Better: {'A' if first_is_right else 'B'}"


def examined(case: Case, shown: list[str], rng: random.Random) -> list[Segment]:
    """Think about candidates: evaluate each Countdown answer; note each modular one, work it out anew, compare."""
    problem = case.problem
    labels = ["A:\n", "B:\n"] if len(shown) > 1 else [""]

    def each(lines: list[str]) -> list[Segment]:
        return [(label + line, True) for label, line in zip(labels, lines, strict=True)]

    if not isinstance(problem, tasks.Modular):
        return each([thoughts.check(problem, text).text for text in shown])
    answers = [thoughts.noted_answer(as_read(text)) for text in shown]
    # Noted first: later the workings' own answers are nearer than the candidates'.
    return [
        *each([f"{answer}\n" for answer in answers]),
        *thoughts.workings(problem, case.replies, rng),
        *each([thoughts.compared(problem, answer) for answer in answers]),
    ]


def revise(case: Case, rng: random.Random) -> tuple[list[str], list[Segment], str]:
    """Repair one candidate, or keep it if it is right."""
    right, wrong = replies_of(case, rng)
    shown = [rng.choice(right if rng.random() < 0.4 else wrong)]
    return shown, *solving(case, shown, rng)


def aggregate(case: Case, rng: random.Random) -> tuple[list[str], list[Segment], str]:
    """Make one better solution of two to four candidates."""
    right, wrong = replies_of(case, rng)
    count = rng.choices(range(2, MAX_CANDIDATES + 1), weights=(3, 3, 4))[0]
    shown = [rng.choice(right if rng.random() < 0.5 else wrong) for _ in range(count)]
    return shown, *solving(case, shown, rng)
