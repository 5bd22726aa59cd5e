"""A strategy inside another keeps to its keys and its share."""

from dataclasses import replace

from solver.core.problem.statement import Problem
from solver.core.steps import Resources, Status, StepKind, StepResult, StopReason
from solver.strategies import Setting, make_strategy
from solver.strategies.shared.child import Child
from tests.solver.simulated import card

PANEL = [card()]


def child(share_nano: int = 100_000_000) -> Child:
    setting = Setting(Problem("What is 6 times 7?"), PANEL, share_nano, 0, {}, 7)
    return Child("vote/0", make_strategy("vote", setting), setting)


def tell_plan(one: Child) -> None:
    [plan] = one.ask(Resources(8, 10**9))
    one.tell(StepResult(plan.key, plan.kind, Status.NOTE, note=plan.note))


def told(key: str, answer: str, charged_nano: int = 1_000) -> StepResult:
    return StepResult(
        key,
        StepKind.SAMPLE,
        Status.OK,
        model="demo/one",
        answer=answer,
        answer_key=answer,
        charged_nano=charged_nano,
    )


def test_a_child_asks_and_is_told_under_its_prefix():
    """Nothing of another's is its own, and its best answer names the whole key."""
    one = child()
    tell_plan(one)
    steps = one.ask(Resources(8, 10**9, affordable=frozenset({"demo/one"})))
    assert steps
    assert all(one.owns(step.key) for step in steps)
    assert not one.owns("vote/01/sample/1")
    one.tell(told(steps[0].key, "42"))
    best = one.best()
    assert best is not None
    assert (best.answer, best.step_key) == ("42", steps[0].key)


def test_the_same_result_twice_is_paid_once():
    """A told key counts once, also for the child's share."""
    one = child()
    tell_plan(one)
    for _ in range(2):
        one.tell(told("vote/0/sample/1", "42", 500))
    assert one.spent_nano == 500


def test_a_child_without_money_left_asks_for_nothing():
    """The share ends before the parent's money does."""
    one = child(share_nano=2_000_000)
    tell_plan(one)
    one.tell(told("vote/0/sample/1", "42", 1_999_999))
    assert one.done() is None
    resources = one.resources(Resources(8, 10**9, affordable=frozenset({"demo/one"})))
    assert (resources.free_nano, resources.affordable) == (1, frozenset())
    assert one.ask(Resources(8, 10**9, affordable=frozenset({"demo/one"}))) == []


def test_a_child_ends_for_its_own_reason():
    """Agreement ends the child; what that means is the parent's to say."""
    one = child()
    tell_plan(one)
    for index in range(1, 9):
        one.tell(told(f"vote/0/sample/{index}", "42"))
    assert one.done() is StopReason.CONFIDENT


def test_what_is_lent_is_a_step_of_the_child_under_another_name():
    """The child reads it as its own, pays nothing for it, and a step that shows it names the real one."""
    setting = Setting(Problem("What is 6 times 7?"), PANEL, 100_000_000, 0, {}, 7)
    one = Child("deep/0", make_strategy("deep", setting), setting)
    one.lend(replace(told("sample/3", "42"), text="Answer: 42"), "line/0/0")
    assert one.spent_nano == 0
    tell_plan(one)
    [revision] = one.ask(Resources(8, 10**9, affordable=frozenset({"demo/one"})))
    assert (revision.key, revision.parents) == ("deep/0/line/0/1", ("sample/3",))
    one.tell(replace(told(revision.key, "42"), kind=StepKind.REVISE, parents=revision.parents))
    best = one.best()
    assert best is not None
    assert (best.answer, best.step_key) == ("42", "sample/3")
    assert one.spent_nano == 1_000
