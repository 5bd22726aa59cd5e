"""What further tries are worth: never negative, much where it is close, nothing where it is settled."""

import random

import pytest

from solver.core.trait import Trait
from solver.inference.decisions.value_of_tries import (
    LOOKAHEADS,
    AnswerState,
    Contest,
    OutcomeTable,
    sample_batches,
    success_chances,
)
from solver.inference.item_response import skill_of
from solver.inference.vote_likelihood import ErrorModel

WEAK, STRONG = skill_of(Trait(0.5, slope=2.0, scatter=1.0)), skill_of(Trait(0.8))
SKILLS = (("weak", WEAK), ("strong", STRONG))
WRONGS = ErrorModel(1_000, 0.2)


def contest(*answers: tuple[float, tuple[float, float]]) -> Contest:
    totals = tuple(sum(votes[at] for _, votes in answers) for at in range(2))
    return Contest(tuple(AnswerState(p, votes) for p, votes in answers), totals)


def gain(race_: Contest, model: str, tries: int) -> float:
    return next(p.gain for p in sample_batches(SKILLS, WRONGS, race_) if (p.model, p.tries) == (model, tries))


def test_the_first_try_is_worth_its_chance():
    """Before any answer there is nothing to lose."""
    known = {p.model: p.gain for p in sample_batches(SKILLS, WRONGS, contest())}
    assert known["weak"] == pytest.approx(0.5, abs=0.03)
    assert known["strong"] == pytest.approx(0.8, abs=0.03)


def test_a_tie_is_worth_more_than_a_clear_lead():
    """Where the leader is certain, nothing can be gained."""
    tie = contest((0.45, (1, 1)), (0.45, (1, 1)))
    clear = contest((0.999, (4, 4)), (0.0005, (1, 0)))
    for tries in LOOKAHEADS:
        assert gain(tie, "strong", tries) > 20 * gain(clear, "strong", tries) >= 0
    assert gain(tie, "strong", 8) > gain(tie, "strong", 1)


def test_the_abler_model_decides_a_tie_better():
    """Its tries tell the rivals apart."""
    tie = contest((0.45, (2, 0)), (0.45, (2, 0)))
    assert gain(tie, "strong", 3) > gain(tie, "weak", 3)


def test_a_lead_of_two_needs_more_than_one_try():
    """One try changes nothing where a single vote cannot; several may: looking one ahead would stop too soon."""
    lead = contest((0.97, (0, 4)), (0.02, (0, 1)))
    assert gain(lead, "strong", 1) < 1e-9 < gain(lead, "strong", 8)


def test_gains_are_bounded_and_never_negative():
    """At most what is missing to certainty, against each rival."""
    rng = random.Random(5)
    for _ in range(60):
        chances = sorted((rng.random() for _ in range(3)), reverse=True)
        whole = sum(chances) + rng.random()
        answers = [(p / whole, (float(rng.randrange(5)), float(rng.randrange(5)))) for p in chances]
        for batch in sample_batches(SKILLS, WRONGS, contest(*answers)):
            assert -1e-12 <= batch.gain <= 1 - answers[0][0] + 1e-9


def test_failures_lower_the_chance_of_all_and_most_of_the_one_that_failed():
    """A problem that the weak model keeps failing is harder for the strong one too."""
    before, after = (dict(success_chances(SKILLS, failures)) for failures in ((0.0, 0.0), (12.0, 0.0)))
    assert after["strong"] < before["strong"]
    assert after["weak"] / before["weak"] < after["strong"] / before["strong"]


def test_an_outcome_table_multiplies_hits_and_falls():
    """Of two tries one hits (2·0.6·0.4), the other falls elsewhere than on the rival (0.75)."""
    table = OutcomeTable.of(AnswerState(0.5, (1.0,)), [0.16, 0.48, 0.36], first=0.25, again=0.25)
    assert table.probability(right=1, rival=0, other=1) == pytest.approx(0.5 * 0.48 * 0.75)
    assert table.probability(right=0, rival=2, other=0) == pytest.approx(0.5 * 0.16 * 0.25**2)
