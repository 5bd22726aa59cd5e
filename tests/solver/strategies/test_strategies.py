"""What every registered strategy promises, whatever its mechanism."""

import inspect

import pytest

from solver.core.problem.statement import Problem
from solver.core.steps import StopReason
from solver.strategies import REGISTRY, described, make_strategy
from tests.solver.played import NUMBER, Play, world

NAMES = sorted(REGISTRY)
WORLDS = {
    "able": world(),
    "split": world(ability=0.4, wrong=2, judging=0.7),
    "hopeless": world(ability=0.05, wrong=50, judging=0.5),
    "mute": world(muteness=0.7),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("is_checkable", [False, True])
def test_any_execution_continues_where_another_ended(name, kind, is_checkable):
    """Told the same results, a new execution has the same best answer and wants the same steps."""
    problem = Problem("What is 6 times 7?", checker=NUMBER if is_checkable else None)
    for seed in range(3):
        Play(name, WORLDS[kind], problem=problem, seed=seed, slots=1 + 3 * seed).run(check_replays=0.3)


@pytest.mark.parametrize("name", NAMES)
def test_money_and_slots_are_respected_and_an_answer_comes_out(name):
    """At any budget there is an answer with its sentence, and the typical cost of what was asked fits the budget."""
    for budget_nano in (4_000_000, 9_000_000, 25_000_000, 120_000_000):
        play = Play(name, world(), budget_nano=budget_nano, seed=budget_nano)
        play.run()
        best = play.strategy.best()
        assert best is not None
        assert best.explanation.endswith(".")
        assert 0.0 <= best.confidence <= 0.99
        assert play.spent_nano <= budget_nano


@pytest.mark.parametrize("name", NAMES)
def test_more_money_continues_what_the_budget_ended(name):
    """A raised job is told its journal again; nothing in it may say that the money is still short."""
    continued = 0
    for seed in range(24):
        poor = Play(name, WORLDS["split"], budget_nano=6_000_000 + 1_000_000 * (seed % 8), seed=seed)
        if poor.run() not in {None, StopReason.BUDGET_REACHED}:
            continue
        rich = Play(name, WORLDS["split"], budget_nano=200_000_000, seed=seed)
        for result in poor.told:
            rich.tell(result)
        rich.run()
        assert len(rich.told) > len(poor.told), seed
        continued += 1
    assert continued


@pytest.mark.parametrize("name", NAMES)
def test_a_proven_answer_ends_the_job_at_once(name):
    """Whatever is going on, a checker's yes is the end of it."""
    play = Play(name, world(ability=0.3), problem=Problem("?", checker=NUMBER), seed=4, slots=1)
    assert play.run() == "solved"
    assert play.strategy.best().answer == "42"
    assert play.told[-1].verdict.passed


@pytest.mark.parametrize("name", NAMES)
def test_judges_that_say_nothing_do_no_harm(name):
    """Where grades, comparisons and plans come to nothing, what the tries agree on is still the answer."""
    quiet = world(ability=0.8)

    def respond(step, rng):
        return quiet(step, rng) if step.kind.answers else "Answer: 17"

    right = 0
    for seed in range(6):
        play = Play(name, respond, seed=seed, budget_nano=100_000_000)
        play.run()
        right += play.strategy.best().answer == "42"
    assert right >= 5


@pytest.mark.parametrize("name", NAMES)
def test_the_parents_of_a_step_are_the_candidates_it_shows(name):
    """As many candidates stand in the prompt as the step has parents, and each was told before."""
    play = Play(name, world(ability=0.4, wrong=3), seed=2, budget_nano=150_000_000)
    play.run()
    for step in play.asked.values():
        if step.kind.calls_model:
            assert step.messages[-1].content.count("<candidate>") == len(step.parents)
        assert set(step.parents) <= {result.key for result in play.told}


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_is_one_module_with_a_test_file_and_its_documentation(name):
    """At most 250 lines; its words say how it works, where it comes from, when it wins and when it loses."""
    from pathlib import Path

    module = inspect.getmodule(REGISTRY[name])
    path = Path(module.__file__)
    assert path.stem == name
    assert len(path.read_text().splitlines()) <= 250
    assert (Path(__file__).parent / f"test_{name}.py").exists()
    for word in ("Mechanism:", "Source:", "Wins ", "loses"):
        assert word in module.__doc__, word
    assert all(described()[name])


def test_an_unknown_strategy_is_named_with_the_known_ones():
    """The message says what there is."""
    with pytest.raises(ValueError, match="“guess” is unknown"):
        make_strategy("guess", Play("vote", world()).setting)
