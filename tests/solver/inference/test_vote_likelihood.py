"""Votes weighed: what agreement, blind spots and shared temptations say."""

import math
from dataclasses import replace

import pytest

from solver.core.trait import Trait
from solver.inference.calibration import shares
from solver.inference.item_response import skill_of
from solver.inference.vote_likelihood import ErrorModel, difficulty, log_odds, wrong_votes
from solver.learning.priors import demo_fields

FITTED = Trait(0.6, slope=1.5, scatter=0.5, concentration=4.0, blind=0.03)
WRONGS = ErrorModel(options=1_000, shared=0.2)


def odds(*answers, traits=None, error_model=WRONGS):
    """Weigh answers given as {model: votes}; models not described are as `FITTED` says."""
    traits = traits or {}
    models = sorted({model for answer in answers for model in answer} | set(traits))
    counts = tuple(tuple(float(answer.get(model, 0)) for model in models) for answer in answers)
    totals = tuple(sum(column) for column in zip(*counts, strict=True))
    skills = tuple(skill_of(traits.get(model, FITTED)) for model in models)
    return log_odds(skills, error_model, counts, totals, len(answers))


def probabilities(*answers, **options):
    return shares(odds(*answers, **options))


def test_agreement_counts_and_scattered_tries_say_that_none_is_right():
    """Three against one is clear; four different answers are not."""
    assert probabilities({"a": 3}, {"a": 1})[0] > 0.85
    assert (
        sum(probabilities({"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, traits={"a": replace(FITTED, ability=0.3)}))
        < 0.75
    )


@pytest.mark.parametrize("kind", ["open", "number", "choice"])
def test_of_a_model_that_is_mostly_wrong_the_answer_given_most_still_leads(kind):
    """The bundled writer is rarely right, but what several of its tries came to is never less likely than the rest."""
    known = demo_fields("writer")
    trait = Trait(known["ability"].get(kind, known["ability"][""]), **known["traits"][""])
    found = probabilities({"a": 3}, {"a": 2}, {"a": 1}, {"a": 1}, traits={"a": trait})
    assert found[0] > found[1] >= found[2]
    assert found[0] < 0.6


def test_a_model_that_repeats_its_errors_is_believed_less():
    """Twelve equal votes of a model with few favourite errors prove less than of one whose errors scatter."""
    stubborn, scattered = (
        probabilities({"a": 12}, traits={"a": Trait(0.5, blind=0.2, concentration=alpha)})[0]
        for alpha in (0.3, 50.0)
    )
    assert stubborn < 0.9 < scattered


def test_another_model_agreeing_is_worth_more_than_the_same_again():
    """Its errors are its own, unless wrong answers are shared."""
    traits = {m: Trait(0.6, blind=0.1, concentration=1.0) for m in "ab"}
    twice = probabilities({"a": 2}, traits=traits)[0]
    apart = probabilities({"a": 1, "b": 1}, traits=traits)[0]
    shared = probabilities({"a": 1, "b": 1}, traits=traits, error_model=ErrorModel(1_000, 0.9))[0]
    assert apart > shared
    assert apart > twice


def test_the_strong_model_outvotes_the_weak_ones_blind_spot():
    """What a weak model always says and a strong one never is wrong."""
    traits = {"weak": Trait(0.4, slope=3.0, scatter=2.0, concentration=1.0, blind=0.1), "strong": Trait(0.8)}
    weak, strong = probabilities({"weak": 12, "strong": 1}, {"strong": 8}, traits=traits)
    assert strong > weak


def test_the_order_of_answers_does_not_matter():
    """Only counts do."""
    forwards = probabilities({"a": 3}, {"a": 2, "b": 1}, {"b": 4})
    backwards = probabilities({"b": 4}, {"a": 2, "b": 1}, {"a": 3})
    assert forwards == pytest.approx(backwards[::-1])


def test_failures_make_a_problem_hard():
    """The view of the difficulty follows the hypothesis: if nobody was right, the problem is hard."""
    easy, hard = (
        sum(weight * at for at, weight in enumerate(difficulty((skill_of(Trait(0.6)),), (right,), (6.0,))))
        for right in (3.0, 0.0)
    )
    assert hard > easy


def test_equal_votes_are_equally_probable_however_many_answers_have_them():
    """Answers with the same votes are weighed once, and none is forgotten."""
    many = probabilities(*[{"a": 1}] * 6, {"a": 3})
    assert len(set(many[:6])) == 1
    assert many[6] > many[0] > 0.0


def test_thousands_of_votes_do_not_overflow():
    """Logarithms all the way."""
    first, second = probabilities({"a": 9_000}, {"a": 1_000})
    assert first > 0.99
    assert math.isfinite(second)


def test_a_wrong_answer_is_repeated_as_an_urn_says():
    """Of ten wrong answers, α = 2: a second wrong try repeats the first with (1 + α/10) / (α + 1)."""
    twice = [((2.0,), 1)]
    factors = wrong_votes(0, twice, ErrorModel(11, 0.0), mine=2.0, alpha=2.0, before=[0.0], before_all=0.0)
    assert math.exp(sum(factors)) == pytest.approx((1 + 0.2) / (2 + 1))


def test_a_model_falls_for_what_another_fell_for():
    """With shared = 1/2 and α = 2, after one such vote: half of the 1/3 that is known, and of the rest a tenth."""
    theirs_and_mine = [((1.0, 1.0), 1)]
    factors = wrong_votes(
        1, theirs_and_mine, ErrorModel(11, 0.5), mine=1.0, alpha=2.0, before=[1.0], before_all=1.0
    )
    assert math.exp(sum(factors)) == pytest.approx(0.5 * 1 / 3 + (0.5 + 0.5 * 2 / 3) / 10)
