"""`evolve`: scores lead from version to version, and the best one is delivered."""

import random
import re
from dataclasses import replace

import pytest

from solver.checkers.python_check import PythonCheck
from solver.core.problem.statement import Problem
from solver.core.programs import Ran
from solver.core.steps import StepKind, StepResult
from solver.core.verdict import Verdict
from tests.solver.played import Play

CHECK = PythonCheck("def check(answer):\n    return int(answer) / 100")
HILL = Problem("Find a number of at least 100.", checker=CHECK)


class Climb(Play):
    """A play whose check scores an answer by its height: 100 is enough."""

    def land(self, key: str) -> StepResult:
        landed = super().land(key)
        if landed.answer is None:
            return landed
        score = int(landed.answer) / 100
        return replace(landed, verdict=Verdict(score >= 1, "python_check", f"Height {landed.answer}.", score))


def climber(step, rng: random.Random) -> str:
    """A new attempt is low; a change is mostly a little higher than the better of what it was shown, at times lower."""
    heights = [int(found) for found in re.findall(r"Answer: (-?\d+)", step.messages[-1].content)]
    if step.kind is StepKind.SAMPLE or not heights:
        return f"Answer: {rng.randrange(30)}"
    return f"Answer: {max(heights) + rng.choice([-8, 0, 3, 6, 9])}"


def climb(strategy: str, *, seed: int = 1, budget_nano: int = 500_000_000) -> Climb:
    play = Climb(strategy, climber, seed=seed, budget_nano=budget_nano, problem=HILL)
    play.run(check_replays=0.05)
    return play


def test_scores_lead_to_what_no_single_attempt_reaches():
    """Where changes climb in small steps it arrives, also within `auto`; votes never do, a search without scores less."""
    solved = {
        name: [climb(name, seed=seed).strategy.done() for seed in range(6)].count("solved")
        for name in ("evolve", "auto", "tree", "vote")
    }
    assert min(solved["evolve"], solved["auto"]) >= 5 > solved["tree"]
    assert solved["vote"] == 0


def test_the_best_version_is_delivered_with_its_score():
    """At the end of the money the highest score is the answer, and the sentence says where it began."""
    play = climb("evolve", budget_nano=30_000_000)
    scores = [result.verdict.score for result in play.told if result.verdict]
    best = play.strategy.best()
    assert best is not None
    assert best.answer == str(round(100 * max(scores)))
    assert best.explanation.startswith(
        f"Score {max(scores):g}, the best of {len(scores)} versions; the first scored"
    )
    assert best.confidence == 0.0
    assert best.checked == f"✗ Height {best.answer}."


def test_a_score_that_stands_still_ends_the_search():
    """Forty trials without a better score are enough."""
    play = Climb("evolve", lambda *_: "Answer: 7", budget_nano=10**10, problem=HILL)
    assert play.run() == "no_progress"
    assert 40 <= len(play.told) <= 60


def test_a_raise_lets_the_search_inside_auto_go_on():
    """What was too little for the top under one budget goes on from the best version under a larger one."""
    poor = climb("auto", budget_nano=30_000_000)
    rich = Climb("auto", climber, budget_nano=500_000_000, problem=HILL)
    for result in poor.told:
        rich.tell(result)
    before = len(rich.told)
    assert rich.run() == "solved"
    later = rich.told[before:]
    assert sum(result.key.startswith("run/") for result in later) > len(later) * 0.9


@pytest.mark.parametrize(
    ("value", "passed", "score"),
    [(0.5, False, 0.5), ([1.5, "good"], True, 1.5), (True, True, None), (float("-inf"), False, -(10.0**12))],
)
def test_a_function_gives_scores(value, passed, score):
    """A number is a score, infinity a very large one; True and False are none."""
    verdict = CHECK.verdict_on(CHECK.to_run("1"), Ran("finished", value=value))
    assert (verdict.passed, verdict.score) == (passed, score)
