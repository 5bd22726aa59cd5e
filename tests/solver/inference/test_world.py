"""The simulated world reads the engine's own prompts, and its models are as good as the pinned parameters say."""

import statistics

import pytest

from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from solver.simulation.world import RIGHT, World, cards, parameters, read_prompt
from solver.text.prompting.prompts import messages_for, read_better, read_grade, read_parts

STRONG = parameters()["models"][-1]
WRONG = "77"


def said(kind: StepKind, *answers: str, worlds: int = 400, tries: int = 3) -> list[str]:
    """Ask the strong model in many worlds."""
    replies = []
    for seed in range(worlds):
        world = World(seed)
        messages = messages_for(kind, f"Problem {seed}", [f"Answer: {answer}" for answer in answers])
        replies += [world.reply("sim/strong", messages, turn).text for turn in range(tries)]
    return replies


def test_prompts_are_read_as_they_were_written():
    """Kind, problem and candidates survive the way through the messages."""
    messages = messages_for(StepKind.COMPARE, "Problem 3", ["so\nAnswer: 5", "Answer: 6"])
    assert read_prompt(messages) == (StepKind.COMPARE, "Problem 3", ("5", "6"))
    assert read_prompt(Problem("Problem 3").messages()) == (StepKind.SAMPLE, "Problem 3", ())


def test_graders_have_their_sensitivity_and_specificity():
    """A right answer passes and a wrong one fails at the pinned rates."""
    for answer, rate in ((RIGHT, STRONG["sensitivity"]), (WRONG, 1 - STRONG["specificity"])):
        grades = [read_grade(text) for text in said(StepKind.GRADE, answer)]
        assert statistics.mean(grade.passed for grade in grades if grade) == pytest.approx(rate, abs=0.05)


def test_comparisons_prefer_what_is_right_wherever_it_stands():
    """Order costs no more than the pinned preference for the first."""
    for place, answers in enumerate(((RIGHT, WRONG), (WRONG, RIGHT))):
        chosen = [read_better(text) for text in said(StepKind.COMPARE, *answers)]
        expected = STRONG["comparison"] + (0.08 if place == 0 else -0.08) * 0.7
        assert statistics.mean(choice == place for choice in chosen) == pytest.approx(expected, abs=0.06)


def test_revisions_and_aggregates_live_from_what_they_are_shown():
    """A right candidate among those shown makes the result better, a wrong one alone does not."""

    def rate(kind: StepKind, *answers: str) -> float:
        return statistics.mean(text == f"Answer: {RIGHT}" for text in said(kind, *answers))

    assert rate(StepKind.REVISE, RIGHT) > 0.85 > rate(StepKind.REVISE, WRONG)
    assert rate(StepKind.AGGREGATE, RIGHT, WRONG) > rate(StepKind.AGGREGATE, WRONG, WRONG) + 0.1


def test_parts_of_a_plan_are_easier_than_the_whole():
    """A plan splits, and each part has an answer of its own that a try finds more often."""
    world = World(4)
    parts = read_parts(world.reply("sim/strong", messages_for(StepKind.PLAN, "Problem 4"), 1).text)
    assert len(parts) == parameters()["parts"]["count"]
    whole, part = (read_prompt(Problem(text).messages()) for text in ("Problem 4", parts[0]))
    assert world.chance(part, STRONG) > world.chance(whole, STRONG)
    right = f"Answer: {world.right(parts[0])}"
    tries = [world.reply("sim/strong", Problem(parts[0]).messages(), turn).text for turn in range(200)]
    assert tries.count(right) / 200 == pytest.approx(world.chance(part, STRONG), abs=0.12)


def test_the_panel_is_ordered_and_priced():
    """Weak to strong, cheap to dear."""
    panel = cards()
    assert [card.ability_for("") for card in panel] == sorted(card.ability_for("") for card in panel)
    assert [card.rates.output_pico for card in panel] == sorted(card.rates.output_pico for card in panel)
