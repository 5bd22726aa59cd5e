"""First tries before `deep`: bought where agreement would save money, and lent to `deep` where they differ."""

from dataclasses import replace

import pytest

from solver.core.money import NANO_PER_CENT
from solver.core.problem.statement import Problem
from solver.core.steps import Resources, Status, Step, StepKind, StepResult, StopReason
from solver.core.trait import Trait
from solver.inference.decisions.value_of_agreement import agreement_of
from solver.inference.item_response import skill_of
from solver.inference.vote_likelihood import ErrorModel
from solver.strategies import Setting, make_strategy
from tests.solver.simulated import card

CHEAP = replace(card("cheap/one", ability=0.75, pico=500_000), is_measured=True)
STRONG = replace(card("strong/one", ability=0.9), is_measured=True)
PANEL = (CHEAP, STRONG)
NAMES = frozenset({CHEAP.name, STRONG.name})


def auto(panel=PANEL, **options):
    return make_strategy("auto", Setting(Problem("?"), list(panel), 20 * NANO_PER_CENT, 0, options, 7))


def asked(strategy, in_flight=()):
    return strategy.ask(Resources(8, 10**9, NAMES, {step.key: step for step in in_flight}))


def told(step: Step, said: str = "") -> StepResult:
    if step.kind is StepKind.NOTE:
        return StepResult(step.key, step.kind, Status.NOTE, note=step.note)
    return StepResult(
        step.key, step.kind, Status.OK, model=step.model, text=f"Answer: {said}", answer=said,
        answer_key=f"num:{said}", parents=step.parents,
    )  # fmt: skip


def opened(strategy, *answers: str) -> list[StepResult]:
    """Tell the plan and answers to the first tries; return what was told."""
    [plan] = asked(strategy)
    results = [told(plan)]
    strategy.tell(results[0])
    for step, answer in zip(asked(strategy), answers, strict=True):
        results.append(told(step, answer))
        strategy.tell(results[-1])
    return results


def test_the_strongest_tries_at_length_and_a_cheap_one_beside_it():
    """Both tries are asked at once, and nothing else until both are told."""
    strategy = auto()
    strategy.tell(told(asked(strategy)[0]))
    tries = asked(strategy)
    assert [(step.model, step.at_length) for step in tries] == [(STRONG.name, True), (CHEAP.name, False)]
    assert not asked(strategy, in_flight=tries)
    strategy.tell(told(tries[0], "7"))
    assert not asked(strategy, in_flight=tries[1:])


def test_where_they_agree_nobody_thinks_at_length():
    """Their answer is sure enough, and the job ends."""
    strategy = auto()
    opened(strategy, "7", "7")
    [note] = asked(strategy)
    assert (note.key, note.note["run"]) == ("first", "")
    strategy.tell(told(note))
    assert strategy.done() is StopReason.CONFIDENT
    assert strategy.best().answer == "7"
    assert strategy.evidence.confidence() >= 0.95


def test_who_wants_to_be_surer_is_not_content_with_their_agreement():
    """The target of the job counts here as well: `deep` begins at once."""
    [plan] = asked(auto(confidence_target=0.999))
    assert (plan.note["run"], plan.note["first"]) == ("deep", [])


def test_where_they_differ_deep_goes_on_from_the_leader():
    """It does not try anew: its first step revises the leader's try, which keeps its own key as a parent."""
    strategy = auto()
    opened(strategy, "7", "8")
    [note] = asked(strategy)
    assert note.note["run"] == "deep"
    strategy.tell(told(note))
    [plan] = asked(strategy)
    strategy.tell(told(plan))
    [step] = asked(strategy)
    assert (step.key, step.kind, step.parents) == ("run/0/line/0/1", StepKind.REVISE, ("sample/0",))
    strategy.tell(told(step, "7"))
    [grade] = asked(strategy)
    assert (grade.kind, grade.parents) == (StepKind.GRADE, ("run/0/line/0/1",))


def test_another_life_that_is_told_the_same_wants_the_same():
    """What was lent to `deep` derives from tells, too, and a key told twice changes nothing."""
    first, second = auto(), auto()
    results = opened(first, "7", "8")
    for _ in range(3):
        [step] = asked(first)
        results.append(told(step, "9"))
        first.tell(results[-1])
    for result in results + results:
        second.tell(result)
    assert asked(second) == asked(first)


def test_a_try_that_fails_is_not_bought_again_and_deep_begins_by_itself_where_none_is_left():
    """Without an answer there is nothing to go on from."""
    strategy = auto()
    strategy.tell(told(asked(strategy)[0]))
    for step in asked(strategy):
        strategy.tell(StepResult.failed(step, "timeout", attempt=3))
    for _ in range(2):
        [step] = asked(strategy)
        strategy.tell(told(step))
    [step] = asked(strategy)
    assert (step.key, step.kind) == ("run/0/line/0/0", StepKind.SAMPLE)


@pytest.mark.parametrize(
    "panel",
    [
        (replace(CHEAP, is_measured=False), STRONG),
        (CHEAP, replace(STRONG, is_measured=False)),
        (replace(CHEAP, ability={"": 0.1}), STRONG),
        (replace(card("cheap/one", ability=0.75, pico=20_000_000), is_measured=True), STRONG),
        (STRONG,),
    ],
    ids=["a cheap one guessed at", "a strong one guessed at", "seldom agreeing", "not cheap", "alone"],
)
def test_deep_begins_at_once_where_agreement_would_not_save_money(panel):
    """Or where nobody knows what it would mean."""
    [plan] = auto(panel).ask(Resources(8, 10**9, NAMES))
    assert (plan.note["run"], plan.note["first"]) == ("deep", [])


def test_a_job_that_an_earlier_release_began_keeps_to_its_plan():
    """A noted plan in which `deep` runs first opens with it, whatever would be planned now."""
    strategy = auto()
    [plan] = asked(strategy)
    noted = {"solvers": plan.note["solvers"], "run": "deep", "share_nano": 10**8}
    strategy.tell(StepResult("plan", StepKind.NOTE, Status.NOTE, note=noted))
    assert [step.key for step in asked(strategy)] == ["run/0/plan"]


def test_agreement_of_abler_models_is_likelier_and_that_of_more_models_surer():
    """Two of whom each is right in half of its tries agree on the right answer in more than a quarter of problems."""
    skills = {name: skill_of(Trait(0.5)) for name in "abc"} | {"able": skill_of(Trait(0.9))}
    many = ErrorModel(1_000, 0.2)
    two, three = agreement_of(["a", "b"], skills, many), agreement_of(["a", "b", "c"], skills, many)
    assert 0.25 < two.chance < 0.5
    assert agreement_of(["a", "able"], skills, many).chance > two.chance
    assert three.chance < two.chance
    assert 0.5 < two.probability < three.probability < 1.0
    assert agreement_of(["a", "b"], skills, ErrorModel(2, 0.2)).probability < two.probability
