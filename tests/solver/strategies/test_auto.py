"""`auto`: it buys what pays, asks the cheap first where that pays, and stops in time."""

import random
import statistics

import pytest

from solver.checkers.number import Number
from solver.core.money import NANO_PER_CENT
from solver.core.problem.statement import Problem
from solver.core.steps import Resources, Status, StepKind, StepResult, StopReason
from solver.simulation.simulate import RIGHT, Scenario, play
from solver.strategies import Setting, make_strategy
from tests.solver.simulated import card

WEAK = card("demo/weak", ability=0.4, pico=500_000, reads=False)
STRONG = card("other/strong", ability=0.8, reads=False)
READER = card("third/reader", ability=0.9)
EXAMINER = card("third/examiner", pico=1_000_000, solves=False)
PROVING = Number("7")


def auto(panel=(WEAK, STRONG), *, is_checkable=False, budget_nano=5 * NANO_PER_CENT, **options):
    problem = Problem("?", checker=PROVING if is_checkable else None)
    return make_strategy("auto", Setting(problem, list(panel), budget_nano, 0, options, 7))


def resources(panel=(WEAK, STRONG), in_flight=None, slots=8):
    affordable = frozenset(each.name for each in panel)
    return Resources(slots, 10**9, affordable, in_flight or {})


def tell_plan(strategy):
    [plan] = strategy.ask(resources())
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
    """The plan is a note: who may try, and what runs first."""
    [plan] = auto().ask(resources())
    assert (plan.kind, sorted(plan.note["solvers"])) == (StepKind.NOTE, sorted([WEAK.name, STRONG.name]))


def test_it_stops_with_a_note_when_more_would_not_pay():
    """A little worth ends it soon, a great one later and sure."""
    spent = {}
    for value_nano in (10**6, 10**10):
        strategy = auto(value_nano=value_nano)
        tell_plan(strategy)
        tries = 0
        while strategy.done() is None:
            for step in strategy.ask(resources()):
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
    steps = strategy.ask(resources())
    assert steps
    assert not strategy.ask(resources(in_flight={step.key: step for step in steps}))


def test_a_proof_that_the_cheap_model_keeps_failing_goes_to_the_dear_one():
    """Cheap chances first; failures say that the problem is hard, and then the dear one pays."""
    strategy = auto(is_checkable=True, budget_nano=50 * NANO_PER_CENT)
    tell_plan(strategy)
    asked = []
    for index in range(60):
        step = strategy.ask(resources())[0]
        asked.append(step.model)
        told(strategy, step, str(index + 100))
    assert asked[0] == WEAK.name
    assert STRONG.name in asked


def test_its_state_derives_from_tells_alone():
    """Told the same in another order of executions, it wants the same."""
    first, second = auto(), auto()
    tell_plan(first)
    told_steps = []
    for _ in range(4):
        for step in first.ask(resources()):
            if step.kind is not StepKind.NOTE:
                told_steps.append((step, random.Random(step.key).choice("78")))
                told(first, *told_steps[-1])
    tell_plan(second)
    for step, said in told_steps:
        told(second, step, said)
    assert second.ask(resources()) == first.ask(resources())


def answer_all(strategy, panel, say, *, most=60):
    """Tell it what `say` answers to each step until it wants nothing; return the steps."""
    asked = []
    while strategy.done() is None and len(asked) < most:
        steps = strategy.ask(resources(panel))
        if not steps:
            break
        for step in steps:
            asked.append(step)
            if step.kind is StepKind.NOTE:
                strategy.tell(StepResult(step.key, step.kind, Status.NOTE, note=step.note))
            elif step.kind is StepKind.GRADE:
                text = f"Verdict: {say(step)}"
                result = StepResult(
                    step.key, step.kind, Status.OK, model=step.model, text=text, parents=step.parents
                )
                strategy.tell(result)
            else:
                told(strategy, step, say(step))
    return asked


def test_a_model_that_can_revise_thinks_first_and_what_it_found_is_evidence():
    """`deep` runs inside under keys of its own; its answer is the answer, its steps are tries like any other."""
    panel = (WEAK, READER)
    strategy = auto(panel)
    asked = answer_all(strategy, panel, lambda step: "correct" if step.kind is StepKind.GRADE else "7")
    assert asked[0].note["run"] == "deep"
    assert asked[1].key == "run/0/plan"
    assert {step.model for step in asked if step.key.startswith("run/0/line/")} >= {READER.name}
    assert strategy.best().answer == "7"
    assert strategy.done() is StopReason.CONFIDENT


