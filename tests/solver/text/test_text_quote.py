"""What a budget buys where a text should come back."""

from dataclasses import replace

import pytest

from solver.checkers.rubric import Rubric
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.quotes.quote import Quote, Terms, quote, suggested_budget_nano
from solver.quotes.text_quote import DraftCosts
from solver.simulation.world import cards

ESSAY = Problem("Explain why rivers meander.", result=ResultKind.TEXT)
TERMS = Terms("drafts", markup_bp=0, call_s=30.0, slots=16)
WRITERS = [replace(card, reads=False) for card in cards()]


def said(cents: int, panel=None) -> Quote:
    return quote(ESSAY, panel or cards(), budget_nano=cents * NANO_PER_CENT, terms=TERMS)


@pytest.mark.parametrize("panel", [cards(), WRITERS], ids=["readers", "writers"])
def test_a_text_is_quoted_in_drafts_and_without_a_chance(panel):
    """Costs are in order and within the budget; more money buys no fewer drafts; no percentage is claimed."""
    quotes = [said(cents, panel) for cents in (1, 5, 25, 100, 2_000)]
    for each in quotes:
        assert 0 < each.cost_p10_nano <= each.cost_p50_nano <= each.cost_p90_nano <= each.budget_nano
        assert 1 <= each.tries_low <= each.tries_high
        assert 1 <= each.time_low_s <= each.time_high_s
        assert "draft" in each.sentence
        assert "%" not in each.sentence + each.chance
        assert not each.is_hopeless
    drafts = [each.tries_low for each in quotes]
    assert drafts == sorted(drafts)


def test_models_that_cannot_compare_are_said_to():
    """Then agreement chooses among a few drafts."""
    assert "compared in pairs" in said(100).sentence
    assert "No model here can compare texts" in said(100, WRITERS).sentence


def test_the_suggested_budget_pays_for_a_handful_of_drafts():
    """It is the first of the usual amounts that does, and never more than there may be."""
    suggested = suggested_budget_nano(ESSAY, cards(), terms=TERMS, most_nano=100 * NANO_PER_USD)
    assert quote(ESSAY, cards(), budget_nano=suggested, terms=TERMS).tries_low >= 4
    assert suggested_budget_nano(ESSAY, cards(), terms=TERMS, most_nano=NANO_PER_CENT) == NANO_PER_CENT


def test_a_rubric_is_counted_and_said():
    """Judging by it costs calls of its own; where no model can judge, that is said before money moves."""
    judged = replace(ESSAY, checker=Rubric(("3: Is correct", "2: Gives an example")))
    for panel in (cards(), WRITERS):
        plain, with_rubric = (
            DraftCosts(problem, panel, budget_nano=100 * NANO_PER_CENT, markup_bp=0)
            for problem in (ESSAY, judged)
        )
        said_of = with_rubric.sentence()
        if panel is WRITERS:
            assert with_rubric.grade_nano == 0
            assert said_of.endswith("No model here can judge by your rubric, so nothing will be said of it.")
            continue
        assert "judged by your rubric and compared in pairs" in said_of
        assert with_rubric.drafts <= plain.drafts
        assert with_rubric.calls - with_rubric.drafts > 0
        assert with_rubric.seconds(30.0) > plain.seconds(30.0)
        per_draft = [each.typical_nano / each.drafts for each in (plain, with_rubric)]
        assert per_draft[1] > per_draft[0] or with_rubric.drafts < plain.drafts
