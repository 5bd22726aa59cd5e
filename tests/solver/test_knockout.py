"""`knockout`: who meets whom, in which order, and what comes of it."""

from dataclasses import replace

from solver.core.problem import Problem
from solver.core.steps import StepKind
from tests.solver.played import NUMBER, PANEL, Play, kinds, world


def split(votes: dict[str, int], *, better: str = "42", place: str | None = None):
    """Tries give these answers, so many of each; the judge prefers `better`, or always a place."""
    said = [answer for nth in range(max(votes.values())) for answer, count in votes.items() if count > nth]

    def respond(step, rng):
        if step.kind is not StepKind.COMPARE:
            return f"Answer: {said[int(step.key.rpartition('/')[2]) % len(said)]}"
        if place:
            return f"Better: {place}"
        first, second = step.messages[-1].content.split("</candidate>")[:2]
        if f"Answer: {better}\n" in first:
            return "Better: A"
        return "Better: B" if f"Answer: {better}\n" in second else "Better: A"

    return respond


def doubtful(respond, budget_nano=150_000_000, **options):
    """A job that no number of agreeing tries would satisfy, so that its tournament is always played."""
    play = Play("knockout", respond, budget_nano=budget_nano, options={"confidence_target": 0.995}, **options)
    play.run()
    return play


def comparisons(play):
    return {result.key: result for result in play.told if result.kind is StepKind.COMPARE}


def test_the_right_minority_wins_the_tournament():
    """Four answers meet; the one that a good judge prefers in each match leads, though fewer tries gave it."""
    panel = [replace(one, judging={"": {"comparison": 0.9}}) for one in PANEL]
    play = doubtful(split({"1": 4, "42": 3, "2": 2, "3": 2}), budget_nano=95_000_000, panel=panel)
    assert play.strategy.best().answer == "42"
    assert "it won 4 of 4 comparisons" in play.strategy.best().explanation
    matches = {key.rpartition("/")[0] for key in comparisons(play)}
    assert matches == {"match/0/0", "match/0/1", "match/1/0"}


def test_the_order_of_two_is_swapped_and_the_third_comparison_is_bought_only_for_a_tie():
    """A judge that always prefers A contradicts itself and is asked a third time; a consistent one is not."""
    biased = comparisons(doubtful(split({"1": 4, "42": 3}, place="A"), slots=2))
    assert set(biased) == {"match/0/0/0", "match/0/0/1", "match/0/0/2"}
    assert biased["match/0/0/0"].parents == biased["match/0/0/1"].parents[::-1]
    assert len(comparisons(doubtful(split({"1": 4, "42": 3}), slots=2))) == 2


def test_agreement_needs_no_tournament():
    """Where the tries agree the job ends before anything is compared."""
    play = Play("knockout", split({"42": 9}), budget_nano=150_000_000)
    assert play.run() == "confident"
    assert set(kinds(play)) == {"sample"}


def test_a_small_budget_and_a_checker_leave_no_place_for_comparisons():
    """Too little money for both buys tries; so does a checker that knows."""
    small = Play("knockout", split({"1": 2, "42": 1}), budget_nano=4_000_000)
    small.run()
    is_checkable = Play(
        "knockout", world(ability=0.02), problem=Problem("?", checker=NUMBER), budget_nano=150_000_000
    )
    is_checkable.run()
    assert set(kinds(small)) == set(kinds(is_checkable)) == {"sample"}


def test_the_judge_is_of_another_family_than_the_solver():
    """Errors of one family agree, so another one judges what a family solved alone."""
    roles = doubtful(split({"1": 1})).strategy.roles
    assert roles.choose_judge(["demo/one"]) == "other/two"
    assert roles.choose_judge(["other/two"]) == "demo/one"