@pytest.mark.parametrize(
    ("examiner", "first"),
    [
        (card("third/examiner", ability=0.9, solves=False), "deep"),
        (card("third/examiner", ability=0.5, solves=False), ""),
        (card("third/examiner", ability=0.9, pico=10**9, solves=False), ""),
    ],
    ids=["abler", "weaker", "too dear"],
)
def test_a_model_that_only_reads_revises_first_where_it_is_the_ablest_affordable(examiner, first):
    """A weaker one would spoil what was right; one too dear would leave no money for tries."""
    [plan] = auto((STRONG, examiner)).ask(resources())
    assert plan.note["run"] == first


def test_nobody_revises_where_a_checker_knows_or_nobody_can():
    """Then only tries are bought."""
    for strategy in (auto((WEAK, READER), is_checkable=True), auto()):
        [plan] = strategy.ask(resources())
        assert plan.note["run"] == ""


def test_a_close_race_is_graded_by_who_can_read():
    """Two answers as probable as each other: a verdict costs less than the votes that would decide."""
    panel = (STRONG, EXAMINER)
    strategy = auto(panel)
    tell_plan(strategy)
    tries = iter("78" * 40)
    asked = answer_all(
        strategy, panel, lambda step: "correct" if step.kind is StepKind.GRADE else next(tries), most=30
    )
    graded = [step for step in asked if step.kind is StepKind.GRADE]
    assert graded
    assert {step.model for step in graded} == {EXAMINER.name}
    assert {step.model for step in asked if step.kind is StepKind.SAMPLE} == {STRONG.name}


def test_a_judge_that_says_nothing_is_asked_no_more():
    """Two replies without a verdict are enough."""
    panel = (STRONG, EXAMINER)
    strategy = auto(panel)
    tell_plan(strategy)
    tries = iter("78" * 40)
    asked = answer_all(strategy, panel, lambda step: "" if step.kind is StepKind.GRADE else next(tries))
    assert sum(step.kind is StepKind.GRADE for step in asked) == 2


def test_tries_that_never_agree_are_combined():
    """Eight answers, none given twice: the rest of the money goes to `aggregate`, once."""
    panel = (STRONG, EXAMINER)
    strategy = auto(panel, budget_nano=90 * NANO_PER_CENT, value_nano=10**12)
    tell_plan(strategy)
    numbers = iter(range(1_000))
    asked = answer_all(
        strategy, panel, lambda step: "incorrect" if step.kind is StepKind.GRADE else str(next(numbers))
    )
    assert [step.note["run"] for step in asked if step.key == "hopeless"] == ["aggregate"]
    assert any(step.key.startswith("run/0/population/") for step in asked)


def test_what_runs_inside_is_told_again_in_another_life():
    """The state derives from tells, also that of the strategy inside."""
    panel = (WEAK, READER)
    first, second = auto(panel), auto(panel)
    told_results = []
    for _ in range(4):
        for step in first.ask(resources(panel)):
            status = Status.NOTE if step.kind is StepKind.NOTE else Status.OK
            result = StepResult(
                step.key, step.kind, status, model=step.model, text="Answer: 7", answer="7", answer_key="num:7",
                parents=step.parents, note=step.note,
            )  # fmt: skip
            told_results.append(result)
            first.tell(result)
    for result in told_results + told_results:
        second.tell(result)
    assert second.ask(resources(panel)) == first.ask(resources(panel))


def test_it_needs_a_fraction_of_a_fixed_budget_in_the_simulated_world():
    """With much money at hand most is given back, at the accuracy of a vote that spends far more."""
    budget_nano = 500 * NANO_PER_CENT
    driven = {
        name: [play(Scenario(seed, budget_nano, name)) for seed in range(60)] for name in ("auto", "vote")
    }
    cost = {name: statistics.mean(each.purse.settled_nano for each in runs) for name, runs in driven.items()}
    right = {
        name: statistics.mean(bool(each.outcome.best and each.outcome.best.answer == RIGHT) for each in runs)
        for name, runs in driven.items()
    }
    assert cost["auto"] < min(cost["vote"], 0.15 * budget_nano)
    assert right["auto"] >= right["vote"] - 0.05
