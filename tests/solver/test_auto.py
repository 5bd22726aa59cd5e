"""`auto`: it buys what pays, asks the cheap first where that pays, and stops in time."""

import random
import statistics

from solver.money import NANO_PER_CENT
from solver.problem import Problem
from solver.simulate import RIGHT, Scenario, play
from solver.steps import Room, Status, StepKind, StepResult, StopReason
from solver.strategies import Setting, make_strategy
from tests.solver.simulated import card

WEAK, STRONG = card("demo/weak", ability=0.4, pico=500_000), card("other/strong", ability=0.8)
PROVING = {"kind": "number", "expected": "7", "tolerance": "0"}


def auto(panel=(WEAK, STRONG), *, proves=False, budget_nano=5 * NANO_PER_CENT, **options):
    problem = Problem("?", checker=PROVING if proves else None)
    return make_strategy("auto", Setting(problem, list(panel), budget_nano, 0, options, 7))


def room(panel=(WEAK, STRONG), in_flight=None, slots=8):
    affordable = frozenset(each.name for each in panel)
    return Room(slots, 10**9, None, affordable, in_flight or {})


def tell_plan(strategy):
    [plan] = strategy.ask(room())
    strategy.tell(StepResult(plan.key, plan.kind, Status.NOTE, note=plan.note))


def told(strategy, step, said):
    strategy.tell(
        StepResult(
            step.key,
            step.kind,
            Status.OK,
            model=step.model,
            text=f"Answer: {said}",
            answer=said,
            answer_key=f"num:{said}",
        )
    )


def test_it_plans_before_it_buys_anything():
    """The plan is a note: what the budget is meant to buy, and what a right answer is worth."""
    [plan] = auto().ask(room())
    assert (plan.kind, plan.note["value_nano"] > 5 * NANO_PER_CENT) == (StepKind.NOTE, True)


def test_it_stops_with_a_note_when_more_would_not_pay():
    """A little worth ends it soon, a great one later and sure."""
    spent = {}
    for value_nano in (10**6, 10**10):
        strategy = auto(value_nano=value_nano)
        tell_plan(strategy)
        tries = 0
        while strategy.done() is None:
            for step in strategy.ask(room()):
                if step.kind is StepKind.NOTE:
                    strategy.tell(StepResult(step.key, step.kind, Status.NOTE, note=step.note))
                else:
                    tries += 1
                    told(strategy, step, "7")
        spent[value_nano] = tries
    assert spent[10**6] < spent[10**10] < 40
    assert strategy.done() is StopReason.CONFIDENT


def test_it_waits_for_what_is_under_way():
    """A decision needs what was bought last."""
    strategy = auto()
    tell_plan(strategy)
    steps = strategy.ask(room())
    assert steps
    assert not strategy.ask(room(in_flight={step.key: step for step in steps}))


def test_a_proof_that_the_cheap_model_keeps_failing_goes_to_the_dear_one():
    """Cheap chances first; failures say that the problem is hard, and then the dear one pays."""
    strategy = auto(proves=True, budget_nano=50 * NANO_PER_CENT)
    tell_plan(strategy)
    asked = []
    for index in range(60):
        step = strategy.ask(room())[0]
        asked.append(step.model)
        told(strategy, step, str(index + 100))
    assert asked[0] == WEAK.name
    assert STRONG.name in asked


def test_its_state_derives_from_tells_alone():
    """Told the same in another order of lives, it wants the same."""
    first, second = auto(), auto()
    tell_plan(first)
    told_steps = []
    for _ in range(4):
        for step in first.ask(room()):
            if step.kind is not StepKind.NOTE:
                told_steps.append((step, random.Random(step.key).choice("78")))
                told(first, *told_steps[-1])
    tell_plan(second)
    for step, said in told_steps:
        told(second, step, said)
    assert second.ask(room()) == first.ask(room())


def test_it_needs_a_fraction_of_a_fixed_budget_in_the_simulated_world():
    """With much money at hand most is given back, at the accuracy of a vote that spends far more."""
    driven = {
        name: [play(Scenario(seed, 500 * NANO_PER_CENT, name)) for seed in range(60)]
        for name in ("auto", "vote")
    }
    cost = {name: statistics.mean(each.purse.settled_nano for each in runs) for name, runs in driven.items()}
    right = {
        name: statistics.mean(bool(each.outcome.best and each.outcome.best.answer == RIGHT) for each in runs)
        for name, runs in driven.items()
    }
    assert cost["auto"] < cost["vote"]
    assert right["auto"] >= right["vote"] - 0.05
