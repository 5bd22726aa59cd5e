"""`aggregate`: populations, who is combined, and when a population has no more to give."""

from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from solver.strategies import Setting
from solver.strategies.aggregate import Aggregate
from tests.solver.played import NUMBER, PANEL, Play, kinds, world
from tests.solver.simulated import card


def combining(*, first: str = "scatter", then: str = "42"):
    """Tries all differ (or all say `first`); combinations come to `then`."""

    def respond(step, rng):
        if step.kind is StepKind.AGGREGATE:
            return f"Together\nAnswer: {then}"
        return f"Answer: {rng.randrange(10_000) if first == 'scatter' else first}"

    return respond


def doubtful(respond, **options):
    play = Play("aggregate", respond, options={"confidence_target": 0.995}, **options)
    play.run()
    return play


def test_the_shape_grows_with_the_budget():
    """More money buys larger populations and more rounds; too little buys tries alone."""

    def shape(budget_nano):
        plan = Aggregate(Setting(Problem("?"), PANEL, budget_nano, 0, {}, 1)).make_plan()
        return plan.population, plan.combined, plan.rounds

    assert shape(5_000_000)[2] == 0
    assert shape(60_000_000)[2] == 1
    assert shape(1_000_000_000) == (8, 4, 3)


def test_a_round_shows_random_members_of_the_generation_before():
    """Each combination sees K different members of the previous generation, chosen by its key alone."""
    play = doubtful(combining(), budget_nano=400_000_000)
    plan = play.strategy.plan
    rounds = [step for step in play.asked.values() if step.kind is StepKind.AGGREGATE]
    assert plan.rounds >= 2
    for step in rounds:
        _, population, number, _ = step.key.split("/")
        assert len(set(step.parents)) == plan.combined
        assert all(key.startswith(f"population/{population}/{int(number) - 1}/") for key in step.parents)
    assert len({step.parents for step in rounds}) > 1


def test_what_combining_comes_to_leads():
    """Where tries scatter and combinations agree, the combined answer is the best."""
    play = Play("aggregate", combining(), budget_nano=400_000_000)
    play.run()
    assert play.strategy.best().answer == "42"
    assert "revisions ended with it" in play.strategy.best().explanation


def test_a_population_that_agrees_is_not_combined():
    """There is nothing to combine where all say the same: the next population starts from nothing."""
    play = doubtful(combining(first="42"), budget_nano=150_000_000)
    assert set(kinds(play)) == {"sample"}
    assert any(key.startswith("population/1/0/") for key in play.asked)


def test_models_of_several_families_take_turns():
    """With several models in rotation each generation is a mixture."""
    play = doubtful(combining(), budget_nano=400_000_000)
    used = {step.model for step in play.asked.values() if step.kind is StepKind.AGGREGATE}
    assert used == {one.name for one in PANEL}


def test_a_checker_leaves_only_tries():
    """Where a checker knows, tries are all that is needed."""
    play = Play(
        "aggregate", world(ability=0.02), problem=Problem("?", checker=NUMBER), budget_nano=90_000_000
    )
    play.run()
    assert set(kinds(play)) == {"sample"}


def test_one_model_alone_is_enough():
    """A panel of one combines its own tries."""
    play = doubtful(combining(), panel=[card()], budget_nano=200_000_000)
    assert "aggregate" in kinds(play)
